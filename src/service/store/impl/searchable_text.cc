#include "store/impl/searchable_text.h"

#include <algorithm>

namespace verbatim::store {
namespace {

void EraseAll(std::string& text, std::string_view what) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at)) {
    text.erase(at, what.size());
    at = at < what.size() ? 0 : at - what.size();  // what is left may close up to a mark
  }
}

}  // namespace

std::string SearchableText(std::string_view text) {
  std::string clean(text);
  std::ranges::replace(clean, '\0', ' ');
  EraseAll(clean, kMarkBegin);
  EraseAll(clean, kMarkEnd);
  const size_t begin = clean.find_first_not_of(' ');
  if (begin == clean.npos) return "";
  return clean.substr(begin, clean.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string> SplitMarked(std::string_view marked) {
  std::vector<std::string> pieces;
  bool is_plain = true;
  for (size_t at = 0;;) {
    const size_t end = marked.find(is_plain ? kMarkBegin : kMarkEnd, at);
    if (end == marked.npos) {
      const std::string_view rest = marked.substr(at);
      if (pieces.empty() || !rest.empty()) pieces.emplace_back(rest);
      return pieces;
    }
    pieces.emplace_back(marked.substr(at, end - at));
    at = end + kMarkBegin.size();
    is_plain = !is_plain;
  }
}

}  // namespace verbatim::store
