// What happens to a product as it is written.
#pragma once

namespace verbatim::kernels {

enum class Finish {
  kStore,  // out = product + bias
  kGelu,   // out = gelu(product + bias), with the error function
  kAdd,    // out += product + bias
};

}  // namespace verbatim::kernels
