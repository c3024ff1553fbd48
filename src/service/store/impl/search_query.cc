#include "store/impl/search_query.h"

#include <algorithm>

namespace verbatim::store {
namespace {

// More is no search but an attack; the rest is passed over.
constexpr int kTermsMax = 64;

constexpr std::string_view kSpaces(" \t\n\v\f\r\0", 7);  // FTS5 would stop reading at a NUL

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
    const size_t end = std::min(
        is_phrase ? text.find('"', at) : text.find_first_of("\" \t\n\v\f\r", at), text.size());
    std::string term(text.substr(at, end - at));
    at = is_phrase ? end + 1 : end;
    bool is_prefix = false;
    if (is_phrase) {
      is_prefix = at < text.size() && text[at] == '*';
    } else {
      is_prefix = term.ends_with('*');
    }
    std::ranges::replace(term, '\0', ' ');
    if (!query.empty()) query += ' ';
    query += '"' + term + '"';
    if (is_prefix) query += " *";
    ++count;
  }
  return query;
}

}  // namespace verbatim::store
