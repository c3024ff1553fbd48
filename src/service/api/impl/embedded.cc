#include "api/impl/embedded.h"

extern "C" {
extern const char verbatim_openapi_begin[];
extern const char verbatim_openapi_end[];
extern const char verbatim_index_begin[];
extern const char verbatim_index_end[];
}

namespace verbatim::api {

std::string_view OpenApiDocument() {
  return {static_cast<const char*>(verbatim_openapi_begin),
          static_cast<const char*>(verbatim_openapi_end)};
}

std::string_view IndexPage() {
  return {static_cast<const char*>(verbatim_index_begin),
          static_cast<const char*>(verbatim_index_end)};
}

}  // namespace verbatim::api
