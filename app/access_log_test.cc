#include "access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace verbatim::app {
namespace {

using ::testing::HasSubstr;

class KeepingLog final : public Log {
 public:
  void Write(LogLevel level, std::string_view message) override {
    lines.emplace_back(level, message);
  }
  std::vector<std::pair<LogLevel, std::string>> lines;
};

http::Outcome SomeOutcome() {
  return {.method = "GET",
          .pattern = "/api/jobs/{id}",
          .target = "/api/jobs/7",
          .remote_address = "127.0.0.1",
          .status = 200,
          .bytes_received = 0,
          .bytes_sent = 12,
          .duration = std::chrono::milliseconds(3)};
}

LogLevel LevelOf(const http::Outcome& outcome) {
  KeepingLog log;
  LogOutcome(log, outcome);
  return log.lines.at(0).first;
}

TEST(AccessLogTest, FailuresAndSlowAnswersAreWarnings) {
  http::Outcome outcome = SomeOutcome();
  EXPECT_EQ(LevelOf(outcome), LogLevel::kDebug);
  outcome.status = 503;
  EXPECT_EQ(LevelOf(outcome), LogLevel::kWarning);
  outcome = SomeOutcome();
  outcome.duration = std::chrono::seconds(3);
  EXPECT_EQ(LevelOf(outcome), LogLevel::kWarning);
}

TEST(AccessLogTest, WhatLastsByNatureIsNotSlow) {
  http::Outcome outcome = SomeOutcome();
  outcome.duration = std::chrono::hours(1);
  outcome.pattern = "/api/events";
  EXPECT_EQ(LevelOf(outcome), LogLevel::kDebug);
  outcome.pattern = "/v1/audio/transcriptions";
  EXPECT_EQ(LevelOf(outcome), LogLevel::kDebug);
  outcome.pattern = "/api/uploads";
  outcome.bytes_received = 1 << 30;
  EXPECT_EQ(LevelOf(outcome), LogLevel::kDebug);
}

TEST(AccessLogTest, ALineSaysWhoWhatAndHowLong) {
  KeepingLog log;
  LogOutcome(log, SomeOutcome());
  EXPECT_EQ(log.lines.at(0).second, "127.0.0.1 GET /api/jobs/7 200: 3.0 ms, 0 bytes in, 12 out");
}

}  // namespace
}  // namespace verbatim::app
