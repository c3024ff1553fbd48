#include "store/job_samples.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

class JobSamplesTest : public ::testing::Test, protected TestDatabase {};

TEST_F(JobSamplesTest, ComeBackWithEveryField) {
  const JobSample sample{"job", 1,   "base", "mp4", 2,  3.5,  4,    5,    6,    true, 7,
                         8,     9.5, 10.5,   11.5,  12, 13.5, 14.5, 15.5, 16.5, 17.5};
  ASSERT_TRUE(Write(InsertJobSample, sample));
  const auto found = Read(NewestJobSamples, size_t{10}).value();
  ASSERT_EQ(found.size(), 1U);
  const JobSample& back = found[0];
  EXPECT_EQ(back.job, "job");
  EXPECT_EQ(back.finished_ms, 1);
  EXPECT_EQ(back.model, "base");
  EXPECT_EQ(back.ending, "mp4");
  EXPECT_EQ(back.file_bytes, 2U);
  EXPECT_EQ(back.audio_s, 3.5);
  EXPECT_EQ(back.workers, 4);
  EXPECT_EQ(back.batch, 5);
  EXPECT_EQ(back.beams, 6);
  EXPECT_TRUE(back.is_language_given);
  EXPECT_EQ(back.others, 7);
  EXPECT_EQ(back.cores, 8);
  EXPECT_EQ(back.load, 9.5);
  EXPECT_EQ(back.waited_s, 10.5);
  EXPECT_EQ(back.worked_s, 11.5);
  EXPECT_EQ(back.peak_bytes, 12U);
  EXPECT_EQ(back.assumed_audio_s, 13.5);
  EXPECT_EQ(back.predicted_s, 14.5);
  EXPECT_EQ(back.predicted_bytes, 15.5);
  EXPECT_EQ(back.rule_s, 16.5);
  EXPECT_EQ(back.rule_bytes, 17.5);
}

TEST_F(JobSamplesTest, TheNewestStayInOrder) {
  for (int i = 0; i < 5; ++i) {
    JobSample sample;
    sample.workers = i;
    ASSERT_TRUE(Write(InsertJobSample, sample));
  }
  ASSERT_TRUE(Write(TrimJobSamples, size_t{3}));
  const auto found = Read(NewestJobSamples, size_t{10}).value();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].workers, 2);
  EXPECT_EQ(found[2].workers, 4);
  EXPECT_EQ(Read(NewestJobSamples, size_t{1}).value()[0].workers, 4);
}

}  // namespace
}  // namespace verbatim::store
