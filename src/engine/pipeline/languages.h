// The languages that can be asked for, for those who may not see the rooms behind the pipeline.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim::pipeline {

// "German" or "de" -> "de"; "auto" stays. Errors: kInvalidArgument, with the codes there are.
Result<std::string> ParseLanguage(std::string_view code_or_name);

// "de" -> "German"; an unknown code stays as it is.
std::string LanguageTitle(std::string_view code);

}  // namespace verbatim::pipeline
