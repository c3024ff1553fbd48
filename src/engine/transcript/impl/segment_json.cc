#include "transcript/segment_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace verbatim::transcript {
namespace {

// Strings of JSON hold no line ends, so these stand nowhere else in a document.
constexpr std::string_view kEmptyList = "[]";
constexpr std::string_view kField = "\n  \"segments\": ";
constexpr std::string_view kListBegin = "[\n    ";
constexpr std::string_view kBetween = ",\n    ";
constexpr std::string_view kNextItem = ",\n    {";
constexpr std::string_view kListEnd = "\n  ]";

// What stands in a list, with commas between.
std::string_view ItemsOf(std::string_view list) {
  if (list == kEmptyList) return {};
  list.remove_prefix(kListBegin.size());
  list.remove_suffix(kListEnd.size());
  return list;
}

std::string ListOf(std::span<const std::string_view> items) {
  if (items.empty()) return std::string(kEmptyList);
  return fmt::format("{}{}{}", kListBegin, fmt::join(items, kBetween), kListEnd);
}

}  // namespace

Result<DocumentCut> CutDocument(std::string_view json) {
  DocumentCut cut;
  const auto refuse = [] {
    return Fail(ErrorCode::kInvalidArgument, "the transcript has no list of segments");
  };
  const size_t field = json.find(kField);
  if (field == std::string_view::npos) return refuse();
  const size_t begin = field + kField.size();
  cut.before = json.substr(0, begin);
  if (json.substr(begin).starts_with(kEmptyList)) {
    cut.after = json.substr(begin + kEmptyList.size());
    return cut;
  }
  const size_t end = json.find(kListEnd, begin);
  if (end == std::string_view::npos || !json.substr(begin).starts_with(kListBegin)) return refuse();
  cut.after = json.substr(end + kListEnd.size());
  std::string_view items = json.substr(begin, end + kListEnd.size() - begin);
  items = ItemsOf(items);
  while (!items.empty()) {
    const size_t next = std::min(items.find(kNextItem), items.size());
    cut.segments.push_back(items.substr(0, next));
    items.remove_prefix(std::min(next + kBetween.size(), items.size()));
  }
  return cut;
}

std::string JoinItems(std::span<const std::string_view> items) { return ListOf(items); }

std::string JoinLists(std::span<const std::string> lists) {
  std::vector<std::string_view> items;
  for (const std::string& list : lists) {
    if (list != kEmptyList) items.push_back(ItemsOf(list));
  }
  return ListOf(items);
}

}  // namespace verbatim::transcript
