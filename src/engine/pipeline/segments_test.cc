#include "pipeline/segments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/tiny_tokenizer.h"

namespace verbatim::pipeline {
namespace {

using transcript::Segment;
using transcript::Word;

constexpr int64_t kFrame = 320;  // samples of 20 ms

SampleTime Seconds(double seconds) {
  return SampleTime{std::llround(seconds * static_cast<double>(kSampleRate))};
}

split::Window MakeWindow(const std::vector<std::pair<double, double>>& segments) {
  split::Window window;
  window.index = 3;
  for (const auto& [begin, end] : segments) {
    window.segments.push_back({Seconds(begin), Seconds(end), 0.9F, 1});
  }
  return window;
}

// A text with one token for each byte, and its times.
struct Spoken {
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;
  std::vector<int32_t> frames;
  AlignedText aligned() const { return {tokens, logprobs, frames}; }
};

class SegmentsTest : public ::testing::Test {
 protected:
  // Each word with the times at which it begins; its letters take a frame each. The last time is
  // where the text ends. Unit: seconds within the window.
  Spoken Say(const std::vector<std::pair<std::string, double>>& words, double end) const {
    Spoken spoken;
    for (const auto& [text, begin] : words) {
      int32_t frame = static_cast<int32_t>(std::llround(begin * 50));
      for (int32_t token : tokenizer_.Encode(text)) {
        spoken.tokens.push_back(token);
        spoken.logprobs.push_back(std::log(0.5F));
        spoken.frames.push_back(frame++);
      }
    }
    spoken.frames.push_back(static_cast<int32_t>(std::llround(end * 50)));
    return spoken;
  }

  std::vector<Word> Words(const Spoken& spoken, const split::Window& window) const {
    return MakeWords(spoken.aligned(), tokenizer_, "en", window);
  }
  std::vector<Segment> Segments(const Spoken& spoken, const split::Window& window,
                                std::span<const TimedPart> parts = {}) const {
    return MakeSegments(spoken.aligned(), tokenizer_, "en", window, parts);
  }

  whisper::Tokenizer tokenizer_ = *whisper::Tokenizer::Parse(tests::TinyTokenizerJson());
};

std::vector<std::string> Texts(const auto& items) {
  std::vector<std::string> texts;
  for (const auto& item : items) texts.push_back(item.text);
  return texts;
}

TEST_F(SegmentsTest, WordsGetTheFilesTimes) {
  const std::vector<Word> words =
      Words(Say({{" Good", 0.5}, {" day", 0.9}}, 1.3), MakeWindow({{10, 12}}));
  ASSERT_EQ(Texts(words), (std::vector<std::string>{" Good", " day"}));
  EXPECT_EQ(words[0].begin, Seconds(10.5));
  EXPECT_EQ(words[0].end, Seconds(10.9));
  EXPECT_EQ(words[1].begin, Seconds(10.9));
  EXPECT_EQ(words[1].end, Seconds(11.3));
  EXPECT_NEAR(words[0].probability, 0.5, 1e-6);
}

TEST_F(SegmentsTest, SilenceLeftOutComesBack) {
  // Two seconds of speech, eight of silence that the window lacks, two of speech.
  const std::vector<Word> words = Words(Say({{" one", 1.5}, {" two", 2.0}, {" three", 2.5}}, 3),
                                        MakeWindow({{0, 2}, {10, 12}}));
  ASSERT_EQ(words.size(), 3U);
  EXPECT_EQ(words[0].end, Seconds(2));
  EXPECT_EQ(words[1].begin, Seconds(10));
  EXPECT_EQ(words[2].end, Seconds(11));
}

TEST_F(SegmentsTest, AWordOnAJointStaysOnItsLargerSide) {
  const split::Window window = MakeWindow({{0, 2}, {10, 12}});
  const std::vector<Word> early = Words(Say({{" word", 1.6}}, 2.1), window);
  EXPECT_EQ(early[0].begin, Seconds(1.6));
  EXPECT_EQ(early[0].end, Seconds(2));
  const std::vector<Word> late = Words(Say({{" word", 1.9}}, 2.4), window);
  EXPECT_EQ(late[0].begin, Seconds(10));
  EXPECT_EQ(late[0].end, Seconds(10.4));
}

TEST_F(SegmentsTest, PausesAreNoPartOfAWord) {
  const std::vector<Word> words =
      Words(Say({{" first", 0}, {" last", 5}}, 10), MakeWindow({{0, 10}}));
  ASSERT_EQ(words.size(), 2U);
  // The silence before the first word is cut off in front, the silence after the last behind.
  EXPECT_EQ(words[0].end, Seconds(5));
  EXPECT_GE(words[0].begin, Seconds(3.5));
  EXPECT_EQ(words[1].begin, Seconds(5));
  EXPECT_LE(words[1].end, Seconds(6.5));
}

TEST_F(SegmentsTest, SentencesAndPausesMakeSegments) {
  const std::vector<Segment> segments = Segments(
      Say({{" Is", 0}, {" it?", 0.2}, {" Yes", 0.6}, {" and", 5}, {" no.\"", 5.2}, {" So", 5.5}},
          5.8),
      MakeWindow({{0, 10}}));
  EXPECT_EQ(Texts(segments), (std::vector<std::string>{" Is it?", " Yes", " and no.\"", " So"}));
  for (const Segment& segment : segments) {
    EXPECT_EQ(segment.window, 3);
    EXPECT_EQ(segment.begin, segment.words.front().begin);
    EXPECT_EQ(segment.end, segment.words.back().end);
    EXPECT_EQ(tokenizer_.Decode(segment.tokens), segment.text);
  }
}

TEST_F(SegmentsTest, WithoutTokensThereIsNothing) {
  const Spoken silence = Say({}, 1);
  EXPECT_TRUE(Words(silence, MakeWindow({{0, 2}})).empty());
  EXPECT_TRUE(Segments(silence, MakeWindow({{0, 2}})).empty());
}

// What SplitTimedRun takes: text as bytes, times as seconds.
class TimedRunTest : public SegmentsTest {
 protected:
  void Time(double seconds) {
    run_.tokens.push_back(tokenizer_.special().timestamp_begin +
                          static_cast<int32_t>(std::llround(seconds * 50)));
    run_.logprobs.push_back(-9);
  }
  void Text(const std::string& text) {
    for (int32_t token : tokenizer_.Encode(text)) {
      run_.tokens.push_back(token);
      run_.logprobs.push_back(-0.25F);
    }
  }
  std::vector<TimedPart> Split(double length) {
    text_.clear();
    logprobs_.clear();
    return SplitTimedRun(run_, tokenizer_.special(), Seconds(length), text_, logprobs_);
  }

  whisper::TokenRun run_;
  std::vector<int32_t> text_;
  std::vector<float> logprobs_;
};

TEST_F(TimedRunTest, PartsLieBetweenTheirTimes) {
  Time(0.5);
  Text(" One.");
  Time(2);
  Time(3);
  Text(" Two.");
  Time(4);
  const std::vector<TimedPart> parts = Split(10);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].from, Seconds(0.5));
  EXPECT_EQ(parts[0].to, Seconds(2));
  EXPECT_EQ(parts[1].from, Seconds(3));
  EXPECT_EQ(parts[1].to, Seconds(4));
  EXPECT_EQ(parts[0].end, parts[1].begin);
  EXPECT_EQ(parts[1].end, text_.size());
  EXPECT_EQ(tokenizer_.Decode(text_), " One. Two.");
  EXPECT_EQ(logprobs_, std::vector<float>(text_.size(), -0.25F));
}

TEST_F(TimedRunTest, APartWithoutItsSecondTimeEndsWithTheWindow) {
  Time(1);
  Text(" cut off");
  const std::vector<TimedPart> parts = Split(7);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].to, Seconds(7));
}

TEST_F(TimedRunTest, TimesStayInTheWindowAndTextWithoutTimesIsOnePart) {
  Time(20);
  Text(" late");
  Time(29);
  const std::vector<TimedPart> late = Split(5);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].from, Seconds(5));
  EXPECT_EQ(late[0].to, Seconds(5));
  run_ = {};
  Text(" no times");
  const std::vector<TimedPart> parts = Split(5);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].from, SampleTime{0});
  EXPECT_EQ(parts[0].to, Seconds(5));
  run_ = {};
  EXPECT_TRUE(Split(5).empty());
}

TEST_F(TimedRunTest, SegmentsHaveTheTimesOfTheirParts) {
  Time(0.5);
  Text(" One.");
  Time(2);
  Time(3);
  Text(" Two.");
  Time(4);
  const std::vector<TimedPart> parts = Split(10);
  // The alignment puts the second word's start before its part.
  const std::vector<Segment> segments =
      Segments(Say({{" One.", 0.6}, {" Two.", 2.5}}, 4.5), MakeWindow({{100, 110}}), parts);
  ASSERT_EQ(Texts(segments), (std::vector<std::string>{" One.", " Two."}));
  EXPECT_EQ(segments[0].begin, Seconds(100.5));
  EXPECT_EQ(segments[0].end, Seconds(102));
  EXPECT_EQ(segments[1].begin, Seconds(103));
  EXPECT_EQ(segments[1].end, Seconds(104));
  EXPECT_EQ(segments[1].words[0].begin, Seconds(103));
  EXPECT_EQ(segments[1].words[0].end, Seconds(103.5));  // as long as its letters can last
}

// Any window, any text, any times that do not run backwards.
class RandomSpeech {
 public:
  RandomSpeech(uint32_t seed, const whisper::Tokenizer& tokenizer)
      : random_(seed), tokenizer_(tokenizer) {
    SampleTime at{Pick(0, 100000)};
    window_.index = Pick(0, 9);
    for (int64_t count = Pick(1, 5); count > 0; --count) {
      const SampleTime begin = at;
      at += SampleTime{Pick(1, 60000)};
      window_.segments.push_back({begin, at, 0.5F, 1});
      at += SampleTime{Pick(0, 3) * Pick(0, 40000)};
    }
    MakeText();
    MakeParts();
  }

  const split::Window& window() const { return window_; }
  const Spoken& spoken() const { return spoken_; }
  const std::vector<TimedPart>& parts() const { return parts_; }

 private:
  int64_t Pick(int64_t min, int64_t max) {
    return std::uniform_int_distribution<int64_t>(min, max)(random_);
  }

  void MakeText() {
    constexpr std::string_view kLetters = "abcde  ..,!?\"-\xC3\xA4";
    std::string text;
    for (int64_t count = Pick(0, 80); count > 0; --count) {
      text += kLetters[static_cast<size_t>(Pick(0, std::ssize(kLetters) - 1))];
    }
    spoken_.tokens = tokenizer_.Encode(text);
    const int64_t frames = (window_.length().count() + kFrame - 1) / kFrame;
    for (size_t i = 0; i <= spoken_.tokens.size(); ++i) {
      spoken_.frames.push_back(static_cast<int32_t>(Pick(0, std::max<int64_t>(frames - 1, 0))));
      spoken_.logprobs.push_back(-static_cast<float>(Pick(0, 300)) / 100);
    }
    if (Pick(0, 3) == 0) std::ranges::fill(spoken_.frames, spoken_.frames.front());
    std::ranges::sort(spoken_.frames);
    spoken_.logprobs.pop_back();
  }

  void MakeParts() {
    size_t at = 0;
    SampleTime time{0};
    while (at < spoken_.tokens.size()) {
      TimedPart part{at, at, time, time};
      part.end = std::min(spoken_.tokens.size(), at + static_cast<size_t>(Pick(1, 30)));
      part.to = std::min(window_.length(), time + kTimestampStep * Pick(0, 200));
      time = std::min(window_.length(), part.to + kTimestampStep * Pick(0, 20));
      at = part.end;
      parts_.push_back(part);
    }
  }

  std::mt19937 random_;
  const whisper::Tokenizer& tokenizer_;
  split::Window window_;
  Spoken spoken_;
  std::vector<TimedPart> parts_;
};

void ExpectOrder(const std::vector<Word>& words, const split::Window& window) {
  SampleTime earliest = window.begin();
  for (const Word& word : words) {
    EXPECT_GE(word.begin, earliest);
    EXPECT_GE(word.end, word.begin);
    EXPECT_LE(word.end, window.end());
    EXPECT_TRUE(std::ranges::any_of(window.segments,
                                    [&](const vad::SpeechSegment& segment) {
                                      return segment.begin <= word.begin && word.end <= segment.end;
                                    }))
        << word.begin.count() << ".." << word.end.count();
    EXPECT_GE(word.probability, 0.0F);
    EXPECT_LE(word.probability, 1.0F);
    earliest = word.end;
  }
}

TEST_F(SegmentsTest, AnySpeechGivesWordsInOrderWithinTheSpeech) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const RandomSpeech speech(seed, tokenizer_);
    const std::vector<Word> words = Words(speech.spoken(), speech.window());
    ExpectOrder(words, speech.window());
    std::string text;
    for (const Word& word : words) text += word.text;
    EXPECT_EQ(text, tokenizer_.Decode(speech.spoken().tokens));
    if (HasFailure()) return;
  }
}

TEST_F(SegmentsTest, AnySpeechGivesSegmentsThatHoldItAll) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const RandomSpeech speech(seed, tokenizer_);
    std::string text;
    std::vector<int32_t> tokens;
    SampleTime earliest = speech.window().begin();
    for (const Segment& segment : Segments(speech.spoken(), speech.window())) {
      ASSERT_FALSE(segment.words.empty());
      ExpectOrder(segment.words, speech.window());
      EXPECT_GE(segment.begin, earliest);
      EXPECT_EQ(segment.window, speech.window().index);
      earliest = segment.end;
      text += segment.text;
      tokens.insert(tokens.end(), segment.tokens.begin(), segment.tokens.end());
    }
    EXPECT_EQ(text, tokenizer_.Decode(speech.spoken().tokens));
    EXPECT_EQ(tokens, speech.spoken().tokens);
    if (HasFailure()) return;
  }
}

TEST_F(SegmentsTest, AnyPartsGiveSegmentsWithTheirWordsInside) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const RandomSpeech speech(seed, tokenizer_);
    const std::vector<Segment> segments =
        Segments(speech.spoken(), speech.window(), speech.parts());
    EXPECT_LE(segments.size(), speech.parts().size());
    std::vector<int32_t> tokens;
    SampleTime earliest = speech.window().begin();
    for (const Segment& segment : segments) {
      ASSERT_FALSE(segment.words.empty());
      EXPECT_GE(segment.begin, earliest);  // parts come in order
      EXPECT_GT(segment.end, segment.begin);
      earliest = segment.begin;
      SampleTime word_earliest = segment.begin;
      for (const Word& word : segment.words) {
        EXPECT_GE(word.begin, word_earliest);
        EXPECT_GE(word.end, word.begin);
        word_earliest = word.end;
      }
      EXPECT_LE(word_earliest, segment.end);
      tokens.insert(tokens.end(), segment.tokens.begin(), segment.tokens.end());
    }
    EXPECT_EQ(tokens, speech.spoken().tokens);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace verbatim::pipeline
