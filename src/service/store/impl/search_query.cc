#include "store/impl/search_query.h"

#include <algorithm>

#include "store/impl/searchable_text.h"

namespace verbatim::store {
namespace {

// More is no search but an attack; the rest is passed over.
constexpr int kTermsMax = 64;

constexpr std::string_view kSpaces(" \t\n\v\f\r\0", 7);  // FTS5 would stop reading at a NUL
constexpr std::string_view kWordEnds("\" \t\n\v\f\r\0", 8);

}  // namespace

std::string FullTextQuery(std::string_view text) {
  std::string query;
  int count = 0;
  for (size_t at = 0; at < text.size() && count < kTermsMax;) {
    if (kSpaces.contains(text[at])) {
      ++at;
      continue;
    }
    const bool is_phrase = text[at] == '"';
    if (is_phrase) ++at;
    const size_t end =
        std::min(is_phrase ? text.find('"', at) : text.find_first_of(kWordEnds, at), text.size());
    const std::string_view term = text.substr(at, end - at);
    at = is_phrase ? end + 1 : end;
    const bool is_prefix = is_phrase ? at < text.size() && text[at] == '*' : term.ends_with('*');
    if (!query.empty()) query += ' ';
    query += '"' + SetApart(term) + '"';
    if (is_prefix) query += " *";
    ++count;
  }
  return query;
}

}  // namespace verbatim::store
