#include "history/bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace verbatim::history {
namespace {

constexpr auto kLoad = static_cast<size_t>(Series::kLoad);
constexpr auto kCpu = static_cast<size_t>(Series::kCpu);

Sample MakeSample(double cpu, double load) {
  Sample sample;
  sample.at(Series::kCpu) = cpu;
  sample.at(Series::kLoad) = load;
  return sample;
}

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(BucketTest, HoldsMeanLeastAndGreatest) {
  Bucket bucket;
  for (const double cpu : {1, 2, 6}) bucket.Add(MakeSample(cpu, 0));
  EXPECT_EQ(bucket.count, 3);
  EXPECT_DOUBLE_EQ(bucket.series[kCpu].mean, 3);
  EXPECT_DOUBLE_EQ(bucket.series[kCpu].min, 1);
  EXPECT_DOUBLE_EQ(bucket.series[kCpu].max, 6);
}

TEST(BucketTest, MergedItIsAsIfAllSamplesWereInOne) {
  Bucket all;
  Bucket first;
  Bucket second;
  for (int i = 0; i < 10; ++i) {
    const Sample sample = MakeSample(i * i, i % 3 == 0 ? kNone : i);
    all.Add(sample);
    (i < 3 ? first : second).Add(sample);
  }
  first.Merge(second);
  EXPECT_EQ(first.count, all.count);
  for (const size_t series : {kCpu, kLoad}) {
    EXPECT_NEAR(first.series[series].mean, all.series[series].mean, 1e-9);
    EXPECT_EQ(first.series[series].min, all.series[series].min);
    EXPECT_EQ(first.series[series].max, all.series[series].max);
    EXPECT_EQ(first.series[series].count, all.series[series].count);
  }
  EXPECT_EQ(all.series[kLoad].count, 6);
}

TEST(BucketTest, ComesBackFromJson) {
  Bucket bucket;
  bucket.Add(MakeSample(1.5, kNone));
  bucket.Add(MakeSample(2.5, kNone));
  bucket.series[kNamedSeries] = {.5, .25, .75, 2};
  const std::string text = EncodeBucket(bucket);
  EXPECT_THAT(text, ::testing::HasSubstr("\"cpu_cores\":[2,1.5,2.5]"));
  const Result<Bucket> back = DecodeBucket(120, 2, text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->begin_s, 120);
  EXPECT_EQ(back->count, 2);
  EXPECT_DOUBLE_EQ(back->series[kCpu].max, 2.5);
  EXPECT_EQ(back->series[kLoad].count, 0);
  EXPECT_DOUBLE_EQ(back->series[kNamedSeries].mean, .5);
  const auto queued = static_cast<size_t>(Series::kJobsQueued);
  EXPECT_EQ(back->series[queued].count, 2);  // 0 is not written, and is a reading all the same
  EXPECT_EQ(back->series[queued].mean, 0);
  EXPECT_EQ(EncodeBucket(*back), text);
}

TEST(BucketTest, AnOptionalReadingOfZeroIsKept) {
  Bucket bucket;
  bucket.Add(MakeSample(0, 0));
  EXPECT_EQ(DecodeBucket(0, 1, EncodeBucket(bucket))->series[kLoad].count, 1);
}

TEST(BucketTest, AnIdleMinuteIsSmall) {
  Bucket bucket;
  for (int i = 0; i < 60; ++i) bucket.Add(MakeSample(0.001 * i, 0.1));
  EXPECT_LT(EncodeBucket(bucket).size(), 250U);
}

TEST(BucketTest, OtherTextIsAnError) {
  for (const char* text :
       {"", "[]", "{", "{\"load\":\"x\"}", "{\"load\":[1,2]}", "{\"load\":[1,2,null]}"}) {
    EXPECT_FALSE(DecodeBucket(0, 1, text)) << text;
  }
  EXPECT_TRUE(DecodeBucket(0, 1, "{\"of a later version\":[]}"));
}

TEST(BucketTest, StepsBeginBeforeTheTime) {
  EXPECT_EQ(StepBegin(125, 60), 120);
  EXPECT_EQ(StepBegin(120, 60), 120);
  EXPECT_EQ(StepBegin(-1, 60), -60);
}

}  // namespace
}  // namespace verbatim::history
