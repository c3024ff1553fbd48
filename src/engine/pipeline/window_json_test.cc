#include "pipeline/window_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace verbatim::pipeline {
namespace {

using transcript::CoverageKind;

// Draws values that stored numbers and texts may have, the odd ones among them.
class Source {
 public:
  explicit Source(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) { return random_() % limit; }
  SampleTime Time() {
    return SampleTime{static_cast<int64_t>(Below(size_t{1} << (1 + Below(45))))};
  }

  float Float() {
    static const float kOdd[] = {0.0F,
                                 -0.0F,
                                 1.0F / 3,
                                 std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::min(),
                                 -std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::infinity()};
    if (Below(4) == 0) return kOdd[Below(std::size(kOdd))];
    while (true) {  // any bits; the threads of an engine have no subnormal numbers
      const auto number = std::bit_cast<float>(static_cast<uint32_t>(random_()));
      if (std::isnormal(number)) return number;
    }
  }

  std::string Text() {
    static const char* const kParts[] = {" word", "\"", "\\", "\n", "é", "日本", "🎈", "", "\x01"};
    std::string text;
    for (size_t i = Below(6); i > 0; --i) text += kParts[Below(std::size(kParts))];
    return text;
  }

  std::pair<SampleTime, SampleTime> Times() {
    const SampleTime begin = Time();
    return {begin, begin + Time()};
  }

 private:
  std::mt19937 random_;
};

template <typename T>
std::vector<T> Several(Source& source, size_t min, const std::function<T()>& make) {
  std::vector<T> items;
  for (size_t i = min + source.Below(4); i > 0; --i) items.push_back(make());
  return items;
}

transcript::Segment MakeSegment(Source& source) {
  transcript::Segment segment;
  std::tie(segment.begin, segment.end) = source.Times();
  segment.text = source.Text();
  segment.words = Several<transcript::Word>(source, 1, [&] {
    const auto [begin, end] = source.Times();
    return transcript::Word{source.Text(), begin, end, source.Float()};
  });
  segment.tokens = Several<int32_t>(
      source, 0, [&] { return static_cast<int32_t>(source.Below(size_t{1} << 31)); });
  segment.window = static_cast<int64_t>(source.Below(1000));
  segment.avg_logprob = source.Float();
  segment.compression_ratio = source.Float();
  segment.no_speech_prob = source.Float();
  segment.temperature = source.Float();
  return segment;
}

WindowResult MakeResult(Source& source) {
  WindowResult result;
  result.window.index = static_cast<int64_t>(source.Below(100000));
  SampleTime end{0};
  result.window.segments = Several<vad::SpeechSegment>(source, 1, [&] {
    const SampleTime begin = end + source.Time();
    end = begin + source.Time() + SampleTime{1};
    return vad::SpeechSegment{begin, end, source.Float(), source.Float()};
  });
  result.coverage = Several<transcript::CoverageSpan>(source, 0, [&] {
    const auto [from, until] = source.Times();
    return transcript::CoverageSpan{from, until, static_cast<CoverageKind>(source.Below(4)),
                                    source.Text()};
  });
  result.segments = Several<transcript::Segment>(source, 0, [&] { return MakeSegment(source); });
  result.language = source.Text();
  result.language_probability = source.Float();
  result.language_guesses = Several<whisper::LanguageGuess>(source, 0, [&] {
    return whisper::LanguageGuess{static_cast<int32_t>(source.Below(60000)), source.Float()};
  });
  return result;
}

// The same to the bit, so that 0 and -0 differ.
void ExpectSame(float one, float other) {
  EXPECT_EQ(std::bit_cast<uint32_t>(one), std::bit_cast<uint32_t>(other)) << one << ' ' << other;
}

void ExpectSame(const transcript::Segment& one, const transcript::Segment& other) {
  EXPECT_EQ(std::tie(one.begin, one.end, one.text, one.tokens, one.window),
            std::tie(other.begin, other.end, other.text, other.tokens, other.window));
  ASSERT_EQ(one.words.size(), other.words.size());
  for (size_t i = 0; i < one.words.size(); ++i) {
    const transcript::Word& word = one.words[i];
    const transcript::Word& other_word = other.words[i];
    EXPECT_EQ(std::tie(word.text, word.begin, word.end),
              std::tie(other_word.text, other_word.begin, other_word.end));
    ExpectSame(word.probability, other_word.probability);
  }
  ExpectSame(one.avg_logprob, other.avg_logprob);
  ExpectSame(one.compression_ratio, other.compression_ratio);
  ExpectSame(one.no_speech_prob, other.no_speech_prob);
  ExpectSame(one.temperature, other.temperature);
}

void ExpectSame(const WindowResult& one, const WindowResult& other) {
  EXPECT_EQ(one.window.index, other.window.index);
  ASSERT_EQ(one.window.segments.size(), other.window.segments.size());
  for (size_t i = 0; i < one.window.segments.size(); ++i) {
    const vad::SpeechSegment& speech = one.window.segments[i];
    const vad::SpeechSegment& other_speech = other.window.segments[i];
    EXPECT_EQ(speech.begin, other_speech.begin);
    EXPECT_EQ(speech.end, other_speech.end);
    ExpectSame(speech.probability_mean, other_speech.probability_mean);
    ExpectSame(speech.probability_max, other_speech.probability_max);
  }
  ASSERT_EQ(one.coverage.size(), other.coverage.size());
  for (size_t i = 0; i < one.coverage.size(); ++i) {
    const transcript::CoverageSpan& span = one.coverage[i];
    const transcript::CoverageSpan& other_span = other.coverage[i];
    EXPECT_EQ(std::tie(span.begin, span.end, span.kind, span.reason),
              std::tie(other_span.begin, other_span.end, other_span.kind, other_span.reason));
  }
  ASSERT_EQ(one.segments.size(), other.segments.size());
  for (size_t i = 0; i < one.segments.size(); ++i) ExpectSame(one.segments[i], other.segments[i]);
  EXPECT_EQ(one.language, other.language);
  ExpectSame(one.language_probability, other.language_probability);
  ASSERT_EQ(one.language_guesses.size(), other.language_guesses.size());
  for (size_t i = 0; i < one.language_guesses.size(); ++i) {
    EXPECT_EQ(one.language_guesses[i].token, other.language_guesses[i].token);
    ExpectSame(one.language_guesses[i].probability, other.language_guesses[i].probability);
  }
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(WindowJson, ResultsComeBackToTheBit) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Source source(seed);
    const WindowResult result = MakeResult(source);
    const Result<WindowResult> back = DecodeWindowResult(EncodeWindowResult(result));
    ASSERT_TRUE(back) << seed << ": " << back.error().message;
    ExpectSame(result, *back);
    if (HasFailure()) FAIL() << "with seed " << seed << ": " << EncodeWindowResult(result);
  }
}

TEST(WindowJson, PlansComeBack) {
  for (const int64_t target : {5 * kSampleRate, 123456L, 30 * kSampleRate}) {
    for (const int64_t gap : {0L, 1L, 2 * kSampleRate}) {
      const split::SplitPlan plan{SampleTime{target}, SampleTime{gap}};
      const Result<split::SplitPlan> back = DecodeSplitPlan(EncodeSplitPlan(plan));
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ(back->window_target, plan.window_target);
      EXPECT_EQ(back->gap_keep, plan.gap_keep);
    }
  }
}

TEST(WindowJson, WhatIsWrongIsSaid) {
  Source source(1);
  WindowResult result = MakeResult(source);
  result.window = {3, {{SampleTime{10}, SampleTime{20}, 0.5F, 1}}};
  result.segments = {MakeSegment(source)};
  result.segments[0].window = 3;
  result.coverage = {{SampleTime{10}, SampleTime{20}, CoverageKind::kUncertain, "why"}};
  result.language_guesses = {{7, 0.25F}};
  const std::string json = EncodeWindowResult(result);
  ASSERT_TRUE(DecodeWindowResult(json));
  const std::pair<const char*, const char*> kChanges[] = {
      {"\"index\":3", "\"index\":-3"},
      {"\"index\":3", "\"index\":\"3\""},
      {"\"index\":3", "\"index\":3.5"},
      {"\"index\":3", "\"index\":99999999999999999999"},
      {"\"index\":3", "\"other\":3"},
      {"[[10,20,", "[[20,20,"},
      {"[[10,20,", "[[-1,20,"},
      {"[[10,20,", "[[10,20,30,"},
      {"[[10,20,", "[[10,9000000000000000000,"},
      {"[[10,20,", "[[10,15,0,0],[14,20,"},
      {"[[10,20,", "[{},[10,20,"},
      {"\"uncertain\"", "\"certain\""},
      {"\"reason\":\"why\"", "\"reason\":null"},
      {"\"begin\":10,\"end\":20", "\"begin\":10,\"end\":9"},
      {"\"avg_logprob\":", "\"avg_logprob\":true,\"x\":"},
      {"\"avg_logprob\":", "\"avg_logprob\":1e300,\"x\":"},
      {"\"avg_logprob\":", "\"avg_logprob\":\"infinite\",\"x\":"},
      {"\"words\":[", "\"words\":[],\"x\":["},
      {"\"tokens\":[", "\"tokens\":[-1],\"x\":["},
      {"\"tokens\":[", "\"tokens\":[4294967296],\"x\":["},
      {"[[7,", "[[7,0,"},
      {"{", "["},
  };
  for (const auto& [from, to] : kChanges) {
    const Result<WindowResult> changed = DecodeWindowResult(Replaced(json, from, to));
    ASSERT_FALSE(changed) << from << " -> " << to;
    EXPECT_EQ(changed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(changed.error().message.empty());
  }
  for (size_t length = 0; length < json.size(); ++length)
    EXPECT_FALSE(DecodeWindowResult(json.substr(0, length)));
  for (const char* plan :
       {"", "[]", "{}", R"({"window_target":79999,"gap_keep":0})",
        R"({"window_target":480001,"gap_keep":0})", R"({"window_target":480000,"gap_keep":-1})",
        R"({"window_target":480000})", R"({"window_target":"480000","gap_keep":0})"}) {
    EXPECT_FALSE(DecodeSplitPlan(plan)) << plan;
  }
}

// Whatever the bytes, they are refused or make a result that is stored and read again.
TEST(WindowJson, DamageIsNoCrash) {
  std::mt19937 random(5);
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    Source source(seed % 50);
    std::string json = EncodeWindowResult(MakeResult(source));
    for (size_t i = 1 + random() % 3; i > 0; --i)
      json[random() % json.size()] =
          static_cast<char>(random() % 2 == 0 ? random() : '0' + random() % 10);
    const Result<WindowResult> result = DecodeWindowResult(json);
    if (!result) continue;
    EXPECT_TRUE(DecodeWindowResult(EncodeWindowResult(*result)));
  }
}

}  // namespace
}  // namespace verbatim::pipeline
