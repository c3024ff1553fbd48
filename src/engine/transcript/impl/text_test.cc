#include "transcript/impl/text.h"

#include <gtest/gtest.h>

namespace verbatim::transcript {
namespace {

TEST(DisplayWidthTest, CountsWhatAReaderTakesForACharacter) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("e\u0301t\u00e9"), 3);  // one accent composed, one combining
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("ｶﾅ"), 2);  // half-width kana
  EXPECT_EQ(DisplayWidth("한국어"), 6);
  EXPECT_EQ(DisplayWidth("שלום"), 4);
  EXPECT_EQ(DisplayWidth("ที่"), 1);  // a consonant with vowel and tone above it
}

TEST(DisplayWidthTest, EmojiSequencesAreOneWideCharacter) {
  EXPECT_EQ(DisplayWidth("👍🏽"), 2);
  EXPECT_EQ(DisplayWidth("👩‍👩‍👧"), 2);
  EXPECT_EQ(DisplayWidth("🇩🇪🇫🇷"), 4);
  EXPECT_EQ(DisplayWidth("❤️"), 2);
}

TEST(SplitClustersTest, CoversEveryByteOnce) {
  const std::string text = "a e\u0301 \u0301👩‍👩‍👧\r\n日\xff!";
  size_t offset = 0;
  for (const Cluster& cluster : SplitClusters(text)) {
    EXPECT_EQ(cluster.begin, offset);
    EXPECT_LT(cluster.begin, cluster.end);
    offset = cluster.end;
  }
  EXPECT_EQ(offset, text.size());
}

TEST(SplitClustersTest, SpacesStandAloneAndNoBreakSpacesAreNone) {
  const auto clusters = SplitClusters(" \u0301\u00a0\u3000");
  ASSERT_EQ(clusters.size(), 4U);
  EXPECT_TRUE(clusters[0].is_space);
  EXPECT_FALSE(clusters[1].is_space);
  EXPECT_FALSE(clusters[2].is_space);
  EXPECT_TRUE(clusters[3].is_space);
}

TEST(ToValidUtf8Test, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(ToValidUtf8("naïve 日本 👍"), "naïve 日本 👍");
  EXPECT_EQ(ToValidUtf8("a\xff"
                        "b"),
            "a\uFFFDb");
  EXPECT_EQ(ToValidUtf8("\xe6\x97"), "\uFFFD\uFFFD");            // cut short
  EXPECT_EQ(ToValidUtf8("\xc0\xaf"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(ToValidUtf8("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // half of a surrogate pair
}

TEST(OneLineTest, FoldsSpacesAndControlCharacters) {
  EXPECT_EQ(OneLine("  a \t\n b\r\nc\u2028d\x01 "), "a b c d");
  EXPECT_EQ(OneLine(std::string_view("a\0b", 3)), "a b");
  EXPECT_EQ(OneLine(" \n "), "");
  EXPECT_EQ(OneLine("10\u00a0%"), "10\u00a0%");
}

}  // namespace
}  // namespace verbatim::transcript
