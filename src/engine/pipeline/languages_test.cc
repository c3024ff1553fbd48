#include "pipeline/languages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verbatim::pipeline {
namespace {

TEST(LanguagesTest, NamesAndCodesBecomeCodes) {
  EXPECT_EQ(*ParseLanguage("de"), "de");
  EXPECT_EQ(*ParseLanguage("German"), "de");
  EXPECT_EQ(*ParseLanguage("auto"), "auto");
}

TEST(LanguagesTest, UnknownOnesAreToldTheChoices) {
  const Error error = ParseLanguage("klingon").error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, ::testing::HasSubstr("\"klingon\""));
  EXPECT_THAT(error.message, ::testing::HasSubstr(" de "));
  EXPECT_FALSE(ParseLanguage(""));
}

TEST(LanguagesTest, TitlesAreForPeople) {
  EXPECT_EQ(LanguageTitle("de"), "German");
  EXPECT_EQ(LanguageTitle("ht"), "Haitian creole");
  EXPECT_EQ(LanguageTitle("xx"), "xx");
}

}  // namespace
}  // namespace verbatim::pipeline
