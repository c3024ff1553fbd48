// Files that are part of the program (embedded.S).
#pragma once

#include <string_view>

namespace verbatim::api {

// The description of the API: openapi.json beside this folder.
std::string_view OpenApiDocument();

// The page at "/".
std::string_view IndexPage();

}  // namespace verbatim::api
