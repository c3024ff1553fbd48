#include "transcript/impl/cue_groups.h"

#include <gtest/gtest.h>

#include <sstream>

namespace verbatim::transcript {
namespace {

struct Speech {
  std::string text;
  int64_t begin_ms;
  int64_t word_ms;  // length of each word
};

// Words of equal length, without pauses inside each speech.
Transcript Spoken(const std::vector<Speech>& speeches) {
  Transcript transcript;
  transcript.language = "en";
  for (const Speech& speech : speeches) {
    Segment segment;
    std::istringstream stream(speech.text);
    int64_t time_ms = speech.begin_ms;
    for (std::string word; stream >> word; time_ms += speech.word_ms) {
      segment.words.push_back({.text = " " + word,
                               .begin = std::chrono::milliseconds(time_ms),
                               .end = std::chrono::milliseconds(time_ms + speech.word_ms)});
    }
    transcript.duration = std::chrono::milliseconds(time_ms + 5000);
    transcript.segments.push_back(std::move(segment));
  }
  return transcript;
}

std::vector<std::string> CueTexts(const std::vector<Speech>& speeches, const CueOptions& options) {
  std::vector<std::string> texts;
  for (const Cue& cue : MakeCues(Spoken(speeches), options)) {
    std::string text;
    for (const std::string& line : cue.lines) text += (text.empty() ? "" : " ") + line;
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(GroupAtomsTest, SentencesStandApart) {
  EXPECT_EQ(CueTexts({{"The first sentence is here. The second one comes after it.", 0, 300}}, {}),
            (Texts{"The first sentence is here.", "The second one comes after it."}));
}

TEST(GroupAtomsTest, ASentenceTooShortToReadJoinsItsNeighbour) {
  EXPECT_EQ(CueTexts({{"Yes. I know that you are right.", 0, 250}}, {}),
            (Texts{"Yes. I know that you are right."}));
}

TEST(GroupAtomsTest, ALongPauseAlwaysBreaks) {
  EXPECT_EQ(CueTexts({{"Well I", 0, 300}, {"do not know", 1600, 300}}, {}),
            (Texts{"Well I", "do not know"}));
  EXPECT_EQ(CueTexts({{"Well I", 0, 300}, {"do not know", 1599, 300}}, {}),
            (Texts{"Well I do not know"}));
}

TEST(GroupAtomsTest, ALongSentenceBreaksAtItsComma) {
  EXPECT_EQ(
      CueTexts(
          {{"When the long rain had finally come to an end over the valley, everybody went out to "
            "look at what was left of the bridges.",
            0, 250}},
          {}),
      (Texts{"When the long rain had finally come to an end over the valley,",
             "everybody went out to look at what was left of the bridges."}));
}

TEST(GroupAtomsTest, NoWordIsLeftBehindAlone) {
  // 17 words of five columns: one more than fits into a cue.
  const Texts texts =
      CueTexts({{"aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa aaaaa "
                 "aaaaa aaaaa aaaaa aaaaa",
                 0, 200}},
               {});
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_GT(texts[1].size(), 20U);
}

TEST(GroupAtomsTest, SlowSpeechBreaksAtTheLongestDuration) {
  for (const Cue& cue :
       MakeCues(Spoken({{"one two three four five six seven eight nine ten", 0, 2000}}), {})) {
    EXPECT_LE(cue.end_ms - cue.begin_ms, 7000);
  }
}

TEST(GroupAtomsTest, TextWithoutSpacesGoesOnInTheNextCue) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "あ";
  const Texts texts = CueTexts({{text, 0, 10'000}}, {});
  ASSERT_GE(texts.size(), 3U);  // 200 columns, at most 84 in a cue
  std::string joined;
  for (const std::string& part : texts) joined += part;
  std::erase(joined, ' ');  // between the lines of one cue
  EXPECT_EQ(joined, text);
}

}  // namespace
}  // namespace verbatim::transcript
