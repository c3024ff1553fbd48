#include "whisper/impl/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace verbatim::whisper {
namespace {

using ::testing::ElementsAre;

using Tokens = std::vector<std::string_view>;

// Each word as "text[begin,end)".
std::vector<std::string> Split(const Tokens& tokens, WordBorder border = WordBorder::kSpace) {
  std::vector<std::string> words;
  for (const WordTokens& word : SplitTokenBytes(tokens, border)) {
    words.push_back(word.text + "[" + std::to_string(word.begin) + "," + std::to_string(word.end) +
                    ")");
  }
  return words;
}

TEST(WordsTest, AWordBeginsWithASpace) {
  EXPECT_THAT(Split({" fel", "low", " man"}), ElementsAre(" fellow[0,2)", " man[2,3)"));
  EXPECT_THAT(Split({"with", "out", " space"}), ElementsAre("without[0,2)", " space[2,3)"));
}

TEST(WordsTest, MarksClingToTheirWords) {
  EXPECT_THAT(Split({" (", "[", "a", "]", ")", ".", " b"}), ElementsAre(" ([a]).[0,6)", " b[6,7)"));
  EXPECT_THAT(Split({" \"", " '", "a", "'", "\""}), ElementsAre(" \" 'a'\"[0,5)"));
  EXPECT_THAT(Split({" a", "!?", "."}), ElementsAre(" a!?.[0,3)")) << "two marks in one token";
  EXPECT_THAT(Split({".", " a"}), ElementsAre(".[0,1)", " a[1,2)")) << "nothing before it";
  EXPECT_THAT(Split({" a", " ("}), ElementsAre(" a[0,1)", " ([1,2)")) << "nothing after it";
  EXPECT_THAT(Split({" well", "-", "known"}), ElementsAre(" well[0,1)", "-known[1,3)"));
}

TEST(WordsTest, LanguagesWithoutSpacesSplitByCharacter) {
  EXPECT_THAT(Split({"今", "日", "は", "、", "晴", "れ", "。"}, WordBorder::kCharacter),
              ElementsAre("今[0,1)", "日[1,2)", "は、[2,4)", "晴[4,5)", "れ。[5,7)"));
}

TEST(WordsTest, NoWordEndsInsideACharacter) {
  EXPECT_THAT(Split({" \xF0\x9F", "\x98", "\x80", " x"}), ElementsAre(" 😀[0,3)", " x[3,4)"));
  EXPECT_THAT(Split({"\xE4\xBB", "\x8A\xE6", "\x97\xA5"}, WordBorder::kCharacter),
              ElementsAre("今日[0,3)"));
}

TEST(WordsTest, BrokenCharactersLoseNoTokens) {
  EXPECT_THAT(Split({" a", "\xE4", "\xBB", " b"}), ElementsAre(" a\uFFFD[0,3)", " b[3,4)"));
  EXPECT_THAT(Split({" b", "\xE4"}), ElementsAre(" b\uFFFD[0,2)"));
  EXPECT_THAT(Split({"\x80", "\x80"}, WordBorder::kCharacter),
              ElementsAre("\uFFFD[0,1)", "\uFFFD[1,2)"));
}

TEST(WordsTest, TokensWithoutBytesBelongToANeighbour) {
  EXPECT_THAT(Split({" a", "", " b", ""}), ElementsAre(" a[0,2)", " b[2,4)"));
  EXPECT_THAT(Split({"", "", " a"}), ElementsAre(" a[0,3)"));
  EXPECT_THAT(Split({"", ""}), ElementsAre("[0,2)"));
  EXPECT_TRUE(Split({}).empty());
}

}  // namespace
}  // namespace verbatim::whisper
