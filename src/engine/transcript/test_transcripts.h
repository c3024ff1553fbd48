// Transcripts for tests: made at random from a seed, from tame to absurd.
#pragma once

#include <random>
#include <string>

#include "transcript/cue.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

class RandomTranscripts {
 public:
  explicit RandomTranscripts(unsigned seed) : random_(seed) {}

  int64_t Pick(int64_t min, int64_t max) {
    return std::uniform_int_distribution<int64_t>(min, max)(random_);
  }

  bool Chance(int percent) { return Pick(0, 99) < percent; }

  // Valid options, up to the ends of their ranges.
  CueOptions Options() {
    if (Chance(40)) return {};
    CueOptions options;
    options.line_length_max = static_cast<int>(Pick(10, Chance(50) ? 45 : 200));
    options.lines_max = static_cast<int>(Pick(1, Chance(80) ? 3 : 8));
    options.duration_max_ms = Pick(500, Chance(50) ? 8000 : 60'000);
    options.duration_min_ms = Pick(100, std::min<int64_t>(options.duration_max_ms, 10'000));
    options.gap_min_ms = Chance(50) ? Pick(0, 200) : Pick(0, 5000);
    options.pause_break_ms = Pick(100, Chance(50) ? 2000 : 60'000);
    options.reading_speed_max = static_cast<int>(Pick(5, 100));
    return options;
  }

  Transcript Make() {
    constexpr std::string_view kLanguages[] = {"en", "de", "ja", "th", "he", "", "xx"};
    Transcript transcript;
    transcript.source = Chance(10) ? "a\xff\"b\n.mp4" : "talk.mp4";
    transcript.language = kLanguages[Pick(0, 6)];
    transcript.language_probability = Fraction();
    transcript.model = "base";
    const bool is_absurd = Chance(40);
    for (int64_t i = Pick(0, 6); i > 0; --i) AddSegment(transcript, is_absurd);
    transcript.duration = clock_ + SampleTime{Pick(0, 40'000)};
    if (is_absurd && Chance(50)) transcript.duration = SampleTime{Pick(0, 2'000'000)};
    if (is_absurd && Chance(20)) transcript.duration = SampleTime{Pick(0, 400)};
    transcript.coverage =
        CompleteCoverage({{SampleTime{0}, clock_, CoverageKind::kTranscribed, ""},
                          {SampleTime{Pick(0, 90'000)}, SampleTime{Pick(0, 90'000)},
                           CoverageKind::kFailed, "damaged"}},
                         transcript.duration);
    if (Chance(20)) transcript.warnings.emplace_back("the sound is cut short");
    return transcript;
  }

 private:
  float Fraction() { return std::uniform_real_distribution<float>(0, 1)(random_); }

  std::string WordText(bool is_absurd) {
    constexpr std::string_view kTame[] = {" the",
                                          " and",
                                          " house.",
                                          " I",
                                          " can",
                                          "'t",
                                          " really,",
                                          " \"No!\"",
                                          " 3.5",
                                          "日",
                                          "本語",
                                          "です。",
                                          "きょう",
                                          "ท",
                                          "ี่",
                                          "น้ำ",
                                          " שלום,",
                                          " مرحبا؟",
                                          " 한국어",
                                          " naïve",
                                          " Dr.",
                                          " a—b",
                                          " 👩‍👩‍👧",
                                          " wait...",
                                          " e\u0301t\u00e9",
                                          "ー",
                                          "「"};
    constexpr std::string_view kAbsurd[] = {
        "",         " ",      "\n",     "\t\t",   " -->",   "--",   ">",        " <b>&amp;",
        "\r\n\r\n", "\u0301", "\u200b", "\u202e", "\uFEFF", "\xff", "\xe6\x97", "\u0600",
        " \u0301",  "\u2028", "WEBVTT", "\u00a0", "1\n2",   "-",    "->",       "\x01"};
    if (!is_absurd || Chance(70)) return std::string(kTame[Pick(0, std::size(kTame) - 1)]);
    if (Chance(97)) return std::string(kAbsurd[Pick(0, std::size(kAbsurd) - 1)]);
    std::string text = " ";
    const std::string_view part = Chance(50) ? "x" : "漢";
    for (int64_t i = Pick(1, 400); i > 0; --i) text += part;
    return text;
  }

  // Moves the clock on by what a word or pause lasts; now and then by nothing, by much or
  // backwards.
  SampleTime Advance(bool is_absurd) {
    if (Chance(10)) return clock_;
    if (is_absurd && Chance(20)) return SampleTime{Pick(-50'000, 3'000'000)};
    clock_ += SampleTime{Pick(0, Chance(95) ? 9000 : 200'000)};
    return clock_;
  }

  void AddSegment(Transcript& transcript, bool is_absurd) {
    Segment segment;
    segment.begin = clock_;
    segment.window = Pick(0, 3);
    segment.avg_logprob = -Fraction();
    segment.compression_ratio = 3 * Fraction();
    segment.no_speech_prob = Fraction();
    for (int64_t i = Pick(0, Chance(90) ? 20 : 150); i > 0; --i) {
      Word word;
      word.text = WordText(is_absurd);
      word.begin = Advance(is_absurd);
      word.end = Advance(is_absurd);
      word.probability = Fraction();
      segment.text += word.text;
      segment.tokens.push_back(static_cast<int32_t>(Pick(0, 51'864)));
      segment.words.push_back(std::move(word));
    }
    if (is_absurd && Chance(20)) segment.words.clear();
    segment.end = is_absurd && Chance(20) ? SampleTime{Pick(-9000, 900'000)} : clock_;
    transcript.segments.push_back(std::move(segment));
  }

  std::mt19937 random_;
  SampleTime clock_{0};
};

}  // namespace verbatim::transcript
