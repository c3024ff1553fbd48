#include "pipeline/languages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "whisper/tokenizer.h"

namespace verbatim::pipeline {

Result<std::string> ParseLanguage(std::string_view code_or_name) {
  if (code_or_name == "auto") return std::string(code_or_name);
  if (const auto code = whisper::LanguageCodeOf(code_or_name)) return std::string(*code);
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("unknown language \"{}\"; choose auto, an English name, or a code: {}",
                          code_or_name, fmt::join(whisper::LanguageCodes(), " ")));
}

std::string LanguageTitle(std::string_view code) {
  std::string title(whisper::LanguageName(code).value_or(code));
  const bool is_name = title != code;
  if (is_name && title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 32);
  return title;
}

}  // namespace verbatim::pipeline
