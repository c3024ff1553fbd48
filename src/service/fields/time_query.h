// Times in the query of an address.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace verbatim::fields {

// RFC 3339 ("2026-11-25T18:00:00Z", also with a fraction or "+01:00"), or Unix seconds. None: it is
// neither. Unit: Unix seconds, a fraction is cut off.
std::optional<int64_t> ParseTime(std::string_view text);

// A time of the query; none if it is not there. Errors: kInvalidArgument with its name.
Result<std::optional<int64_t>> QueryTime(const http::Request& request, std::string_view name);

}  // namespace verbatim::fields
