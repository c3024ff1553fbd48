#include "pipeline/language_track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace verbatim::pipeline {
namespace {

using whisper::LanguageGuess;
using Guesses = std::vector<LanguageGuess>;

constexpr float kConfident = 0.5F;

// The rule as the header states it, window by window.
std::vector<LanguageGuess> Expected(const std::vector<Guesses>& windows) {
  std::vector<LanguageGuess> answers;
  std::map<int32_t, float> sums;
  std::optional<LanguageGuess> confident;
  for (const Guesses& guesses : windows) {
    for (const LanguageGuess& guess : guesses) sums[guess.token] += guess.probability;
    if (!confident && guesses.front().probability >= kConfident) confident = guesses.front();
    const auto best =
        std::ranges::max_element(sums, {}, [](const auto& entry) { return entry.second; });
    answers.push_back(
        confident
            ? *confident
            : LanguageGuess{best->first, best->second / static_cast<float>(answers.size() + 1)});
  }
  return answers;
}

// Guesses of one window: probabilities of three languages, likeliest first, seldom confident.
Guesses MakeGuesses(std::mt19937& random, float top_max) {
  std::uniform_real_distribution<float> top(0.34F, top_max);
  const float first = top(random);
  std::vector<int32_t> tokens = {10, 11, 12};
  std::ranges::shuffle(tokens, random);
  return {{tokens[0], first}, {tokens[1], (1 - first) * 0.6F}, {tokens[2], (1 - first) * 0.4F}};
}

// Threads take windows in order, as workers do, and answer at their own pace.
std::vector<LanguageGuess> Race(const std::vector<Guesses>& windows, size_t threads,
                                uint32_t seed) {
  LanguageTrack track;
  std::vector<LanguageGuess> answers(windows.size());
  std::atomic<size_t> next{0};
  {
    std::vector<std::jthread> pool;
    for (size_t thread = 0; thread < threads; ++thread) {
      pool.emplace_back([&, thread] {
        std::mt19937 random(seed + static_cast<uint32_t>(thread));
        for (size_t window = next++; window < windows.size(); window = next++) {
          std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
          const auto index = static_cast<int64_t>(window);
          std::optional<LanguageGuess> answer = track.Settled(index);
          if (!answer) answer = track.Resolve(index, windows[window], {});
          answers[window] = answer.value_or(LanguageGuess{-1, -1});
        }
      });
    }
  }
  return answers;
}

TEST(LanguageTrack, AnswersDoNotDependOnThreads) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    std::vector<Guesses> windows(25);
    for (Guesses& guesses : windows) guesses = MakeGuesses(random, seed % 3 == 0 ? 0.49F : 0.515F);
    const std::vector<LanguageGuess> expected = Expected(windows);
    for (const size_t threads : {size_t{1}, size_t{2}, size_t{5}}) {
      const std::vector<LanguageGuess> answers = Race(windows, threads, seed * 100);
      for (size_t i = 0; i < windows.size(); ++i) {
        EXPECT_EQ(answers[i].token, expected[i].token) << seed << ' ' << threads << ' ' << i;
        EXPECT_EQ(answers[i].probability, expected[i].probability) << i;
      }
    }
  }
}

TEST(LanguageTrack, AConfidentGuessSettlesWhatFollows) {
  LanguageTrack track;
  EXPECT_FALSE(track.Settled(0));
  EXPECT_EQ(track.Resolve(0, {{7, 0.4F}, {8, 0.3F}}, {})->token, 7);
  EXPECT_FALSE(track.Settled(1));
  EXPECT_EQ(track.Resolve(1, {{8, 0.9F}, {7, 0.1F}}, {})->token, 8);
  ASSERT_TRUE(track.Settled(2));
  EXPECT_EQ(track.Settled(2)->token, 8);
  EXPECT_EQ(track.Settled(1000)->probability, 0.9F);
}

TEST(LanguageTrack, AWindowWaitsForThoseBeforeIt) {
  LanguageTrack track;
  auto second =
      std::async(std::launch::async, [&] { return track.Resolve(1, {{7, 0.4F}, {8, 0.3F}}, {}); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
  EXPECT_EQ(track.Resolve(0, {{8, 0.45F}, {7, 0.2F}}, {})->token, 8);
  EXPECT_EQ(second.get()->token, 8);  // 0.75 of two windows against 0.6
}

TEST(LanguageTrack, StopWakesThoseWhoWait) {
  LanguageTrack track;
  std::stop_source stop;
  std::vector<std::future<std::optional<LanguageGuess>>> waiting;
  for (int64_t window = 1; window < 4; ++window) {
    waiting.push_back(std::async(std::launch::async, [&, window] {
      return track.Resolve(window, {{7, 0.4F}}, stop.get_token());
    }));
  }
  EXPECT_EQ(waiting[0].wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
  stop.request_stop();
  for (auto& one : waiting) EXPECT_FALSE(one.get());
}

}  // namespace
}  // namespace verbatim::pipeline
