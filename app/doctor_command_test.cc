#include "doctor_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace verbatim::app {
namespace {

using ::testing::HasSubstr;
using State = Finding::State;

sandbox::LayerReport Report() {
  sandbox::LayerReport report;
  report.layers = {{sandbox::Layer::kNoNewPrivileges, true, ""},
                   {sandbox::Layer::kLandlock, false, "not in this kernel"},
                   {sandbox::Layer::kSystemCalls, true, ""}};
  return report;
}

TEST(Doctor, ALayerThatIsMissingIsANote) {
  const auto findings = SandboxFindings(Report(), SandboxMode::kRequired);
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_EQ(findings[0].state, State::kFine);
  EXPECT_EQ(findings[2].check, "sandbox landlock");
  EXPECT_EQ(findings[2].state, State::kNote);
  EXPECT_EQ(findings[2].text, "absent: not in this kernel");
  EXPECT_EQ(WorstOf(findings), ExitCode::kSuccess);
}

TEST(Doctor, WhatTheSandboxMustHaveIsAProblem) {
  sandbox::LayerReport report = Report();
  report.leak = "opening a file";
  const auto required = SandboxFindings(report, SandboxMode::kRequired);
  EXPECT_EQ(required[0].state, State::kProblem);
  EXPECT_THAT(required[0].text, HasSubstr("opening a file"));
  EXPECT_THAT(required[0].advice, HasSubstr("--sandbox auto"));
  EXPECT_EQ(WorstOf(required), ExitCode::kFileFailed);
  EXPECT_EQ(WorstOf(SandboxFindings(report, SandboxMode::kAuto)), ExitCode::kSuccess);
  const Result<sandbox::LayerReport> none = Fail(ErrorCode::kInternal, "it does not answer");
  EXPECT_EQ(WorstOf(SandboxFindings(none, SandboxMode::kAuto)), ExitCode::kFileFailed);
}

TEST(Doctor, WithoutASandboxThereIsANote) {
  const auto findings = SandboxFindings(Report(), SandboxMode::kOff);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].state, State::kNote);
}

TEST(Doctor, TellsPeopleAndPrograms) {
  const std::vector<Finding> findings = {
      {"cpu", State::kFine, "fast", ""},
      {"disk", State::kProblem, "full", "free some space", ExitCode::kOutOfSpace},
      {"model base", State::kProblem, "gone", "", ExitCode::kModel}};
  EXPECT_EQ(WorstOf(findings), ExitCode::kOutOfSpace);
  EXPECT_THAT(FindingsText(findings), HasSubstr("problem  disk"));
  EXPECT_THAT(FindingsText(findings), HasSubstr("-> free some space\n"));
  const boost::json::value json = boost::json::parse(FindingsJson(findings));
  EXPECT_FALSE(json.at("fine").as_bool());
  EXPECT_EQ(json.at("checks").at(1).at("advice").as_string(), "free some space");
  EXPECT_EQ(json.at("checks").at(0).at("state").as_string(), "fine");
  EXPECT_TRUE(boost::json::parse(FindingsJson({findings[0]})).at("fine").as_bool());
}

}  // namespace
}  // namespace verbatim::app
