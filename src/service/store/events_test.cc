#include "store/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class EventsTest : public ::testing::Test, protected TestDatabase {
 protected:
  int64_t Append(const std::string& type, const std::string& job = "") {
    return Write(AppendEvent, MakeEvent(type, job)).value_or(-1);
  }
  static Event MakeEvent(const std::string& type, const std::string& job = "") {
    return {.time_ms = 5, .type = type, .job = job, .data = R"({"a":1})"};
  }
  static std::vector<int64_t> Ids(const std::vector<Event>& events) {
    std::vector<int64_t> ids;
    for (const Event& event : events) ids.push_back(event.id);
    return ids;
  }
  std::vector<int64_t> After(int64_t after, size_t count, const std::string& job = "") {
    return Ids(*Read(EventsAfter, after, count, job));
  }
};

TEST_F(EventsTest, AreNumberedAndReadBack) {
  EXPECT_EQ(Append("job", "a"), 1);
  EXPECT_EQ(Append("progress", "b"), 2);
  EXPECT_EQ(Append("system"), 3);
  const std::vector<Event> events = *Read(EventsAfter, int64_t{0}, size_t{10}, "");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].id, 2);
  EXPECT_EQ(events[1].time_ms, 5);
  EXPECT_EQ(events[1].type, "progress");
  EXPECT_EQ(events[1].job, "b");
  EXPECT_EQ(events[1].data, R"({"a":1})");
  EXPECT_THAT(After(1, 1), ElementsAre(2));
  EXPECT_THAT(After(3, 10), IsEmpty());
  EXPECT_THAT(After(0, 10, "a"), ElementsAre(1));
}

TEST_F(EventsTest, TextOfADeletedJobIsForgotten) {
  Append("segment", "a");
  Append("segment", "b");
  Append("job", "a");
  ASSERT_TRUE(Write(ForgetSegments, "a"));
  const std::vector<Event> events = *Read(EventsAfter, int64_t{0}, size_t{10}, "");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].type, "removed");
  EXPECT_EQ(events[0].data, R"({"job":"a"})");
  EXPECT_EQ(events[1].type, "segment");
  EXPECT_EQ(events[1].data, R"({"a":1})");
  EXPECT_EQ(events[2].type, "job");
}

TEST_F(EventsTest, NumbersAreNeverGivenAgain) {
  EXPECT_EQ(Read(EventsKept)->newest, 0);
  for (int i = 0; i < 5; ++i) Append("job");
  ASSERT_TRUE(Write(TrimEvents, size_t{2}));
  EXPECT_THAT(After(0, 10), ElementsAre(4, 5));
  EXPECT_EQ(Read(EventsKept)->oldest, 4);
  ASSERT_TRUE(Write(TrimEvents, size_t{0}));
  Reopen();
  EXPECT_EQ(Read(EventsKept)->newest, 5);
  EXPECT_EQ(Read(EventsKept)->oldest, 0);
  EXPECT_EQ(Append("job"), 6);
  ASSERT_TRUE(Write(TrimEvents, SIZE_MAX));
  EXPECT_THAT(After(0, SIZE_MAX), ElementsAre(6));
}

TEST_F(EventsTest, WhatIsRolledBackLeavesNoGapAndIsNotTold) {
  std::vector<int64_t> told;
  database_->OnEvents([&](const std::vector<Event>& events) {
    for (const Event& event : events) told.push_back(event.id);
  });
  Append("job");
  const Result<void> refused = database_->Write([&](Connection& connection) -> Result<void> {
    EXPECT_EQ(AppendEvent(connection, MakeEvent("job")), 2);
    return Fail(ErrorCode::kCancelled, "no");
  });
  EXPECT_EQ(CodeOfFailure(refused), ErrorCode::kCancelled);
  EXPECT_TRUE(Write(InsertUpload, MakeUpload("quiet")));
  EXPECT_EQ(Append("job"), 2);
  EXPECT_THAT(told, ElementsAre(1, 2));
}

TEST_F(EventsTest, TheListenerHearsInTheOrderOfCommits) {
  std::vector<int64_t> told;  // the writer's lock guards it
  int calls = 0;
  database_->OnEvents([&](const std::vector<Event>& events) {
    ++calls;
    for (const Event& event : events) told.push_back(event.id);
    EXPECT_EQ(Read(EventsKept)->newest, told.back()) << "told after it can be read";
  });
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(database_->Write([&](Connection& connection) -> Result<int64_t> {
          TRY(AppendEvent(connection, MakeEvent("first")));
          return AppendEvent(connection, MakeEvent("second"));
        }));
      }
    });
  }
  writers.clear();
  ASSERT_EQ(told.size(), 80u);
  EXPECT_LE(calls, 40) << "one for what is committed together";
  for (size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], static_cast<int64_t>(i + 1));
}

}  // namespace
}  // namespace verbatim::store
