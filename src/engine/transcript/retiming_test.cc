#include "transcript/retiming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transcript/impl/text.h"
#include "transcript/test_transcripts.h"

namespace verbatim::transcript {
namespace {

using ::testing::ElementsAre;

constexpr SampleTime Ms(int64_t milliseconds) { return std::chrono::milliseconds(milliseconds); }

Word MakeWord(std::string text, int64_t begin_ms, int64_t end_ms, float probability = 0.5F) {
  return {std::move(text), Ms(begin_ms), Ms(end_ms), probability};
}

// A word's text, times and probability.
auto Is(const Word& word) { return ::testing::Eq(word); }

std::vector<Word> Retime(const std::vector<Word>& old, std::string text, int64_t begin_ms = 0,
                         int64_t end_ms = 10'000) {
  const std::vector<TimedText> texts = {{Ms(begin_ms), Ms(end_ms), std::move(text)}};
  return RetimeWords(old, texts).at(0);
}

const std::vector<Word> kOld = {MakeWord(" The", 1000, 1200), MakeWord(" qick", 1200, 1700),
                                MakeWord(" brown", 1800, 2000), MakeWord(" fox.", 2000, 2500)};

TEST(RetimingTest, AnUnchangedTextKeepsItsWords) {
  EXPECT_EQ(Retime(kOld, " The qick brown fox."), kOld);
}

TEST(RetimingTest, ANewWordGetsTheTimeBetweenItsNeighbours) {
  EXPECT_THAT(
      Retime(kOld, " The quick brown fox."),
      ElementsAre(Is(kOld[0]), Is(MakeWord(" quick", 1200, 1800, 1)), Is(kOld[2]), Is(kOld[3])));
}

TEST(RetimingTest, NewWordsShareItByLength) {
  EXPECT_THAT(Retime(kOld, " The very bi brown fox."),
              ElementsAre(Is(kOld[0]), Is(MakeWord(" very", 1200, 1600, 1)),
                          Is(MakeWord(" bi", 1600, 1800, 1)), Is(kOld[2]), Is(kOld[3])));
}

TEST(RetimingTest, CaseAndPunctuationAreNoOtherWord) {
  EXPECT_THAT(Retime(kOld, " the \"Qick\" brown fox"),
              ElementsAre(Is(MakeWord(" the", 1000, 1200)), Is(MakeWord(" \"Qick\"", 1200, 1700)),
                          Is(kOld[2]), Is(MakeWord(" fox", 2000, 2500))));
}

TEST(RetimingTest, WordsAtTheEndsGetTheTimeUpToTheSegments) {
  EXPECT_THAT(Retime(kOld, " Oh The qick brown fox. Yes", 600, 3000),
              ElementsAre(Is(MakeWord(" Oh", 600, 1000, 1)), Is(kOld[0]), Is(kOld[1]), Is(kOld[2]),
                          Is(kOld[3]), Is(MakeWord(" Yes", 2500, 3000, 1))));
}

TEST(RetimingTest, TimesAreClippedToTheSegment) {
  EXPECT_THAT(Retime(kOld, " The qick brown fox.", 1100, 2200),
              ElementsAre(Is(MakeWord(" The", 1100, 1200)), Is(kOld[1]), Is(kOld[2]),
                          Is(MakeWord(" fox.", 2000, 2200))));
}

TEST(RetimingTest, AWordOutsideOfTheSegmentIsTimedAnew) {
  EXPECT_THAT(Retime({MakeWord(" a", 0, 500), MakeWord(" b", 5000, 6000)}, " a b", 0, 2000),
              ElementsAre(Is(MakeWord(" a", 0, 500)), Is(MakeWord(" b", 500, 2000))));
}

TEST(RetimingTest, ASplitTextKeepsTimesOnBothSides) {
  const std::vector<TimedText> texts = {{Ms(1000), Ms(1700), " The quick"},
                                        {Ms(1800), Ms(2500), " Brown fox."}};
  const auto words = RetimeWords(kOld, texts);
  EXPECT_THAT(words[0], ElementsAre(Is(kOld[0]), Is(MakeWord(" quick", 1200, 1700, 1))));
  EXPECT_THAT(words[1], ElementsAre(Is(MakeWord(" Brown", 1800, 2000)), Is(kOld[3])));
}

TEST(RetimingTest, ScriptsWithoutSpacesHaveACharacterForAWord) {
  const std::vector<Word> old = {MakeWord("日本", 0, 1000), MakeWord("語", 1000, 1500),
                                 MakeWord("です。", 1500, 2100)};
  EXPECT_EQ(Retime(old, "日本語です。"), old);
  EXPECT_THAT(Retime(old, "日本語だよ。", 0, 2100),
              ElementsAre(Is(old[0]), Is(old[1]), Is(MakeWord("だ", 1500, 1700, 1)),
                          Is(MakeWord("よ。", 1700, 2100, 1))));
  // Half of an old word: its share of the time.
  EXPECT_THAT(Retime(old, "本語です。", 0, 2100),
              ElementsAre(Is(MakeWord("本", 500, 1000)), Is(old[1]), Is(old[2])));
}

TEST(RetimingTest, ThaiAndArabic) {
  const std::vector<Word> thai = {MakeWord("น้ำ", 0, 400), MakeWord("ดี", 400, 800)};
  EXPECT_EQ(Retime(thai, "น้ำดี"), thai);
  const std::vector<Word> arabic = {MakeWord(" مرحبا", 0, 400), MakeWord(" بكم؟", 400, 800)};
  EXPECT_THAT(
      Retime(arabic, " مرحبا يا بكم", 0, 800),
      ElementsAre(Is(arabic[0]), Is(MakeWord(" يا", 400, 400, 1)), Is(MakeWord(" بكم", 400, 800))));
}

TEST(RetimingTest, AWordOfSeveralOldOnesKeepsThem) {
  const std::vector<Word> old = {MakeWord(" can", 0, 300, 0.9F), MakeWord("'t", 300, 400, 0.4F)};
  EXPECT_EQ(Retime(old, " can't"), old);
  EXPECT_THAT(Retime(old, " Can't"), ElementsAre(Is(MakeWord(" Can't", 0, 400, 0.4F))));
}

TEST(RetimingTest, NothingOldOrNothingNew) {
  EXPECT_THAT(Retime({}, " ab cdef", 0, 600),
              ElementsAre(Is(MakeWord(" ab", 0, 200, 1)), Is(MakeWord(" cdef", 200, 600, 1))));
  EXPECT_TRUE(Retime(kOld, "").empty());
  EXPECT_TRUE(RetimeWords(kOld, {}).empty());
}

// Whatever the words and texts: the promises of retiming.h.
class RetimingPropertyTest : public ::testing::TestWithParam<unsigned> {};

std::string Joined(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) text += word.text;
  return text;
}

bool HasOrderedTimes(const std::vector<Word>& words) {
  SampleTime reached{0};
  for (const Word& word : words) {
    if (word.begin < reached || word.end < word.begin) return false;
    reached = word.end;
  }
  return true;
}

TEST_P(RetimingPropertyTest, TextIsKeptAndTimesAreInOrder) {
  RandomTranscripts random(GetParam());
  const Transcript before = random.Make();
  const Transcript after = random.Make();
  std::vector<Word> old;
  for (const Segment& segment : before.segments) {
    old.insert(old.end(), segment.words.begin(), segment.words.end());
  }
  std::vector<TimedText> texts;
  for (const Segment& segment : after.segments) {
    std::string text = ToValidUtf8(segment.text);
    // Half of the text is of the old one.
    if (random.Chance(50) && !before.segments.empty()) {
      text += ToValidUtf8(before.segments.front().text);
    }
    const SampleTime begin = std::max(segment.begin, SampleTime{0});
    texts.push_back({begin, begin + SampleTime{random.Pick(0, 200'000)}, text});
  }
  const auto words = RetimeWords(old, texts);
  ASSERT_EQ(words.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(HasOrderedTimes(words[i]));
    const std::string joined = Joined(words[i]);
    EXPECT_TRUE(texts[i].text.starts_with(joined));
    EXPECT_EQ(OneLine(texts[i].text.substr(joined.size())), "");
    for (const Word& word : words[i]) {
      EXPECT_GE(word.begin, texts[i].begin);
      EXPECT_LE(word.end, texts[i].end);
      EXPECT_NE(OneLine(word.text), "");
    }
  }
}

TEST_P(RetimingPropertyTest, TameWordsThatStayKeepTheirTimes) {
  RandomTranscripts random(GetParam());
  const Transcript transcript = random.Make();
  for (const Segment& segment : transcript.segments) {
    if (!HasOrderedTimes(segment.words)) continue;
    if (std::ranges::any_of(segment.words, [](const Word& word) {
          return OneLine(word.text).empty() || ToValidUtf8(word.text) != word.text;
        })) {
      continue;
    }
    const SampleTime end =
        std::max(segment.end, segment.words.empty() ? segment.end : segment.words.back().end);
    const std::vector<TimedText> texts = {{SampleTime{0}, end, Joined(segment.words)}};
    const std::vector<Word> words = RetimeWords(segment.words, texts).at(0);
    EXPECT_EQ(words, segment.words);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RetimingPropertyTest, ::testing::Range(0U, 300U));

}  // namespace
}  // namespace verbatim::transcript
