#include "service_options.h"

#include <gtest/gtest.h>

#include <chrono>

namespace verbatim::app {
namespace {

using settings::Settings;

TEST(ServiceOptionsTest, LimitsOfUploads) {
  Settings settings;
  settings.max_file_size_bytes = 7;
  settings.upload_expiry_hours = 2;
  settings.disk_reserve_bytes = 9;
  const upload::UploadLimits limits = UploadLimitsOf(settings);
  EXPECT_EQ(limits.size_max, 7U);
  EXPECT_EQ(limits.expiry_ms, 7'200'000);
  EXPECT_EQ(limits.disk_reserve, 9U);
}

TEST(ServiceOptionsTest, LimitsOfJobs) {
  Settings settings;
  settings.running_jobs_max = 3;
  settings.queued_jobs_max = 5;
  settings.processing_timeout_seconds = 10;
  settings.large_file_timeout_seconds = 20;
  settings.chunk_size_optimization = false;
  const jobs::JobLimits limits = JobLimitsOf(settings);
  EXPECT_EQ(limits.runners, 3);
  EXPECT_EQ(limits.queued_max, 5U);
  EXPECT_EQ(limits.timeout_ms, 10'000);
  EXPECT_EQ(limits.large_timeout_ms, 20'000);
  EXPECT_FALSE(limits.chunk_size_optimization);
}

TEST(ServiceOptionsTest, LimitsOfConnections) {
  Settings settings;
  settings.connections_max = 11;
  settings.connections_per_address_max = 12;
  settings.header_timeout_seconds = 13;
  settings.body_timeout_seconds = 14;
  settings.keep_alive_timeout_seconds = 15;
  const http::ServerOptions options = ServerOptionsOf(settings);
  EXPECT_EQ(options.connections_max, 11U);
  EXPECT_EQ(options.connections_per_address_max, 12U);
  EXPECT_EQ(options.header_timeout, std::chrono::seconds(13));
  EXPECT_EQ(options.body_idle_timeout, std::chrono::seconds(14));
  EXPECT_EQ(options.write_timeout, std::chrono::seconds(14));
  EXPECT_EQ(options.keep_alive_timeout, std::chrono::seconds(15));
}

TEST(ServiceOptionsTest, ConnectionsLeaveFilesForTheRest) {
  EXPECT_EQ(ConnectionsFor(0), 1U);
  EXPECT_EQ(ConnectionsFor(96), 1U);
  EXPECT_EQ(ConnectionsFor(256), 140U);
  EXPECT_EQ(ConnectionsFor(20'000), 17'416U);
}

// What a start without any settings has is what the parts have by themselves.
TEST(ServiceOptionsTest, DefaultsAgree) {
  EXPECT_EQ(UploadLimitsOf({}).size_max, upload::UploadLimits().size_max);
  EXPECT_EQ(UploadLimitsOf({}).expiry_ms, upload::UploadLimits().expiry_ms);
  EXPECT_EQ(UploadLimitsOf({}).disk_reserve, upload::UploadLimits().disk_reserve);
  EXPECT_EQ(JobLimitsOf({}).runners, jobs::JobLimits().runners);
  EXPECT_EQ(JobLimitsOf({}).queued_max, jobs::JobLimits().queued_max);
  EXPECT_EQ(JobLimitsOf({}).timeout_ms, jobs::JobLimits().timeout_ms);
  EXPECT_EQ(JobLimitsOf({}).large_timeout_ms, jobs::JobLimits().large_timeout_ms);
}

TEST(ServiceOptionsTest, WordsOfTheLog) {
  Settings settings;
  EXPECT_EQ(LogLevelOf(settings), LogLevel::kInfo);
  settings.log_level = "debug";
  EXPECT_EQ(LogLevelOf(settings), LogLevel::kDebug);
  settings.log_level = "warning";
  EXPECT_EQ(LogLevelOf(settings), LogLevel::kWarning);
  settings.log_level = "error";
  EXPECT_EQ(LogLevelOf(settings), LogLevel::kError);
  EXPECT_EQ(LogFormatOf(settings), LogFormat::kText);
  settings.log_format = "json";
  EXPECT_EQ(LogFormatOf(settings), LogFormat::kJson);
}

TEST(ServiceOptionsTest, NumbersThatTheEngineComputesWith) {
  Settings settings;
  EXPECT_EQ(ComputeTypeOf(settings), pipeline::ComputeType::kAuto);
  settings.compute_type = "int8";
  EXPECT_EQ(ComputeTypeOf(settings), pipeline::ComputeType::kInt8);
  settings.compute_type = "bf16";
  EXPECT_EQ(ComputeTypeOf(settings), pipeline::ComputeType::kBf16);
  settings.compute_type = "f32";
  EXPECT_EQ(ComputeTypeOf(settings), pipeline::ComputeType::kF32);
}

}  // namespace
}  // namespace verbatim::app
