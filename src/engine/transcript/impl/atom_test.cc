#include "transcript/impl/atom.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace verbatim::transcript {
namespace {

SampleTime Ms(int64_t milliseconds) { return std::chrono::milliseconds(milliseconds); }

struct TimedText {
  const char* text;
  int64_t begin_ms;
  int64_t end_ms;
};

Segment MakeSegment(std::initializer_list<TimedText> words) {
  Segment segment;
  for (const TimedText& word : words) {
    segment.text += word.text;
    segment.words.push_back(
        {.text = word.text, .begin = Ms(word.begin_ms), .end = Ms(word.end_ms)});
  }
  segment.begin = segment.words.front().begin;
  segment.end = segment.words.back().end;
  return segment;
}

Transcript MakeTranscript(std::vector<Segment> segments, int64_t duration_ms) {
  Transcript transcript;
  transcript.language = "en";
  transcript.duration = Ms(duration_ms);
  transcript.segments = std::move(segments);
  return transcript;
}

std::vector<std::string> TextsOf(const std::vector<Atom>& atoms) {
  std::vector<std::string> texts;
  for (const Atom& atom : atoms) texts.push_back((atom.space_before ? "_" : "") + atom.text);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(MakeAtomsTest, WordsWithoutASpaceBetweenThemAreOneAtom) {
  const auto atoms = MakeAtoms(MakeTranscript(
      {MakeSegment({{" I", 0, 100}, {" can", 100, 300}, {"'t", 300, 400}, {" go", 500, 700}})},
      1000));
  EXPECT_EQ(TextsOf(atoms), (Texts{"_I", "_can't", "_go"}));
  EXPECT_EQ(atoms[1].begin_ms, 100);
  EXPECT_EQ(atoms[1].end_ms, 400);
}

TEST(MakeAtomsTest, AWordOfSeveralAtomsSharesItsTime) {
  const auto atoms = MakeAtoms(MakeTranscript({MakeSegment({{"日本語。", 100, 500}})}, 1000));
  EXPECT_EQ(TextsOf(atoms), (Texts{"日", "本", "語。"}));
  EXPECT_EQ(atoms[0].begin_ms, 100);
  EXPECT_EQ(atoms[1].begin_ms, 200);
  EXPECT_EQ(atoms[2].end_ms, 500);
  EXPECT_TRUE(atoms[0].starts_word);
  EXPECT_FALSE(atoms[1].starts_word);
  EXPECT_EQ(atoms[1].break_before, BreakGrade::kInsideWord);
}

TEST(MakeAtomsTest, ACharacterSpreadOverTwoWordsStaysWhole) {
  // Thai tone marks come as words of their own.
  const auto atoms = MakeAtoms(
      MakeTranscript({MakeSegment({{"ท", 0, 100}, {"ี่", 100, 200}, {"น", 200, 300}})}, 1000));
  EXPECT_EQ(TextsOf(atoms), (Texts{"ที่", "น"}));
  EXPECT_EQ(atoms[0].end_ms, 200);
}

TEST(MakeAtomsTest, SegmentsAreKeptApart) {
  const auto atoms =
      MakeAtoms(MakeTranscript({MakeSegment({{"はい", 0, 100}}), MakeSegment({{"え", 100, 200}}),
                                MakeSegment({{"か。", 200, 300}}), MakeSegment({{"き", 300, 400}})},
                               1000));
  EXPECT_EQ(TextsOf(atoms), (Texts{"は", "い", "_え", "_か。", "き"}));
  EXPECT_EQ(atoms[2].break_before, BreakGrade::kSegment);
  EXPECT_EQ(atoms[4].break_before, BreakGrade::kSentence);
}

TEST(MakeAtomsTest, ASegmentWithoutWordsIsSpreadOverItsTime) {
  Segment segment;
  segment.begin = Ms(1000);
  segment.end = Ms(2000);
  segment.text = " aaaa bbbbb";
  const auto atoms = MakeAtoms(MakeTranscript({segment}, 5000));
  EXPECT_EQ(TextsOf(atoms), (Texts{"_aaaa", "_bbbbb"}));
  EXPECT_EQ(atoms[0].begin_ms, 1000);
  EXPECT_EQ(atoms[0].end_ms, 1400);
  EXPECT_EQ(atoms[1].begin_ms, 1500);
  EXPECT_EQ(atoms[1].end_ms, 2000);
}

TEST(MakeAtomsTest, TimesNeverRunBackwardsOrLeaveTheAudio) {
  const auto atoms = MakeAtoms(MakeTranscript(
      {MakeSegment(
          {{" a", -50, 900}, {" b", 400, 300}, {" c", 100, 99'000}, {" d", 98'000, 99'000}})},
      1000));
  ASSERT_EQ(atoms.size(), 4U);
  int64_t last_ms = 0;
  for (const Atom& atom : atoms) {
    EXPECT_GE(atom.begin_ms, last_ms);
    EXPECT_GE(atom.end_ms, atom.begin_ms);
    last_ms = atom.end_ms;
  }
  EXPECT_LE(last_ms, 1000);
}

TEST(MakeAtomsTest, BlankWordsLeaveNothing) {
  EXPECT_TRUE(MakeAtoms(MakeTranscript({MakeSegment({{" ", 0, 1}, {"", 1, 2}, {"\n", 2, 3}})}, 100))
                  .empty());
  EXPECT_TRUE(MakeAtoms(MakeTranscript({Segment{}}, 100)).empty());
}

TEST(MakeAtomsTest, ABreathIsBetterThanAWordBorder) {
  const auto atoms =
      MakeAtoms(MakeTranscript({MakeSegment({{" red", 0, 100}, {" house", 600, 700}})}, 1000));
  EXPECT_EQ(atoms[1].break_before, BreakGrade::kPause);
}

}  // namespace
}  // namespace verbatim::transcript
