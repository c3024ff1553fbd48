// chunk_size_optimization: whether a job's windows are fitted to its file.
#include <gtest/gtest.h>

#include <optional>

#include "jobs/test_server.h"
#include "store/test_database.h"

namespace verbatim::jobs {
namespace {

// The plan that the engine is given at a job's first start.
std::optional<split::SplitPlan> FirstPlan(bool is_optimized) {
  const store::TemporaryFolder folder;
  JobsOptions options;
  options.limits.chunk_size_optimization = is_optimized;
  TestServer server(folder.path(), options);
  std::optional<split::SplitPlan> plan;
  server.script().on_call = [&](const pipeline::FileRequest& file,
                                const pipeline::TranscribeOptions&) { plan = file.plan; };
  const store::Job job = server.Submit(server.Upload(Speech(2)));
  server.jobs().RunNext();
  EXPECT_EQ(server.Find(job.id).state, store::JobState::kCompleted);
  return plan;
}

TEST(FixedWindowsTest, TheEngineFitsWindowsUnlessTold) {
  EXPECT_FALSE(FirstPlan(true));
  const std::optional<split::SplitPlan> fixed = FirstPlan(false);
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->window_target, SampleTime{30 * kSampleRate});
  EXPECT_EQ(fixed->gap_keep, SampleTime{0});
}

}  // namespace
}  // namespace verbatim::jobs
