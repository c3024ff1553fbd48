// Changes of transcripts as clients send them, as values. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "editing/editing.h"

namespace verbatim::editing {

// {"changes":[{"first","count","segments":[{"start","end","text","words"?}]}],"summary"?}. Times
// are rounded to milliseconds. Errors: kInvalidArgument with the place and what is wrong.
Result<Edit> ParseEdit(std::string_view json);

// {"revision":3}. Errors: kInvalidArgument.
Result<int64_t> ParseRestore(std::string_view json);

}  // namespace verbatim::editing
