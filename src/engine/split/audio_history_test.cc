#include "split/audio_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace verbatim::split {
namespace {

// The stream's sample at a position: all different, exact in f32.
float SampleAt(int64_t position) { return static_cast<float>(position % 100003); }

void AppendStream(AudioHistory& history, int64_t count) {
  std::vector<float> samples;
  for (int64_t i = 0; i < count; ++i) samples.push_back(SampleAt(history.end().count() + i));
  history.Append(samples);
}

TEST(AudioHistory, CutsWhatWasAppended) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    AudioHistory history;
    for (int step = 0; step < 300; ++step) {
      AppendStream(history, random() % 2000);
      const int64_t held = (history.end() - history.begin()).count();
      if (random() % 3 == 0) {
        history.ForgetBefore(history.begin() + SampleTime{random() % (held + 100)});
        continue;
      }
      Window window;
      std::vector<float> expected;
      for (int64_t at = history.begin().count(); at < history.end().count();) {
        const int64_t end = std::min<int64_t>(at + random() % 700, history.end().count());
        window.segments.push_back({SampleTime{at}, SampleTime{end}});
        for (int64_t i = at; i < end; ++i) expected.push_back(SampleAt(i));
        at = end + static_cast<int64_t>(random() % 300);
      }
      EXPECT_EQ(history.Cut(window), expected);
    }
  }
}

TEST(AudioHistory, ForgettingBeyondTheEndKeepsThePosition) {
  AudioHistory history;
  AppendStream(history, 100);
  history.ForgetBefore(SampleTime{40});
  history.ForgetBefore(SampleTime{20});  // already gone
  EXPECT_EQ(history.begin(), SampleTime{40});
  history.ForgetBefore(SampleTime{1000});
  EXPECT_EQ(history.begin(), SampleTime{100});
  EXPECT_EQ(history.end(), SampleTime{100});
  AppendStream(history, 10);
  EXPECT_EQ(history.Cut({0, {{SampleTime{102}, SampleTime{104}}}}), (std::vector<float>{102, 103}));
}

// One sentence, then an hour of silence: the sentence stays, the silence is not held.
TEST(AudioHistory, APauseBehindAnOpenWindowCostsNothing) {
  AudioHistory history;
  AppendStream(history, 20'000);
  const SampleTime open_until{12'000};
  for (int second = 0; second < 3600; ++second) {
    AppendStream(history, 16'000);
    history.ForgetBefore(SampleTime{4'000});
    history.ForgetBetween(open_until, history.end() - SampleTime{4'000});
    ASSERT_LE(history.held(), 48'000U);
  }
  const int64_t late = history.end().count() - 3'000;
  const std::vector<float> audio =
      history.Cut({0, {{SampleTime{4'000}, open_until}, {SampleTime{late}, SampleTime{late + 2}}}});
  ASSERT_EQ(audio.size(), 8'002U);
  EXPECT_EQ(audio[0], 4'000.0F);
  EXPECT_EQ(audio[7'999], 11'999.0F);
  EXPECT_EQ(audio[8'001], SampleAt(late + 1));
}

TEST(AudioHistoryDeathTest, AudioThatIsGoneIsABug) {
  AudioHistory history;
  AppendStream(history, 100);
  history.ForgetBefore(SampleTime{40});
  EXPECT_DEATH(static_cast<void>(history.Cut({0, {{SampleTime{39}, SampleTime{50}}}})), "bug");
  EXPECT_DEATH(static_cast<void>(history.Cut({0, {{SampleTime{50}, SampleTime{101}}}})), "bug");
}

}  // namespace
}  // namespace verbatim::split
