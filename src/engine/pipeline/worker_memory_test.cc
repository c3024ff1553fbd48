#include "pipeline/worker_memory.h"

#include <gtest/gtest.h>

namespace verbatim::pipeline {
namespace {

constexpr uint64_t kMegabyte = uint64_t{1} << 20;
constexpr uint64_t kRest = 48 * kMegabyte;

WorkerBytes Bytes(uint64_t held, uint64_t reserved) {
  return {held * kMegabyte, reserved * kMegabyte};
}

TEST(WorkerMemory, WhatIsNotKnownSetsNoLimit) {
  WorkerMemory memory;
  memory.Offer(0, std::nullopt);
  EXPECT_TRUE(memory.Claim(0, Bytes(1 << 20, 1 << 20), Need::kWelcome));
}

TEST(WorkerMemory, WorkersHaveWhatIsThereAndNoMore) {
  WorkerMemory memory;
  memory.Offer(kRest + 250 * kMegabyte, std::nullopt);
  EXPECT_TRUE(memory.Claim(0, Bytes(100, 500), Need::kWelcome));
  EXPECT_TRUE(memory.Claim(1, Bytes(100, 500), Need::kWelcome));
  EXPECT_FALSE(memory.Claim(2, Bytes(100, 500), Need::kWelcome));
  EXPECT_TRUE(memory.Claim(2, Bytes(50, 500), Need::kWelcome));
  memory.Release(0);
  EXPECT_TRUE(memory.Claim(3, Bytes(100, 500), Need::kWelcome));
}

TEST(WorkerMemory, AWorkerThatIsMadeAnewGivesBackFirst) {
  WorkerMemory memory;
  memory.Offer(kRest + 100 * kMegabyte, std::nullopt);
  EXPECT_TRUE(memory.Claim(0, Bytes(100, 0), Need::kWelcome));
  EXPECT_TRUE(memory.Claim(0, Bytes(100, 0), Need::kWelcome));
  EXPECT_FALSE(memory.Claim(0, Bytes(101, 0), Need::kWelcome));
  EXPECT_TRUE(memory.Claim(1, Bytes(100, 0), Need::kWelcome));  // the first has nothing now
}

TEST(WorkerMemory, AnOnlyWorkerIsMadeUnlessItCannotBe) {
  WorkerMemory memory;
  memory.Offer(kMegabyte, kRest + 300 * kMegabyte);
  EXPECT_FALSE(memory.Claim(0, Bytes(100, 300), Need::kWelcome));
  EXPECT_TRUE(memory.Claim(0, Bytes(100, 300), Need::kOnly));
  EXPECT_FALSE(memory.Claim(0, Bytes(100, 301), Need::kOnly));
}

// What workers have is missing in what is read then.
TEST(WorkerMemory, ANewOfferCountsBesideWhatIsClaimed) {
  WorkerMemory memory;
  memory.Offer(kRest + 100 * kMegabyte, kRest + 100 * kMegabyte);
  EXPECT_TRUE(memory.Claim(0, Bytes(100, 100), Need::kWelcome));
  EXPECT_FALSE(memory.Claim(1, Bytes(100, 100), Need::kWelcome));
  memory.Offer(kRest + 100 * kMegabyte, kRest + 100 * kMegabyte);
  EXPECT_TRUE(memory.Claim(1, Bytes(100, 100), Need::kWelcome));
}

}  // namespace
}  // namespace verbatim::pipeline
