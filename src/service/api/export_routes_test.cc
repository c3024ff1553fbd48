// Archives over the wire; tests/e2e/test_editing.py opens one with another program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::RawResponse;

TEST(ExportRoutesTest, AnArchiveNamesItsFilesByTitle) {
  const RunningService service;
  const std::string first(service.Submit(R"(,"title":"Eins/zwei")").at("id").as_string());
  const std::string second(service.Submit(R"(,"tags":["a"])").at("id").as_string());
  EXPECT_EQ(service.End(first), "completed");
  EXPECT_EQ(service.End(second), "completed");
  const RawResponse all = service.Get("/api/export.zip?all=true&formats=srt,json");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.headers.at("content-type"), "application/zip");
  EXPECT_EQ(all.headers.at("content-disposition"), "attachment; filename=\"transcripts.zip\"");
  EXPECT_THAT(all.body, StartsWith("PK"));
  for (const char* name : {"Eins_zwei.srt", "Eins_zwei.json", "talk.srt", "talk.json"}) {
    EXPECT_THAT(all.body, HasSubstr(name));
  }
  EXPECT_THAT(all.body, ::testing::Not(HasSubstr("skipped.txt")));
  const RawResponse tagged = service.Get("/api/export.zip?tag=a");
  EXPECT_THAT(tagged.body, HasSubstr("talk.srt"));
  EXPECT_THAT(tagged.body, ::testing::Not(HasSubstr("Eins")));
}

TEST(ExportRoutesTest, JobsWithoutTranscriptAreNamed) {
  RunningService service;
  service.script.FailWith({ErrorCode::kCorruptMedia, "no sound"});
  const std::string job(service.Submit().at("id").as_string());
  EXPECT_EQ(service.End(job), "failed");
  const RawResponse response = service.Get("/api/export.zip?jobs=" + job);
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("skipped.txt"));
}

TEST(ExportRoutesTest, WhatIsWrongIsSaidBeforeTheFirstByte) {
  const RunningService service;
  const std::string job = service.Completed();
  for (const std::string& query :
       {std::string(), std::string("tag="), "jobs=" + job + "&all=true",
        std::string("all=true&formats=doc"), std::string("all=true&formats="),
        std::string("all=true&lines_max=0"), std::string("all=maybe")}) {
    const RawResponse response = service.Get("/api/export.zip?" + query);
    EXPECT_EQ(response.status, 400) << query;
  }
  EXPECT_EQ(service.Get("/api/export.zip?jobs=x").status, 404);
  EXPECT_EQ(service.Get("/api/export.zip?jobs=" + std::string(32, '0')).status, 404);
}

}  // namespace
}  // namespace verbatim::api
