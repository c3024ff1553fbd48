// What a person types into the search box, as a query of FTS5.
#pragma once

#include <string>
#include <string_view>

namespace verbatim::store {

// Words, "phrases" and prefix* become quoted strings side by side, which FTS5 takes as "all of
// them"; everything else of its syntax is text to look for. Any bytes give a valid query. Empty if
// there is nothing to look for.
std::string FullTextQuery(std::string_view text);

}  // namespace verbatim::store
