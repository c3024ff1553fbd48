#include <gtest/gtest.h>

#include "whisper/tokenizer.h"

namespace verbatim::whisper {
namespace {

TEST(LanguagesTest, NamesOfCodes) {
  EXPECT_EQ(LanguageName("de"), "german");
  EXPECT_EQ(LanguageName("haw"), "hawaiian");
  EXPECT_EQ(LanguageName("yue"), "cantonese");
  EXPECT_EQ(LanguageName("German"), "german");
  EXPECT_EQ(LanguageName("xx"), std::nullopt);
  EXPECT_EQ(LanguageName(""), std::nullopt);
}

TEST(LanguagesTest, CodesOfNamesAndAliases) {
  EXPECT_EQ(LanguageCodeOf("de"), "de");
  EXPECT_EQ(LanguageCodeOf("DE"), "de");
  EXPECT_EQ(LanguageCodeOf("German"), "de");
  EXPECT_EQ(LanguageCodeOf("Haitian Creole"), "ht");
  EXPECT_EQ(LanguageCodeOf("castilian"), "es");
  EXPECT_EQ(LanguageCodeOf("Mandarin"), "zh");
  EXPECT_EQ(LanguageCodeOf("burmese"), "my");
  EXPECT_EQ(LanguageCodeOf("iw"), "he");
  EXPECT_EQ(LanguageCodeOf("klingon"), std::nullopt);
}

// Every two-letter and three-letter code is tried: there are 100 languages, and each finds itself
// by its name.
TEST(LanguagesTest, OneHundredLanguages) {
  int count = 0;
  const auto try_code = [&count](const std::string& code) {
    if (LanguageCodeOf(code) != code) return;
    ++count;
    const auto name = LanguageName(code);
    ASSERT_TRUE(name.has_value());
    EXPECT_EQ(LanguageCodeOf(*name), code);
  };
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      try_code({a, b});
      for (char c = 'a'; c <= 'z'; ++c) try_code({a, b, c});
    }
  }
  EXPECT_EQ(count, 100);
}

}  // namespace
}  // namespace verbatim::whisper
