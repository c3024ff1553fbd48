// What is let go, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "jobs/test_server.h"

namespace verbatim::jobs {
namespace {

using store::Job;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

class RetentionTest : public testing::Test {
 protected:
  RetentionTest() : server_(folder_.path()) {}

  Job Finish(unsigned seed) {
    const Job job = server_.Submit(server_.Upload(Speech(1, seed)));
    server_.jobs().RunNext();
    return server_.Find(job.id);
  }
  void Keep(const Retention& retention) {
    JobLimits limits;
    limits.retention = retention;
    server_.jobs().SetLimits(limits);
  }
  void Pass(int64_t ms) {
    server_.clock().Advance(ms);
    server_.jobs().Sweep();
  }

  TestFolder folder_;
  TestServer server_;
};

TEST_F(RetentionTest, OldJobsGoWithAllThatTheyHave) {
  Keep({.keep_ms = 2 * kDayMs, .keep_bytes = 0, .keep_media_ms = 0});
  const Job old = Finish(1);
  Pass(kDayMs);
  const Job young = Finish(2);
  const Job waiting = server_.Submit(server_.Upload(Speech(1, 3)));
  Pass(kDayMs - kHourMs);
  EXPECT_TRUE(server_.Exists(old.id));
  Pass(2 * kHourMs);
  EXPECT_FALSE(server_.Exists(old.id));
  EXPECT_EQ(server_.uploads().Find(old.upload).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(server_.Events(old.id), Contains(Field(&store::Event::type, "job_deleted")));
  EXPECT_TRUE(server_.Exists(young.id));
  Pass(30 * kDayMs);
  EXPECT_TRUE(server_.Exists(waiting.id)) << "it has not ended";
}

TEST_F(RetentionTest, AClockThatIsSetForwardRemovesNothingForADay) {
  Keep({.keep_ms = 2 * kDayMs, .keep_bytes = 0, .keep_media_ms = kDayMs});
  const Job job = Finish(1);
  const std::string upload = server_.Begin(32);
  Pass(1);
  server_.clock().Set(3650 * kDayMs);
  Pass(1);
  Pass(kDayMs - kHourMs);
  EXPECT_TRUE(server_.Exists(job.id));
  EXPECT_TRUE(server_.uploads().OpenSource(job.upload));
  EXPECT_TRUE(server_.uploads().Find(upload));
  server_.clock().Set(-3650 * kDayMs);  // set right: it is believed again
  Pass(2 * kHourMs);
  EXPECT_TRUE(server_.Exists(job.id));
  EXPECT_FALSE(server_.uploads().OpenSource(job.upload));
  EXPECT_FALSE(server_.uploads().Find(upload));
  server_.clock().Set(30 * kDayMs);
  Pass(1);
  EXPECT_TRUE(server_.Exists(job.id));
  Pass(kDayMs);
  EXPECT_FALSE(server_.Exists(job.id));
}

TEST_F(RetentionTest, NothingGoesUnlessItIsAskedFor) {
  const Job job = Finish(1);
  Pass(10'000 * kDayMs);
  EXPECT_TRUE(server_.Exists(job.id));
  EXPECT_TRUE(server_.uploads().OpenSource(job.upload));
}

TEST_F(RetentionTest, TooMuchMeansTheOldestButNoneWithinAnHour) {
  const Job first = Finish(1);
  Pass(kHourMs);
  const Job second = Finish(2);
  Keep({.keep_ms = 0, .keep_bytes = 1, .keep_media_ms = 0});
  Pass(1);
  EXPECT_FALSE(server_.Exists(first.id));
  EXPECT_TRUE(server_.Exists(second.id));
  Pass(kHourMs);
  EXPECT_FALSE(server_.Exists(second.id));
}

TEST_F(RetentionTest, MediaGoAloneAndAreMissedByNobody) {
  Keep({.keep_ms = 0, .keep_bytes = 0, .keep_media_ms = kDayMs});
  const Job job = Finish(1);
  const std::string text = server_.Text(job.id);
  Pass(2 * kDayMs);
  EXPECT_EQ(server_.Text(job.id), text);
  EXPECT_THAT(server_.uploads().OpenSource(job.upload).error().message,
              HasSubstr("keep_media_days"));
  EXPECT_THAT(server_.Events(job.id), Contains(Field(&store::Event::type, "media_deleted")));
  JobRequest request;
  request.upload = job.upload;
  EXPECT_EQ(server_.jobs().Submit(request).error().code, ErrorCode::kNotFound);
  server_.Crash();
  EXPECT_EQ(server_.Text(job.id), text);
  EXPECT_TRUE(server_.jobs().Delete(job.id));
}

TEST_F(RetentionTest, MediaStayWhileAnyJobNeedsThem) {
  Keep({.keep_ms = 0, .keep_bytes = 0, .keep_media_ms = kDayMs});
  const Job job = Finish(1);
  JobOptions other;
  other.beam_size = 5;
  server_.Submit(job.upload, other);
  Pass(2 * kDayMs);
  EXPECT_TRUE(server_.uploads().OpenSource(job.upload));
}

}  // namespace
}  // namespace verbatim::jobs
