// Media over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

constexpr std::string_view kBytes = "0123456789abcdefghij";

// A completed job whose media is kBytes.
std::string JobOfBytes(const RunningService& service, std::string_view name = "talk.wav") {
  const RawResponse response = service.PostJson(
      "/api/jobs", fmt::format(R"({{"upload":"{}"}})", service.PutFile(kBytes, name)));
  std::string id(boost::json::parse(response.body).at("id").as_string());
  EXPECT_EQ(service.End(id), "completed");
  return id;
}

TEST(MediaRoutesTest, MediaIsGivenWholeAndNeverAsAPage) {
  const RunningService service;
  const std::string target = "/api/jobs/" + JobOfBytes(service, "Grüße.html") + "/media";
  const RawResponse response = service.Get(target);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kBytes);
  EXPECT_EQ(response.headers.at("content-type"), "application/octet-stream");
  EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff");
  EXPECT_THAT(response.headers.at("content-security-policy"), HasSubstr("sandbox"));
  EXPECT_EQ(response.headers.at("accept-ranges"), "bytes");
  EXPECT_THAT(response.headers.at("content-disposition"),
              HasSubstr("attachment; filename=\"Gr____e.html\"; filename*=UTF-8''Gr%C3%BC"));
  const RawResponse head = service.Ask("HEAD", target);
  EXPECT_EQ(head.headers.at("content-length"), "20");
}

TEST(MediaRoutesTest, MediaIsGivenInRanges) {
  const RunningService service;
  const std::string target = "/api/jobs/" + JobOfBytes(service) + "/media";
  const RawResponse part = service.Get(target, "Range: bytes=2-4\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 2-4/20");
  EXPECT_EQ(part.headers.at("content-type"), "audio/wav");
  EXPECT_EQ(service.Get(target, "Range: bytes=-3\r\n").body, "hij");
  EXPECT_EQ(service.Get(target, "Range: bytes=0-1,4-5\r\n").body, kBytes);
  const RawResponse beyond = service.Get(target, "Range: bytes=20-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.headers.at("content-range"), "bytes */20");
}

TEST(MediaRoutesTest, PartsAreOnlyGivenOfTheSameFile) {
  const RunningService service;
  const std::string target = "/api/jobs/" + JobOfBytes(service) + "/media";
  const std::string etag = service.Get(target).headers.at("etag");
  const std::string range = "Range: bytes=2-4\r\n";
  EXPECT_EQ(service.Get(target, range + "If-Range: " + etag + "\r\n").status, 206);
  EXPECT_EQ(service.Get(target, range + "If-Range: \"x\"\r\n").status, 200);
  EXPECT_EQ(service.Get(target, range + "If-Range: Tue, 01 Jan 2030 00:00:00 GMT\r\n").status, 200);
  EXPECT_EQ(service.Get(target, "If-None-Match: " + etag + "\r\n").status, 304);
}

}  // namespace
}  // namespace verbatim::api
