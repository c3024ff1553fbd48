#include "api/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  ErrorCode code;
  int status;
  const char* name;
  bool is_secret;
};

const Row kRows[] = {
    {ErrorCode::kInvalidArgument, 400, "invalid_argument", false},
    {ErrorCode::kNotFound, 404, "not_found", false},
    {ErrorCode::kConflict, 409, "conflict", false},
    {ErrorCode::kTooLarge, 413, "too_large", false},
    {ErrorCode::kBusy, 503, "busy", false},
    {ErrorCode::kUnsupportedMedia, 415, "unsupported_media", false},
    {ErrorCode::kCorruptMedia, 422, "corrupt_media", false},
    {ErrorCode::kCorruptModel, 500, "corrupt_model", true},
    {ErrorCode::kCorruptDatabase, 500, "corrupt_database", true},
    {ErrorCode::kOutOfSpace, 507, "out_of_space", false},
    {ErrorCode::kIo, 500, "io", true},
    {ErrorCode::kCancelled, 503, "cancelled", false},
    {ErrorCode::kInternal, 500, "internal", true},
};

TEST(ProblemTest, EveryCodeHasItsStatusAndShape) {
  ASSERT_EQ(std::size(kRows), static_cast<size_t>(ErrorCode::kInternal) + 1);
  for (const Row& row : kRows) {
    const http::Response response = ProblemFor({row.code, "the detail"});
    EXPECT_EQ(response.status, row.status) << row.name;
    EXPECT_EQ(StatusOf(row.code), row.status);
    EXPECT_EQ(FindErrorCode(row.name), row.code);
    EXPECT_EQ(response.headers.Find("Content-Type"), "application/problem+json");
    const boost::json::value problem = boost::json::parse(response.body);
    EXPECT_EQ(problem.at("type").as_string(), "about:blank");
    EXPECT_EQ(problem.at("title").as_string(), http::ReasonPhrase(row.status));
    EXPECT_EQ(problem.at("status").as_int64(), row.status);
    EXPECT_EQ(problem.at("code").as_string(), row.name);
    EXPECT_EQ(IsSecret(row.code), row.is_secret);
    if (row.is_secret) {
      EXPECT_THAT(response.body, Not(HasSubstr("the detail"))) << row.name;
    } else {
      EXPECT_EQ(problem.at("detail").as_string(), "the detail");
    }
  }
}

TEST(ProblemTest, WhatMayWorkLaterSaysWhen) {
  EXPECT_TRUE(ProblemFor({ErrorCode::kBusy, ""}).headers.Find("Retry-After"));
  EXPECT_FALSE(ProblemFor({ErrorCode::kNotFound, ""}).headers.Find("Retry-After"));
}

TEST(ProblemTest, WhatHttpRefusesHasACodeToo) {
  EXPECT_THAT(ProblemForStatus(404, "no").body, HasSubstr(R"("code":"not_found")"));
  EXPECT_THAT(ProblemForStatus(405, "no").body, HasSubstr(R"("code":"method_not_allowed")"));
  EXPECT_THAT(ProblemForStatus(428, "no").body, HasSubstr(R"("code":"precondition_required")"));
  EXPECT_THAT(ProblemForStatus(418, "no").body, HasSubstr(R"("code":"invalid_argument")"));
  EXPECT_THAT(ProblemForStatus(599, "no").body, HasSubstr(R"("code":"internal")"));
}

TEST(ProblemTest, AProblemMayHaveMembersOfItsOwn) {
  const boost::json::value problem =
      boost::json::parse(ExtendedProblem(412, "another", {{"revision", 7}}).body);
  EXPECT_EQ(problem.at("code").as_string(), "precondition_failed");
  EXPECT_EQ(problem.at("revision").as_int64(), 7);
}

}  // namespace
}  // namespace verbatim::api
