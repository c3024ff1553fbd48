#include "jobs/job_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/jobs.h"

namespace verbatim::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Tags = std::vector<std::string>;

std::string Refusal(std::string_view json) {
  const Result<JobChange> change = ParseJobChange(json);
  return change ? "" : change.error().message;
}

TEST(JobLabelsTest, TitlesAreTrimmedAndLimited) {
  EXPECT_EQ(*CheckedTitle("  A talk "), "A talk");
  EXPECT_EQ(*CheckedTitle("   "), "");
  std::string title;
  for (int i = 0; i < 200; ++i) title += "ß";
  EXPECT_EQ(*CheckedTitle(title), title);
  EXPECT_FALSE(CheckedTitle(title + "s"));
  EXPECT_FALSE(CheckedTitle("a\nb"));
}

TEST(JobLabelsTest, TagsAreSortedAndUnique) {
  EXPECT_THAT(*CheckedTags({"b", " a ", "b"}), ElementsAre("a", "b"));
  EXPECT_TRUE(CheckedTags({})->empty());
  EXPECT_FALSE(CheckedTags({"a,b"}));
  EXPECT_FALSE(CheckedTags({" "}));
  EXPECT_FALSE(CheckedTags({"a\tb"}));
  EXPECT_FALSE(CheckedTags({std::string(41, 'a')}));
  Tags tags;
  for (int i = 0; i < 20; ++i) tags.push_back("t" + std::to_string(i));
  EXPECT_EQ(CheckedTags(tags)->size(), 20U);
  tags.push_back("one more");
  EXPECT_FALSE(CheckedTags(tags));
}

TEST(JobLabelsTest, AChangeNamesWhatItChanges) {
  const Result<JobChange> change = ParseJobChange(R"({"title":" A talk","tags":["b","a"]})");
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_EQ(change->title, "A talk");
  EXPECT_EQ(change->tags, (Tags{"a", "b"}));
  EXPECT_FALSE(change->priority);
  EXPECT_EQ(ParseJobChange(R"({"priority":3})")->priority, 3);
  EXPECT_EQ(ParseJobChange(R"({"title":"","tags":[]})")->tags, Tags());
}

TEST(JobLabelsTest, WhatIsWrongIsSaid) {
  EXPECT_THAT(Refusal("{}"), HasSubstr("one of them is needed"));
  EXPECT_THAT(Refusal(R"({"title":null})"), HasSubstr("one of them is needed"));
  EXPECT_THAT(Refusal(R"({"title":1})"), HasSubstr("title is 1; it must be a text"));
  EXPECT_THAT(Refusal(R"({"tags":"a"})"), HasSubstr("it must be a list"));
  EXPECT_THAT(Refusal(R"({"tags":[1]})"), HasSubstr("a list of texts"));
  EXPECT_THAT(Refusal(R"({"state":"failed"})"), HasSubstr("state"));
}

TEST(JobLabelsTest, ARequestMayBringThem) {
  const Result<JobRequest> request = ParseJobRequest(R"({"title":"A talk","tags":["b","a"]})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->title, "A talk");
  EXPECT_EQ(request->tags, (Tags{"a", "b"}));
}

}  // namespace
}  // namespace verbatim::jobs
