#include "media/impl/block_queue.h"

#include <gtest/gtest.h>

#include <chrono>

#include "media/impl/damage_log.h"

namespace verbatim::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BlockQueue, HandsOutWhatWentInInOrder) {
  BlockQueue queue;
  std::vector<float> expected;
  float value = 0;
  for (size_t size = 1; size < 40'000; size = size * 7 / 4 + 1) {
    std::vector<float> piece(size);
    for (float& sample : piece) sample = ++value;
    queue.Append(piece);
    expected.insert(expected.end(), piece.begin(), piece.end());
    queue.AppendSilence(SampleTime{static_cast<int64_t>(size / 3)});
    expected.insert(expected.end(), size / 3, 0.0F);
  }
  EXPECT_EQ(queue.end().count(), static_cast<int64_t>(expected.size()));
  std::vector<float> taken;
  while (auto block = queue.Take()) {
    EXPECT_EQ(block->begin.count(), static_cast<int64_t>(taken.size()));
    ASSERT_GE(block->samples.size(), 1U);
    ASSERT_LE(block->samples.size(), 16'000U);
    taken.insert(taken.end(), block->samples.begin(), block->samples.end());
  }
  EXPECT_EQ(taken, expected);
}

TEST(BlockQueue, HasABlockOnlyWhenItIsFull) {
  BlockQueue queue;
  queue.Append(std::vector<float>(15'999));
  EXPECT_FALSE(queue.has_block());
  queue.AppendSilence(SampleTime{1});
  EXPECT_TRUE(queue.has_block());
  EXPECT_EQ(queue.Take()->samples.size(), 16'000U);
  EXPECT_FALSE(queue.Take().has_value());
}

TEST(BlockQueue, SilenceOfAnyLengthIsCheap) {
  BlockQueue queue;
  queue.AppendSilence(std::chrono::hours(10'000));
  EXPECT_EQ(queue.Take()->samples, std::vector<float>(16'000));
}

TEST(DamageLog, JoinsNeighboursOfOneReason) {
  DamageLog log;
  log.Add(seconds(1), seconds(2), "damaged");
  log.Add(seconds(2) + milliseconds(100), seconds(3), "damaged");
  log.Add(seconds(3), seconds(4), "missing");
  log.Add(seconds(9), seconds(10), "missing");
  ASSERT_EQ(log.entries().size(), 3U);
  EXPECT_EQ(log.entries()[0].begin, seconds(1));
  EXPECT_EQ(log.entries()[0].end, seconds(3));
  EXPECT_EQ(log.entries()[1].reason, "missing");
}

TEST(DamageLog, LeavesOutWhatHasNoLength) {
  DamageLog log;
  log.Add(seconds(1), seconds(1), "damaged");
  EXPECT_TRUE(log.entries().empty());
}

TEST(DamageLog, IsBounded) {
  DamageLog log;
  for (int i = 0; i < 5000; ++i) log.Add(seconds(10 * i), seconds(10 * i + 1), "damaged");
  ASSERT_EQ(log.entries().size(), DamageLog::kEntriesMax);
  EXPECT_EQ(log.entries().back().end, seconds(49'991));
}

}  // namespace
}  // namespace verbatim::media
