#include "transcript/impl/line_break.h"

#include <gtest/gtest.h>

#include "transcript/impl/cue_groups.h"

namespace verbatim::transcript {
namespace {

// The lines of a text that is one cue.
std::vector<std::string> LinesOf(const std::string& text, const std::string& language,
                                 int line_length_max) {
  Transcript transcript;
  transcript.language = language;
  transcript.duration = std::chrono::seconds(5);
  transcript.segments.emplace_back().text = text;
  const std::vector<Atom> atoms = MakeAtoms(transcript);
  std::vector<std::string> lines;
  for (const AtomRange& line : BreakLines(atoms, {0, atoms.size()}, line_length_max)) {
    lines.push_back(LineText({atoms.begin() + static_cast<std::ptrdiff_t>(line.begin),
                              atoms.begin() + static_cast<std::ptrdiff_t>(line.end)}));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(BreakLinesTest, AShortTextIsOneLine) {
  EXPECT_EQ(LinesOf("Ask not what your country can do.", "en", 42),
            (Lines{"Ask not what your country can do."}));
}

TEST(BreakLinesTest, TwoLinesBreakAfterPunctuation) {
  EXPECT_EQ(LinesOf("And so, my fellow Americans, ask not what your country can do", "en", 42),
            (Lines{"And so, my fellow Americans,", "ask not what your country can do"}));
}

TEST(BreakLinesTest, TwoLinesBreakBeforeAConjunctionRatherThanAfterIt) {
  EXPECT_EQ(LinesOf("The quick brown foxes jump there and lazy dogs sleep here", "en", 42),
            (Lines{"The quick brown foxes jump there", "and lazy dogs sleep here"}));
}

TEST(BreakLinesTest, NoShortWordIsLeftAlone) {
  EXPECT_EQ(LinesOf("Nobody here could ever have known about it, sir", "en", 42),
            (Lines{"Nobody here could ever", "have known about it, sir"}));
}

TEST(BreakLinesTest, AWordWiderThanALineHasALineOfItsOwn) {
  EXPECT_EQ(LinesOf("so Donaudampfschifffahrtsgesellschaft is", "de", 10),
            (Lines{"so", "Donaudampfschifffahrtsgesellschaft", "is"}));
}

TEST(BreakLinesTest, JapaneseWrapsByCharacterAndKeepsPunctuationOffTheLineStart) {
  const Lines lines = LinesOf("今日はとても天気がいいので、公園まで散歩に行きました。", "ja", 28);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "今日はとても天気がいいので、");
  EXPECT_EQ(lines[1], "公園まで散歩に行きました。");
}

TEST(BreakLinesTest, RightToLeftTextStaysInReadingOrder) {
  EXPECT_EQ(LinesOf("אני רוצה ללכת הביתה, כי כבר מאוחר מאוד בלילה", "he", 24),
            (Lines{"אני רוצה ללכת הביתה,", "כי כבר מאוחר מאוד בלילה"}));
}

TEST(BreakLinesTest, AHeapOfWordsIsFilledLineByLine) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += " word";
  const Lines lines = LinesOf(text, "en", 42);
  EXPECT_EQ(lines.size(), 125U);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 42U);
}

TEST(LineCounterTest, CountsSpacesOnlyInsideALine) {
  LineCounter counter(10);
  const Atom atom{.text = "abcde", .width = 5, .space_before = true};
  counter.Add(atom);
  EXPECT_EQ(counter.lines(), 1);
  EXPECT_EQ(counter.width(), 5);
  counter.Add(atom);
  EXPECT_EQ(counter.lines(), 2);  // 5 + 1 + 5 columns
  EXPECT_EQ(counter.width(), 11);
}

}  // namespace
}  // namespace verbatim::transcript
