// The sentence for a name that the catalogue does not have.
#pragma once

#include <string_view>

#include "base/error.h"

namespace verbatim::models {

// kInvalidArgument, with the names there are.
Error UnknownModel(std::string_view name);

}  // namespace verbatim::models
