// Transcripts and media over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
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

TEST(JobFilesTest, EveryFormatHasItsTypeAndName) {
  const RunningService service;
  const std::string job = "/api/jobs/" + service.Completed();
  const std::pair<const char*, const char*> types[] = {
      {"srt", "application/x-subrip; charset=utf-8"},
      {"vtt", "text/vtt; charset=utf-8"},
      {"txt", "text/plain; charset=utf-8"},
      {"json", "application/json"},
      {"tsv", "text/tab-separated-values; charset=utf-8"}};
  for (const auto& [format, type] : types) {
    const RawResponse response = service.Get(job + "/transcript." + format);
    ASSERT_EQ(response.status, 200) << format << response.body;
    EXPECT_EQ(response.headers.at("content-type"), type);
    EXPECT_EQ(response.headers.at("content-disposition"),
              fmt::format("inline; filename=\"talk.{}\"", format));
    EXPECT_THAT(response.body, HasSubstr("Hello"));
  }
  EXPECT_EQ(service.Get(job + "/transcript.txt").body, "Hello world.\nHow are you?\n");
  EXPECT_EQ(service.Get(job + "/transcript.doc").status, 404);
  EXPECT_THAT(service.Get(job + "/transcript.srt?download=true").headers.at("content-disposition"),
              StartsWith("attachment"));
}

TEST(JobFilesTest, TheAddressSaysHowSubtitlesLook) {
  const RunningService service;
  const std::string job = "/api/jobs/" + service.Completed();
  EXPECT_THAT(service.Get(job + "/transcript.vtt").body, Not(HasSubstr("<00:00:00.500>")));
  EXPECT_THAT(service.Get(job + "/transcript.vtt?words=true").body, HasSubstr("<00:00:00.500>"));
  EXPECT_THAT(service.Get(job + "/transcript.json?words=true").body, HasSubstr("\"words\""));
  const std::string wide = service.Get(job + "/transcript.srt").body;
  const std::string narrow =
      service.Get(job + "/transcript.srt?line_length_max=10&lines_max=1").body;
  EXPECT_GT(std::ranges::count(narrow, '\n'), std::ranges::count(wide, '\n'));
  for (const char* query : {"words=maybe", "line_length_max=9", "lines_max=x", "lines_max=0"}) {
    EXPECT_EQ(service.Get(job + "/transcript.srt?" + query).status, 400) << query;
  }
}

TEST(JobFilesTest, TranscriptsHaveAnEtagOfTheirContent) {
  const RunningService service;
  const std::string target = "/api/jobs/" + service.Completed() + "/transcript.srt";
  const std::string etag = service.Get(target).headers.at("etag");
  EXPECT_EQ(service.Get(target, "If-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(
      service.Get(target + "?lines_max=1&line_length_max=10", "If-None-Match: " + etag + "\r\n")
          .status,
      200);
}

TEST(JobFilesTest, BeforeTheEndThereIsNoTranscript) {
  RunningService service;
  service.script.Hold();
  const std::string id(service.Submit().at("id").as_string());
  const RawResponse response = service.Get("/api/jobs/" + id + "/transcript.srt");
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, HasSubstr("when it has completed"));
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
