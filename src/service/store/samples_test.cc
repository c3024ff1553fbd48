#include "store/samples.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

class SamplesTest : public ::testing::Test, protected TestDatabase {
 protected:
  void Put(int64_t step_s, int64_t begin_s, const std::string& data = "{}") {
    ASSERT_TRUE(Write(PutSample, StoredSample{step_s, begin_s, 60, data}));
  }
  std::vector<int64_t> Begins(const SampleRange& range) {
    std::vector<int64_t> begins;
    const Result<std::vector<StoredSample>> samples = Read(SamplesIn, range);
    EXPECT_TRUE(samples);
    for (const StoredSample& sample : *samples) {
      begins.push_back(sample.begin_s);
    }
    return begins;
  }
};

using Times = std::vector<int64_t>;

TEST_F(SamplesTest, AreFoundByStepAndTimeInOrder) {
  for (const int64_t begin : {180, 60, 120, 240}) Put(60, begin);
  Put(3600, 0);
  EXPECT_EQ(Begins({60, 60, 240}), (Times{60, 120, 180}));
  EXPECT_EQ(Begins({60}), (Times{60, 120, 180, 240}));
  EXPECT_EQ(Begins({3600}), Times{0});
  EXPECT_FALSE(Read(FindSample, int64_t{60}, int64_t{0}).value());
}

TEST_F(SamplesTest, OneReplacesThatOfTheSameTime) {
  Put(60, 60, "old");
  Put(60, 60, "new");
  const auto found = Read(FindSample, int64_t{60}, int64_t{60}).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->data, "new");
  EXPECT_EQ(found->count, 60);
  EXPECT_EQ(Begins({60}).size(), 1U);
}

TEST_F(SamplesTest, OtherStepsAreRefused) {
  EXPECT_FALSE(Write(PutSample, StoredSample{61, 0, 1, "{}"}));
}

TEST_F(SamplesTest, HoursThatWereNotSummedUpAreFound) {
  for (const int64_t begin : {0, 60, 3600, 7200, 7260, 10800}) Put(60, begin);
  Put(3600, 3600);
  EXPECT_EQ(Read(HoursWithoutSample, int64_t{10800}).value(), (Times{0, 7200}));
}

TEST_F(SamplesTest, TrimmingKeepsTheOtherStep) {
  for (const int64_t begin : {0, 3600, 7200}) {
    Put(60, begin);
    Put(3600, begin);
  }
  ASSERT_TRUE(Write(TrimSamples, int64_t{60}, int64_t{7200}));
  EXPECT_EQ(Begins({60}), Times{7200});
  EXPECT_EQ(Begins({3600}).size(), 3U);
}

}  // namespace
}  // namespace verbatim::store
