#include "transcript/impl/break_grade.h"

#include <gtest/gtest.h>

namespace verbatim::transcript {
namespace {

struct Case {
  const char* before;
  const char* after;
  const char* language;
  BreakGrade grade;
};

TEST(GradeBreakTest, ReadsTheLettersOnBothSides) {
  const Case cases[] = {
      {"end.", "Then", "en", BreakGrade::kSentence},
      {"end.\"", "Then", "en", BreakGrade::kSentence},
      {"(really?)", "Yes", "en", BreakGrade::kSentence},
      {"終わり。", "次", "ja", BreakGrade::kSentence},
      {"ماذا؟", "نعم", "ar", BreakGrade::kSentence},
      {"है।", "और", "hi", BreakGrade::kSentence},
      {"wait...", "what", "en", BreakGrade::kClause},
      {"wait...", "What", "en", BreakGrade::kSentence},
      {"Dr.", "Smith", "en", BreakGrade::kPlain},
      {"J.", "Smith", "en", BreakGrade::kPlain},
      {"U.S.", "Army", "en", BreakGrade::kPlain},
      {"I.", "Then", "en", BreakGrade::kSentence},
      {"first,", "second", "en", BreakGrade::kClause},
      {"-", "second", "en", BreakGrade::kClause},
      {"مرحبا،", "نعم", "ar", BreakGrade::kClause},
      {"house", "and", "en", BreakGrade::kPhrase},
      {"house", "And", "en", BreakGrade::kPhrase},
      {"and", "house", "en", BreakGrade::kWeak},
      {"of", "the", "en", BreakGrade::kWeak},
      {"Haus", "und", "de", BreakGrade::kPhrase},
      {"house", "and", "xx", BreakGrade::kPlain},
      {"red", "house", "en", BreakGrade::kPlain},
      {"私は", "学生", "ja", BreakGrade::kPhrase},
      {"学", "生", "ja", BreakGrade::kPlain},
      {"", "x", "en", BreakGrade::kPlain},
  };
  for (const Case& row : cases) {
    EXPECT_EQ(GradeBreak(row.before, row.after, row.language), row.grade)
        << row.before << "|" << row.after;
  }
}

TEST(MayBreakBetweenTest, OnlySpacelessScriptsBreakWithoutASpace) {
  EXPECT_FALSE(MayBreakBetween(U'a', U'b'));
  EXPECT_FALSE(MayBreakBetween(U'한', U'국'));
  EXPECT_FALSE(MayBreakBetween(U'ש', U'ל'));
  EXPECT_FALSE(MayBreakBetween(U'-', U'k'));
  EXPECT_TRUE(MayBreakBetween(U'—', U'k'));
  EXPECT_TRUE(MayBreakBetween(U'日', U'本'));
  EXPECT_TRUE(MayBreakBetween(U'日', U'A'));
  EXPECT_TRUE(MayBreakBetween(U'ก', U'ข'));
}

TEST(MayBreakBetweenTest, PunctuationStaysWithItsText) {
  EXPECT_FALSE(MayBreakBetween(U'日', U'。'));
  EXPECT_FALSE(MayBreakBetween(U'日', U'」'));
  EXPECT_FALSE(MayBreakBetween(U'「', U'日'));
  EXPECT_FALSE(MayBreakBetween(U'キ', U'ャ'));
  EXPECT_FALSE(MayBreakBetween(U'カ', U'ー'));
  EXPECT_TRUE(MayBreakBetween(U'。', U'日'));
  EXPECT_FALSE(MayBreakBetween(U'เ', U'ก'));  // a vowel written before its consonant
}

}  // namespace
}  // namespace verbatim::transcript
