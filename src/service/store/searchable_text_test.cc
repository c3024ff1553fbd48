#include "store/impl/searchable_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/impl/search_query.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;

const std::string kApart = "\u200B";

std::string Marked(const std::string& text) {
  return std::string(kMarkBegin) + text + std::string(kMarkEnd);
}

TEST(SearchableText, SetsCharactersWithoutSpacesApart) {
  EXPECT_EQ(SetApart("plain text, Zoë"), "plain text, Zoë");
  EXPECT_EQ(SetApart("日本"), "日" + kApart + "本");
  EXPECT_EQ(SetApart("a日b"), "a" + kApart + "日" + kApart + "b");
  EXPECT_EQ(SetApart("한국어"), "한국어") << "Korean has spaces";
  EXPECT_EQ(SetApart("𠀀x"), "𠀀" + kApart + "x");
  EXPECT_EQ(SetApart("\xE6\x97"), "\xE6\x97") << "half a character";
  EXPECT_EQ(SetApart("\xFF\xE6\x97\xA5"), "\xFF" + kApart + "日");
  EXPECT_EQ(SetApart(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(SetApart(""), "");
}

TEST(SearchableText, HasNoMarksAndNoOuterSpaces) {
  EXPECT_EQ(SearchableText("  a b "), "a b");
  EXPECT_EQ(SearchableText("  "), "");
  EXPECT_EQ(SearchableText(Marked("a") + kApart + "b"), "ab");
}

TEST(SearchableText, MarkedTextsBecomePieces) {
  EXPECT_THAT(SplitMarked(""), ElementsAre(""));
  EXPECT_THAT(SplitMarked("a"), ElementsAre("a"));
  EXPECT_THAT(SplitMarked(Marked("a")), ElementsAre("", "a"));
  EXPECT_THAT(SplitMarked(Marked("a") + Marked("b") + "c"), ElementsAre("", "a", "", "b", "c"));
  EXPECT_THAT(SplitMarked(std::string("x") + Marked(SetApart("日本")) + "y"),
              ElementsAre("x", "日本", "y"));
}

TEST(SearchQuery, QuotesEverything) {
  EXPECT_EQ(FullTextQuery("one two"), R"("one" "two")");
  EXPECT_EQ(FullTextQuery(R"("one two" three*)"), R"("one two" "three*" *)");
  EXPECT_EQ(FullTextQuery(R"("one two"*)"), R"("one two" * "*" *)");
  EXPECT_EQ(FullTextQuery(R"(one"two)"), R"("one" "two")");
  EXPECT_EQ(FullTextQuery("a OR b:c"), R"("a" "OR" "b:c")");
  EXPECT_EQ(FullTextQuery(std::string("a\0b", 3)), R"("a" "b")");
  EXPECT_EQ(FullTextQuery(" \t"), "");
}

}  // namespace
}  // namespace verbatim::store
