#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using boost::json::value;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// One segment in the place of another.
std::string Replacing(int first, std::string_view segment) {
  return fmt::format(R"({{"changes":[{{"first":{},"count":1,"segments":[{}]}}],"summary":"typo"}})",
                     first, segment);
}

const std::string kEdit = Replacing(0, R"({"start":0,"end":1,"text":"Hallo big world."})");

TEST(TranscriptFileTest, EveryFormatHasItsTypeAndName) {
  const RunningService service;
  const std::string job = "/api/jobs/" + service.Completed();
  const std::pair<const char*, const char*> types[] = {
      {"srt", "application/x-subrip; charset=utf-8"},
      {"vtt", "text/vtt; charset=utf-8"},
      {"txt", "text/plain; charset=utf-8"},
      {"json", "application/json"},
      {"tsv", "text/tab-separated-values; charset=utf-8"}};
  for (const auto& [format, type] : types) {
    const tests::RawResponse response = service.Get(job + "/transcript." + format);
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

TEST(TranscriptFileTest, TheAddressSaysHowSubtitlesLook) {
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

TEST(TranscriptFileTest, BeforeTheEndThereIsNoTranscript) {
  RunningService service;
  service.script.Hold();
  const std::string id(service.Submit().at("id").as_string());
  const tests::RawResponse response = service.Get("/api/jobs/" + id + "/transcript.srt");
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, HasSubstr("when it has completed"));
}

class TranscriptRoutesTest : public ::testing::Test {
 protected:
  tests::RawResponse Patch(const std::string& job, std::string_view match,
                           std::string_view body) const {
    return service_.Ask("PATCH", "/api/jobs/" + job + "/transcript",
                        fmt::format("If-Match: {}\r\n", match), body);
  }
  tests::RawResponse Restore(const std::string& job, int revision, int to) const {
    return service_.Ask("POST", "/api/jobs/" + job + "/transcript/restore",
                        fmt::format("If-Match: \"{}\"\r\n", revision),
                        fmt::format(R"({{"revision":{}}})", to));
  }
  std::string Text(const std::string& job, std::string_view query = "") const {
    const auto response = service_.Get(fmt::format("/api/jobs/{}/transcript.txt{}", job, query));
    EXPECT_EQ(response.status, 200) << response.body;
    return response.body;
  }
  value Search(std::string_view words) const {
    return boost::json::parse(service_.Get(fmt::format("/api/search?q={}", words)).body)
        .at("total");
  }

  RunningService service_;
};

TEST_F(TranscriptRoutesTest, AnEditShowsEverywhereAtOnce) {
  const std::string job = service_.Completed();
  const auto response = Patch(job, "\"0\"", kEdit);
  ASSERT_EQ(response.status, 200) << response.body;
  const value answer = boost::json::parse(response.body);
  EXPECT_EQ(answer.at("revision"), 1);
  const value segment = answer.at("changes").at(0).at("segments").at(0);
  EXPECT_EQ(segment.at("text"), " Hallo big world.");
  EXPECT_EQ(segment.at("id"), 0);
  EXPECT_EQ(segment.at("words").at(2).at("word"), " world.");
  EXPECT_EQ(segment.at("words").at(2).at("start"), 0.5);  // as the engine had it
  EXPECT_EQ(segment.at("words").at(2).at("probability"), 0.5);
  EXPECT_EQ(segment.at("words").at(0).at("probability"), 1.0);

  EXPECT_EQ(Text(job), "Hallo big world.\nHow are you?\n");
  EXPECT_THAT(service_.Get("/api/jobs/" + job + "/transcript.srt").body,
              HasSubstr("Hallo big world."));
  const value whole =
      boost::json::parse(service_.Get("/api/jobs/" + job + "/transcript.json").body);
  EXPECT_EQ(whole.at("segments").at(0).at("edited"), true);
  EXPECT_FALSE(whole.at("segments").at(1).as_object().contains("edited"));
  EXPECT_EQ(whole.at("text"), "Hallo big world. How are you?");
  EXPECT_EQ(Search("hallo"), 1);
  EXPECT_EQ(Search("hello"), 0);
}

TEST_F(TranscriptRoutesTest, RevisionsCanBeReadAndRestored) {
  const std::string job = service_.Completed();
  const std::string before = service_.Get("/api/jobs/" + job + "/transcript.json").body;
  ASSERT_EQ(Patch(job, "\"0\"", kEdit).status, 200);
  ASSERT_EQ(Patch(job, "\"1\"", R"({"changes":[{"first":1,"count":1,"segments":[]}]})").status,
            200);
  EXPECT_EQ(Text(job), "Hallo big world.\n");
  EXPECT_EQ(Text(job, "?revision=1"), "Hallo big world.\nHow are you?\n");
  EXPECT_EQ(service_.Get("/api/jobs/" + job + "/transcript.json?revision=0").body, before);
  EXPECT_EQ(service_.Get("/api/jobs/" + job + "/transcript.txt?revision=3").status, 404);

  ASSERT_EQ(Restore(job, 2, 0).status, 200);
  EXPECT_EQ(service_.Get("/api/jobs/" + job + "/transcript.json").body, before);
  EXPECT_EQ(Search("hello"), 1);
  EXPECT_EQ(Text(job, "?revision=2"), "Hallo big world.\n");
  EXPECT_EQ(Restore(job, 3, 9).status, 404);

  const value page =
      boost::json::parse(service_.Get("/api/jobs/" + job + "/transcript/revisions?limit=2").body);
  EXPECT_EQ(page.at("revisions").at(0).at("summary"), "revision 0 restored");
  EXPECT_EQ(page.at("revisions").at(0).at("segments_changed"), 2);
  const auto rest = service_.Get(std::string(page.at("next").as_string()));
  const value last = boost::json::parse(rest.body);
  EXPECT_EQ(last.at("revisions").at(0).at("summary"), "typo");
  EXPECT_TRUE(last.at("next").is_null());
}

TEST_F(TranscriptRoutesTest, AnEditSaysWhatItBuildsOn) {
  const std::string job = service_.Completed();
  const auto without = service_.Ask("PATCH", "/api/jobs/" + job + "/transcript", "", kEdit);
  EXPECT_EQ(without.status, 428);
  EXPECT_THAT(without.body, HasSubstr("precondition_required"));
  EXPECT_EQ(Patch(job, "7", kEdit).status, 400);
  ASSERT_EQ(Patch(job, "\"0\"", kEdit).status, 200);
  const auto stale = Patch(job, "\"0\"", kEdit);
  EXPECT_EQ(stale.status, 412);
  const value problem = boost::json::parse(stale.body);
  EXPECT_EQ(problem.at("code"), "precondition_failed");
  EXPECT_EQ(problem.at("revision"), 1);
}

TEST_F(TranscriptRoutesTest, OfTwoEditsAtOnceOneWins) {
  const std::string job = service_.Completed();
  for (int revision = 0; revision < 5; ++revision) {
    std::atomic<int> accepted = 0;
    std::atomic<int> refused = 0;
    {
      std::vector<std::jthread> clients;
      for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
          const int status = Patch(job, fmt::format("\"{}\"", revision), kEdit).status;
          if (status == 200) ++accepted;
          if (status == 412) ++refused;
        });
      }
    }
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(refused, 3);
  }
}

TEST_F(TranscriptRoutesTest, TagsOfTranscriptsChangeWithRevisionAndShape) {
  const std::string job = service_.Completed();
  const std::string address = "/api/jobs/" + job + "/transcript.srt";
  const auto first = service_.Get(address);
  const std::string etag = first.headers.at("etag");
  EXPECT_TRUE(etag.starts_with("\"r0-")) << etag;
  EXPECT_EQ(first.headers.at("transcript-revision"), "0");
  EXPECT_EQ(service_.Get(address, "If-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(service_.Get(address + "?lines_max=1", "If-None-Match: " + etag + "\r\n").status, 200);
  ASSERT_EQ(Patch(job, "\"0\"", kEdit).status, 200);
  const auto second = service_.Get(address, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.headers.at("transcript-revision"), "1");
}

struct Refused {
  std::string body;
  std::string_view says;
};

TEST_F(TranscriptRoutesTest, WhatIsWrongIsNamed) {
  const std::string job = service_.Completed();
  for (const Refused& refused : std::vector<Refused>{
           {"[]", "no JSON object"},
           {R"({})", "changes: a list is needed"},
           {R"({"changes":[]})", "1 to 10000 are needed"},
           {R"({"changes":[{"first":0,"count":0,"segments":[]}]})", "changes[0].segments"},
           {R"({"changes":[{"first":-1,"count":0,"segments":[]}]})", "changes[0].first"},
           {R"({"changes":[{"first":2,"count":1,"segments":[]}]})", "there are 2"},
           {R"({"changes":[{"first":1,"count":1,"segments":[]},)"
            R"({"first":0,"count":1,"segments":[]}]})",
            "changes[1].first"},
           {Replacing(0, R"({"start":1,"end":1,"text":"a"})"),
            "changes[0]: segments[0]: end: it is 1"},
           {Replacing(0, R"({"start":0,"end":1.5,"text":"a"})"), "the segment after begins at 1"},
           {Replacing(1, R"({"start":0.5,"end":2,"text":"a"})"), "the segment before ends at 1"},
           {Replacing(1, R"({"start":1,"end":3,"text":"a"})"), "the sound ends at 2.5"},
           {Replacing(0, R"({"start":0,"end":1,"text":" "})"), "blank"},
           {Replacing(0, R"({"start":0,"end":1,"text":"a\u0007"})"), "U+0007"},
           {Replacing(0, R"({"start":0,"end":1,"text":"a","words":[]})"),
            "words: they end before the text does"},
           {R"({"changes":[{"first":0,"count":1,"segments":[]}],"colour":1})", "colour"},
       }) {
    const auto response = Patch(job, "\"0\"", refused.body);
    EXPECT_EQ(response.status, 400) << refused.body;
    EXPECT_THAT(response.body, HasSubstr(refused.says)) << refused.body;
  }
  EXPECT_EQ(Text(job), "Hello world.\nHow are you?\n");
}

TEST_F(TranscriptRoutesTest, AChangeIsAnEvent) {
  const std::string job = service_.Completed();
  ASSERT_EQ(Patch(job, "\"0\"", kEdit).status, 200);
  const auto events = service_.services().database.Read(
      [&](store::Connection& connection) { return store::EventsAfter(connection, 0, 1000, job); });
  ASSERT_TRUE(events);
  EXPECT_EQ(events->back().type, "transcript.changed");
  EXPECT_EQ(events->back().data, fmt::format(R"({{"job":"{}","revision":1}})", job));
}

TEST_F(TranscriptRoutesTest, TheEnginesOwnTextIsReused) {
  const std::string job = service_.Completed();
  ASSERT_EQ(Patch(job, "\"0\"", kEdit).status, 200);
  const value again = service_.Submit();
  const std::string id(again.at("id").as_string());
  ASSERT_EQ(service_.End(id), "completed");
  EXPECT_EQ(boost::json::parse(service_.Get("/api/jobs/" + id).body).at("reused_from").as_string(),
            job);
  EXPECT_EQ(Text(id), "Hello world.\nHow are you?\n");
}

TEST_F(TranscriptRoutesTest, OnlyWhatIsThereCanBeEdited) {
  EXPECT_EQ(Patch("00000000000000000000000000000000", "\"0\"", kEdit).status, 404);
  service_.script.Hold();
  const std::string job(service_.Submit().at("id").as_string());
  EXPECT_EQ(Patch(job, "\"0\"", kEdit).status, 409);
  EXPECT_EQ(service_.Get("/api/jobs/" + job + "/transcript/revisions").status, 409);
  service_.script.Release();
  EXPECT_EQ(service_.End(job), "completed");
}

TEST_F(TranscriptRoutesTest, ADeletedJobTakesItsRevisionsAlong) {
  const std::string job = service_.Completed();
  ASSERT_EQ(Patch(job, "\"0\"", kEdit).status, 200);
  EXPECT_EQ(service_.Ask("DELETE", "/api/jobs/" + job).status, 204);
  EXPECT_EQ(Search("hallo"), 0);
  EXPECT_EQ(service_.Get("/api/jobs/" + job + "/transcript/revisions").status, 404);
}

}  // namespace
}  // namespace verbatim::api
