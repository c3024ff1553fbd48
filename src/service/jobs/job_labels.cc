#include "jobs/job_labels.h"

#include <fmt/format.h>

#include <algorithm>

namespace verbatim::jobs {
namespace {

constexpr size_t kTitleCharactersMax = 200;
constexpr size_t kTagCharactersMax = 40;
constexpr size_t kTagsMax = 20;

// Of valid UTF-8, as JSON is.
size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

bool HasControls(std::string_view text) {
  return std::ranges::any_of(text, [](char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return code < 0x20 || code == 0x7F;
  });
}

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(' ') + 1));
  return text;
}

}  // namespace

Result<std::string> CheckedTitle(std::string_view title) {
  title = Trimmed(title);
  if (CountCharacters(title) > kTitleCharactersMax || HasControls(title)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("title: it may have {} characters, and no control characters",
                            kTitleCharactersMax));
  }
  return std::string(title);
}

Result<std::vector<std::string>> CheckedTags(const std::vector<std::string>& tags) {
  std::vector<std::string> checked;
  for (const std::string& given : tags) {
    const std::string_view tag = Trimmed(given);
    const bool is_right = !tag.empty() && CountCharacters(tag) <= kTagCharactersMax &&
                          !tag.contains(',') && !HasControls(tag);
    if (!is_right) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("tags: each must have 1 to {} characters, without commas and control "
                              "characters",
                              kTagCharactersMax));
    }
    checked.emplace_back(tag);
  }
  std::ranges::sort(checked);
  const auto repeated = std::ranges::unique(checked);
  checked.erase(repeated.begin(), repeated.end());
  if (checked.size() > kTagsMax) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("tags: there are {}; {} are allowed", checked.size(), kTagsMax));
  }
  return checked;
}

}  // namespace verbatim::jobs
