// Jobs over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

std::string CodeOf(const RawResponse& response) {
  EXPECT_EQ(response.headers.at("content-type"), "application/problem+json") << response.body;
  return std::string(boost::json::parse(response.body).at("code").as_string());
}

boost::json::value Json(const RawResponse& response) { return boost::json::parse(response.body); }

std::string IdOf(const boost::json::value& job) { return std::string(job.at("id").as_string()); }

TEST(JobRoutesTest, AnUploadBecomesAJob) {
  const RunningService service;
  const RawResponse response = service.PostJson(
      "/api/jobs",
      fmt::format(R"({{"upload":"{}","language":"de","priority":3}})", service.PutFile()));
  ASSERT_EQ(response.status, 202) << response.body;
  const boost::json::value job = Json(response);
  EXPECT_EQ(response.headers.at("location"), "/api/jobs/" + IdOf(job));
  EXPECT_EQ(job.at("priority").as_int64(), 3);
  EXPECT_EQ(job.at("filename").as_string(), "talk.wav");
  EXPECT_EQ(job.at("options").at("language").as_string(), "de");
  EXPECT_EQ(service.End(IdOf(job)), "completed");
}

TEST(JobRoutesTest, AFormBringsTheFileItself) {
  const RunningService service;
  const RawResponse response = service.Ask("POST", "/api/jobs", kFormType,
                                           Form({{"options", R"({"language":"fr","beam_size":2})"},
                                                 {"language", "de"},
                                                 {"prompt", "12"},
                                                 {"formats", "srt,vtt"},
                                                 {"word_timestamps", "true"},
                                                 {"priority", "4"}}));
  ASSERT_EQ(response.status, 202) << response.body;
  const boost::json::value job = Json(response);
  EXPECT_EQ(job.at("filename").as_string(), "talk.wav");
  EXPECT_EQ(job.at("priority").as_int64(), 4);
  const boost::json::value& options = job.at("options");
  EXPECT_EQ(options.at("language").as_string(), "de");  // a field wins
  EXPECT_EQ(options.at("beam_size").as_int64(), 2);
  EXPECT_EQ(options.at("prompt").as_string(), "12");
  EXPECT_EQ(options.at("word_timestamps").as_bool(), true);
  EXPECT_EQ(options.at("formats").as_array().size(), 2U);
  EXPECT_EQ(service.End(IdOf(job)), "completed");
}

TEST(JobRoutesTest, WhatIsWrongWithARequestIsSaid) {
  const RunningService service;
  const std::string upload = service.PutFile();
  const auto refused = [&](std::string_view json) {
    const RawResponse response = service.PostJson("/api/jobs", json);
    EXPECT_GE(response.status, 400) << json;
    return CodeOf(response);
  };
  EXPECT_EQ(refused("{"), "invalid_argument");
  EXPECT_EQ(refused("[]"), "invalid_argument");
  EXPECT_EQ(refused("{}"), "invalid_argument");
  EXPECT_EQ(refused(R"({"upload":7})"), "invalid_argument");
  EXPECT_EQ(refused(R"({"upload":"../x"})"), "not_found");
  EXPECT_EQ(refused(R"({"upload":"00000000000000000000000000000000"})"), "not_found");
  const auto with = [&](std::string_view more) {
    return refused(fmt::format(R"({{"upload":"{}",{}}})", upload, more));
  };
  EXPECT_EQ(with(R"("colour":"red")"), "invalid_argument");
  EXPECT_EQ(with(R"("priority":11)"), "invalid_argument");
  EXPECT_EQ(with(R"("language":"klingonese")"), "invalid_argument");
  EXPECT_EQ(with(R"("model":"no-such-model")"), "invalid_argument");
  EXPECT_EQ(CodeOf(service.Ask("POST", "/api/jobs", kFormType, Form({}, std::nullopt))),
            "invalid_argument");
  EXPECT_EQ(CodeOf(service.Ask("POST", "/api/jobs", kFormType, Form({{"priority", "much"}}))),
            "invalid_argument");
}

TEST(JobRoutesTest, NothingOfARefusedFormStays) {
  const RunningService service;
  ASSERT_EQ(service.Ask("POST", "/api/jobs", kFormType, Form({{"beam_size", "99"}})).status, 400);
  const auto uploads = service.services().database.Read(
      [](store::Connection& connection) { return store::AllUploads(connection); });
  ASSERT_TRUE(uploads);
  EXPECT_TRUE(uploads->empty());
}

TEST(JobRoutesTest, ARepeatedRequestGetsTheJobOfThen) {
  RunningService service;
  service.script.Hold();
  const std::string json = fmt::format(R"({{"upload":"{}"}})", service.PutFile());
  const auto post = [&](std::string_view body) {
    return service.Ask("POST", "/api/jobs",
                       "Content-Type: application/json\r\nIdempotency-Key: k1\r\n", body);
  };
  const RawResponse first = post(json);
  ASSERT_EQ(first.status, 202) << first.body;
  const RawResponse second = post(json);
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(second.headers.at("idempotent-replayed"), "true");
  EXPECT_EQ(IdOf(Json(first)), IdOf(Json(second)));
  const RawResponse other =
      post(fmt::format(R"({{"upload":"{}","language":"de"}})", service.PutFile()));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(CodeOf(other), "conflict");
}

TEST(JobRoutesTest, ARepeatedFormBringsItsFileInVain) {
  RunningService service;
  service.script.Hold();
  const std::string headers = std::string(kFormType) + "Idempotency-Key: \"k2\"\r\n";
  const RawResponse first = service.Ask("POST", "/api/jobs", headers, Form({}));
  const RawResponse second = service.Ask("POST", "/api/jobs", headers, Form({}));
  ASSERT_EQ(second.status, 202) << second.body;
  EXPECT_EQ(IdOf(Json(first)), IdOf(Json(second)));
  const auto uploads = service.services().database.Read(
      [](store::Connection& connection) { return store::AllUploads(connection); });
  EXPECT_EQ(uploads->size(), 1U);
}

TEST(JobRoutesTest, KeysArePrintable) {
  const RunningService service;
  for (const std::string_view key : {"a b", "\"\"", "\xc3\xa9"}) {
    const RawResponse response =
        service.Ask("POST", "/api/jobs",
                    fmt::format("Content-Type: application/json\r\nIdempotency-Key: {}\r\n", key),
                    fmt::format(R"({{"upload":"{}"}})", service.PutFile()));
    EXPECT_EQ(response.status, 400) << key;
  }
}

TEST(JobRoutesTest, ListsInPagesNewestFirst) {
  RunningService service;
  service.script.Hold();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(IdOf(service.Submit(R"(,"reuse":false)")));
  std::vector<std::string> seen;
  std::string target = "/api/jobs?limit=2";
  while (!target.empty()) {
    const RawResponse response = service.Get(target);
    ASSERT_EQ(response.status, 200) << response.body;
    const boost::json::value page = Json(response);
    for (const auto& job : page.at("jobs").as_array()) seen.push_back(IdOf(job));
    const bool has_next = page.at("next").is_string();
    EXPECT_EQ(response.headers.contains("link"), has_next);
    target = has_next ? std::string(page.at("next").as_string()) : "";
    if (has_next) {
      EXPECT_EQ(response.headers.at("link"), "<" + target + ">; rel=\"next\"");
    }
  }
  std::ranges::reverse(ids);
  EXPECT_EQ(seen, ids);
}

TEST(JobRoutesTest, ListsByStateAndName) {
  const RunningService service;
  const std::string id = service.Completed();
  const auto count = [&](std::string_view query) {
    return Json(service.Get(fmt::format("/api/jobs?{}", query))).at("jobs").as_array().size();
  };
  EXPECT_EQ(count("state=completed"), 1U);
  EXPECT_EQ(count("state=failed"), 0U);
  EXPECT_EQ(count("q=talk"), 1U);
  EXPECT_EQ(count("q=nothing%20of%20this"), 0U);
  for (const char* query : {"state=lost", "limit=0", "limit=201", "limit=x", "after=zzz"}) {
    EXPECT_EQ(CodeOf(service.Get(fmt::format("/api/jobs?{}", query))), "invalid_argument") << query;
  }
}

TEST(JobRoutesTest, UnchangedJobsAreNotSentAgain) {
  const RunningService service;
  const std::string target = "/api/jobs/" + service.Completed();
  const RawResponse first = service.Get(target);
  ASSERT_EQ(first.status, 200);
  const std::string etag = first.headers.at("etag");
  const RawResponse again = service.Get(target, "If-None-Match: \"x\", W/" + etag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.headers.at("etag"), etag);
  EXPECT_EQ(service.Get(target, "If-None-Match: \"x\"\r\n").status, 200);
  EXPECT_EQ(service.Get(target, "If-None-Match: *\r\n").status, 304);
  const RawResponse head = service.Ask("HEAD", target);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("etag"), etag);
}

TEST(JobRoutesTest, JobsThatAreNoneAreNotFound) {
  const RunningService service;
  const std::string absent = "/api/jobs/00000000000000000000000000000000";
  for (const std::string& target :
       {absent, std::string("/api/jobs/x"), absent + "/media", absent + "/transcript.srt"}) {
    EXPECT_EQ(CodeOf(service.Get(target)), "not_found") << target;
  }
  EXPECT_EQ(CodeOf(service.Ask("DELETE", absent)), "not_found");
  EXPECT_EQ(CodeOf(service.Ask("POST", absent + "/cancel")), "not_found");
  EXPECT_EQ(CodeOf(service.Ask("POST", absent + "/retry")), "not_found");
  EXPECT_EQ(CodeOf(service.Ask("PATCH", absent, "", R"({"priority":1})")), "not_found");
}

TEST(JobRoutesTest, LiveJobsAreCancelledAndEndedOnesRemoved) {
  RunningService service;
  service.script.Hold();
  const std::string id = IdOf(service.Submit());
  const RawResponse cancelled = service.Ask("DELETE", "/api/jobs/" + id);
  EXPECT_EQ(cancelled.status, 202) << cancelled.body;
  EXPECT_EQ(service.End(id), "cancelled");
  EXPECT_EQ(service.Ask("POST", "/api/jobs/" + id + "/cancel").status, 409);
  EXPECT_EQ(service.Ask("DELETE", "/api/jobs/" + id).status, 204);
  EXPECT_EQ(service.Get("/api/jobs/" + id).status, 404);
}

TEST(JobRoutesTest, FailedJobsCanBeTriedAgain) {
  RunningService service;
  service.script.FailWith({ErrorCode::kCorruptMedia, "no sound can be read"});
  const std::string id = IdOf(service.Submit());
  ASSERT_EQ(service.End(id), "failed");
  const boost::json::value job = Json(service.Get("/api/jobs/" + id));
  EXPECT_EQ(job.at("error").at("code").as_string(), "corrupt_media");
  EXPECT_EQ(service.Ask("POST", "/api/jobs/" + id + "/retry").status, 202);
  EXPECT_EQ(service.End(id), "failed");
}

TEST(JobRoutesTest, CompletedJobsAreNotTriedAgain) {
  const RunningService service;
  EXPECT_EQ(service.Ask("POST", "/api/jobs/" + service.Completed() + "/retry").status, 409);
}

TEST(JobRoutesTest, PrioritiesChangeWhileJobsWait) {
  RunningService service;
  service.script.Hold();
  const std::string target = "/api/jobs/" + IdOf(service.Submit());
  const RawResponse changed = service.Ask("PATCH", target, "", R"({"priority":-4})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(Json(changed).at("priority").as_int64(), -4);
  for (const char* json : {"{}", R"({"priority":"1"})", R"({"priority":11})",
                           R"({"priority":1,"state":"failed"})", "no"}) {
    EXPECT_EQ(CodeOf(service.Ask("PATCH", target, "", json)), "invalid_argument") << json;
  }
}

TEST(JobRoutesTest, PagesOfOtherSitesCreateNothing) {
  const RunningService service;
  const std::string headers = std::string(kFormType) + "Origin: http://evil.example\r\n";
  const RawResponse response = service.Ask("POST", "/api/jobs", headers, Form({}));
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(CodeOf(response), "forbidden");
}

TEST(JobRoutesTest, TitlesAndTagsFindJobs) {
  const RunningService service;
  const RawResponse made =
      service.Ask("POST", "/api/jobs", kFormType, Form({{"title", "12"}, {"tags", "7,talks"}}));
  ASSERT_EQ(made.status, 202) << made.body;
  const std::string id = IdOf(Json(made));
  EXPECT_EQ(Json(made).at("title").as_string(), "12");
  EXPECT_EQ(Json(made).at("tags").as_array().size(), 2U);
  EXPECT_EQ(service.End(id), "completed");

  const std::string target = "/api/jobs/" + id;
  const RawResponse changed = service.Ask("PATCH", target, "", R"({"title":"A talk"})");
  EXPECT_EQ(Json(changed).at("title").as_string(), "A talk");
  EXPECT_EQ(Json(changed).at("tags").as_array().size(), 2U);
  EXPECT_EQ(CodeOf(service.Ask("PATCH", target, "", R"({"title":"B","priority":1})")), "conflict");
  EXPECT_EQ(Json(service.Get(target)).at("title").as_string(), "A talk");

  EXPECT_EQ(Json(service.Get("/api/jobs?tag=talks")).at("jobs").as_array().size(), 1U);
  EXPECT_EQ(Json(service.Get("/api/jobs?tag=talk")).at("jobs").as_array().size(), 0U);
  EXPECT_EQ(Json(service.Get("/api/jobs?q=a+TALK")).at("jobs").as_array().size(), 1U);
  const boost::json::value tags = Json(service.Get("/api/tags"));
  EXPECT_EQ(tags.at("tags").at(1).at("tag").as_string(), "talks");
  EXPECT_EQ(tags.at("tags").at(1).at("jobs").as_int64(), 1);
  const boost::json::value found = Json(service.Get("/api/search?q=hello"));
  EXPECT_EQ(found.at("hits").at(0).at("title").as_string(), "A talk");
}

}  // namespace
}  // namespace verbatim::api
