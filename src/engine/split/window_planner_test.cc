#include "split/window_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>

namespace verbatim::split {
namespace {

using vad::SpeechSegment;

constexpr SampleTime kSecond{kSampleRate};

std::vector<Window> Plan(const SplitPlan& plan, const std::vector<SpeechSegment>& segments) {
  WindowPlanner planner(plan);
  std::vector<Window> windows;
  for (const SpeechSegment& segment : segments) {
    if (auto window = planner.Push(segment)) windows.push_back(*window);
  }
  if (auto window = planner.Finish()) windows.push_back(*window);
  return windows;
}

std::vector<SpeechSegment> RandomSegments(std::mt19937& random, int64_t length_max) {
  std::vector<SpeechSegment> segments;
  SampleTime at{0};
  for (unsigned i = 0; i < random() % 200; ++i) {
    at += SampleTime{random() % 3 == 0 ? 0 : random() % 40000};
    const SampleTime end = at + SampleTime{1 + random() % length_max};
    segments.push_back({at, end, 0.5F, 0.9F});
    at = end;
  }
  return segments;
}

// Every sample of speech is in the window's segments; the pauses in there were to be kept.
void ExpectHolds(const Window& window, std::span<const SpeechSegment> segments,
                 SampleTime gap_keep) {
  SampleTime speech{0};
  SampleTime gaps{0};
  size_t piece = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].begin >= window.segments[piece].end) ++piece;
    ASSERT_LT(piece, window.segments.size());
    EXPECT_GE(segments[i].begin, window.segments[piece].begin);
    EXPECT_LE(segments[i].end, window.segments[piece].end);
    speech += segments[i].end - segments[i].begin;
    if (i == 0 || segments[i].begin == window.segments[piece].begin) continue;
    const SampleTime gap = segments[i].begin - segments[i - 1].end;
    EXPECT_LE(gap, gap_keep);
    gaps += gap;
  }
  EXPECT_EQ(piece + 1, window.segments.size());
  EXPECT_EQ(window.length(), speech + gaps);
}

TEST(WindowPlanner, EverySegmentIsInOneWindowAndWindowsAreFull) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const SplitPlan plan{SampleTime{80000 + random() % 400001}, SampleTime{random() % 20000}};
    // Some segments are longer than a window.
    const auto segments = RandomSegments(random, 2 + plan.window_target.count() * 5 / 4);
    const auto windows = Plan(plan, segments);
    size_t next = 0;
    for (size_t i = 0; i < windows.size(); ++i) {
      const Window& window = windows[i];
      EXPECT_EQ(window.index, static_cast<int64_t>(i));
      size_t last = next;
      while (last < segments.size() && segments[last].end <= window.end()) ++last;
      ASSERT_GT(last, next);
      ExpectHolds(window, std::span(segments).subspan(next, last - next), plan.gap_keep);
      if (last - next > 1) {
        EXPECT_LE(window.length(), plan.window_target);
      }
      if (last < segments.size()) {
        const SampleTime following = segments[last].end - segments[last].begin;
        EXPECT_GT(window.length() + following, plan.window_target);
      }
      next = last;
    }
    EXPECT_EQ(next, segments.size());
    if (HasFailure()) return;
  }
}

TEST(WindowPlanner, OpenSinceIsTheBeginOfTheOpenWindow) {
  WindowPlanner planner({10 * kSecond, SampleTime{0}});
  EXPECT_EQ(planner.open_since(), std::nullopt);
  EXPECT_FALSE(planner.Push({kSecond, 7 * kSecond}).has_value());
  EXPECT_EQ(planner.open_since(), kSecond);
  EXPECT_FALSE(planner.Push({8 * kSecond, 12 * kSecond}).has_value());
  EXPECT_EQ(planner.open_since(), kSecond);
  const auto full = planner.Push({13 * kSecond, 14 * kSecond});
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->segments.size(), 2U);
  EXPECT_EQ(planner.open_since(), 13 * kSecond);
  ASSERT_TRUE(planner.Finish().has_value());
  EXPECT_EQ(planner.open_since(), std::nullopt);
  EXPECT_FALSE(planner.Finish().has_value());
}

TEST(WindowPlanner, ShortGapsAreKeptWhereThereIsRoom) {
  const SplitPlan plan{10 * kSecond, kSecond};
  const auto windows = Plan(plan, {{0 * kSecond, 4 * kSecond, 0.4F, 0.5F},
                                   {5 * kSecond, 9 * kSecond, 0.8F, 0.9F},
                                   {10 * kSecond, 11 * kSecond, 0.5F, 0.6F}});
  ASSERT_EQ(windows.size(), 1U);
  // 4 + 1 + 4 + 1 s fill the window, so the second gap is left out.
  ASSERT_EQ(windows[0].segments.size(), 2U);
  EXPECT_EQ(windows[0].length(), 10 * kSecond);
  EXPECT_EQ(windows[0].segments[0].end, 9 * kSecond);
  EXPECT_FLOAT_EQ(windows[0].segments[0].probability_mean, 0.6F);
  EXPECT_FLOAT_EQ(windows[0].segments[0].probability_max, 0.9F);
}

TEST(Window, TimesAreMappedPiecewise) {
  const Window window{0, {{SampleTime{100}, SampleTime{200}}, {SampleTime{500}, SampleTime{550}}}};
  const auto begin = [&](int64_t time) {
    return window.ToFileTime(SampleTime{time}, false).count();
  };
  const auto end = [&](int64_t time) { return window.ToFileTime(SampleTime{time}, true).count(); };
  EXPECT_EQ(window.length(), SampleTime{150});
  EXPECT_EQ(begin(-5), 100);
  EXPECT_EQ(begin(0), 100);
  EXPECT_EQ(begin(99), 199);
  EXPECT_EQ(begin(100), 500);
  EXPECT_EQ(end(100), 200);
  EXPECT_EQ(end(101), 501);
  EXPECT_EQ(begin(149), 549);
  EXPECT_EQ(begin(150), 550);
  EXPECT_EQ(end(150), 550);
  EXPECT_EQ(end(9999), 550);
}

TEST(Window, MappingNeverRunsBackwards) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    for (const Window& window : Plan({}, RandomSegments(random, 50000))) {
      SampleTime before = window.begin();
      for (SampleTime at{0}; at <= window.length(); at += SampleTime{320}) {
        const SampleTime as_end = window.ToFileTime(at, true);
        const SampleTime as_begin = window.ToFileTime(at, false);
        ASSERT_LE(before, as_end);
        ASSERT_LE(as_end, as_begin);
        ASSERT_LE(as_begin, window.end());
        before = as_begin;
      }
    }
  }
}

TEST(PlanSplit, WindowsAreFullUnlessMemoryIsVeryTight) {
  constexpr uint64_t kMebibyte = 1 << 20;
  const auto target = [](uint64_t free) { return PlanSplit({}, free).window_target / kSecond; };
  EXPECT_EQ(target(0), 30);
  EXPECT_EQ(target(64 << 10), 10);
  EXPECT_EQ(target(150 * kMebibyte), 15);
  EXPECT_EQ(target(250 * kMebibyte), 20);
  EXPECT_EQ(target(300 * kMebibyte), 30);
  EXPECT_EQ(target(64000 * kMebibyte), 30);
}

TEST(PlanSplit, ShortMediaKeepsItsPauses) {
  EXPECT_GT(PlanSplit({30 * kSecond, 0}, 0).gap_keep, SampleTime{0});
  EXPECT_EQ(PlanSplit({31 * kSecond, 0}, 0).gap_keep, SampleTime{0});
  EXPECT_EQ(PlanSplit({0 * kSecond, 0}, 0).gap_keep, SampleTime{0});
  EXPECT_GT(PlanSplit({0 * kSecond, 20000}, 0).gap_keep, SampleTime{0});
  EXPECT_EQ(PlanSplit({0 * kSecond, 30000}, 0).gap_keep, SampleTime{0});
  // A duration that is known counts more than the size.
  EXPECT_EQ(PlanSplit({31 * kSecond, 20000}, 0).gap_keep, SampleTime{0});
}

}  // namespace
}  // namespace verbatim::split
