// Server-sent events over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawHttpClient;
using tests::RawResponse;

struct Event {
  int64_t id = 0;
  std::string type;
  std::string data;
};

// An EventSource, as far as tests need one.
class Follower {
 public:
  Follower(const RunningService& service, std::string_view query, std::string_view headers = "")
      : client_(service.port(), 5) {
    client_.Send(
        RunningService::RequestText("GET", fmt::format("/api/events{}", query), headers, ""));
    const auto head = client_.ReceiveHead();
    EXPECT_TRUE(head);
    head_ = head.value_or(RawResponse{});
  }

  const RawResponse& head() const { return head_; }

  // The next event; comments and retry are passed over. A live one has the id 0.
  std::optional<Event> Next() {
    while (true) {
      const size_t end = text_.find("\n\n");
      if (end == std::string::npos) {
        const auto chunk = client_.ReceiveChunk();
        if (!chunk || chunk->empty()) return std::nullopt;
        text_ += *chunk;
        continue;
      }
      const std::string block = text_.substr(0, end);
      text_.erase(0, end + 2);
      if (block.starts_with("id: ") || block.starts_with("event: ")) return Parse(block);
      seen_retry = seen_retry || block == "retry: 2000";
    }
  }

  bool seen_retry = false;

 private:
  static Event Parse(const std::string& block) {
    Event event;
    if (block.starts_with("id: ")) event.id = std::stoll(block.substr(4));
    const size_t type = block.find("event: ") + 7;
    event.type = block.substr(type, block.find('\n', type) - type);
    event.data = block.substr(block.find("data: ") + 6);
    return event;
  }

  RawHttpClient client_;
  RawResponse head_;
  std::string text_;
};

TEST(EventRoutesTest, AJobIsFollowedToItsEnd) {
  RunningService service;
  service.script.Hold();
  Follower follower(service, "");
  EXPECT_EQ(follower.head().status, 200);
  EXPECT_EQ(follower.head().headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(follower.head().headers.at("cache-control"), "no-store");
  const std::string id(service.Submit().at("id").as_string());
  service.script.Release();
  std::set<std::string> types;
  int64_t last = 0;
  while (true) {
    const std::optional<Event> event = follower.Next();
    ASSERT_TRUE(event);
    EXPECT_GT(event->id, last);
    last = event->id;
    types.insert(event->type);
    EXPECT_TRUE(boost::json::parse(event->data).is_object());
    if (event->data.find("\"state\":\"completed\"") != std::string::npos) break;
  }
  EXPECT_TRUE(types.contains("job"));
  EXPECT_TRUE(types.contains("segment"));
  EXPECT_TRUE(follower.seen_retry);
}

TEST(EventRoutesTest, WhoWasCutOffGoesOnWhereItWas) {
  const RunningService service;
  service.Completed();
  Follower all(service, "?last_event_id=0");
  const int64_t newest = service.services().events.newest();
  ASSERT_GT(newest, 3);
  for (int64_t id = 1; id <= newest; ++id) EXPECT_EQ(all.Next()->id, id);
  Follower rest(service, "?last_event_id=1", "Last-Event-ID: 3\r\n");  // the browser's word counts
  EXPECT_EQ(rest.Next()->id, 4);
}

TEST(EventRoutesTest, OneJobCanBeFollowedAlone) {
  const RunningService service;
  const std::string first = service.Completed();
  const std::string second(service.Submit(R"(,"reuse":false)").at("id").as_string());
  ASSERT_EQ(service.End(second), "completed");
  Follower follower(service, "?last_event_id=0&job=" + second);
  const std::optional<Event> event = follower.Next();
  ASSERT_TRUE(event);
  EXPECT_THAT(event->data, HasSubstr(second));
  EXPECT_EQ(service.Get("/api/events?job=x").status, 404);
  EXPECT_EQ(service.Get("/api/events?job=00000000000000000000000000000000").status, 404);
}

TEST(EventRoutesTest, WhatIsNoLongerKeptIsSaid) {
  const RunningService service;
  for (int i = 0; i < 3; ++i) {
    const std::string id(service.Submit(R"(,"reuse":false)").at("id").as_string());
    ASSERT_EQ(service.End(id), "completed");
  }
  const int64_t newest = service.services().events.newest();
  ASSERT_TRUE(service.services().database.Write(
      [](store::Connection& connection) { return store::TrimEvents(connection, 2); }));
  // Memory still has them all: nothing is missing.
  Follower lucky(service, fmt::format("?last_event_id={}", newest - 4));
  EXPECT_EQ(lucky.Next()->id, newest - 3);
  Follower unlucky(service, fmt::format("?last_event_id={}", newest + 100));
  const std::optional<Event> event = unlucky.Next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "reset");
  EXPECT_EQ(event->id, newest);
}

TEST(EventRoutesTest, WrongIdsAreRefused) {
  const RunningService service;
  for (const char* id : {"x", "-1", "1x", "99999999999999999999"}) {
    EXPECT_EQ(service.Get(fmt::format("/api/events?last_event_id={}", id)).status, 400) << id;
  }
}

TEST(EventRoutesTest, LiveValuesComeToThoseWhoAskAndLeaveTheIdsAlone) {
  const RunningService service;
  EventHub& hub = service.services().events;
  Follower live(service, "?last_event_id=0&performance=true");
  Follower events(service, "?last_event_id=0&performance=false");
  hub.ShowLive("{\"load\":0.5}", false);
  const std::optional<Event> value = live.Next();
  ASSERT_TRUE(value);
  EXPECT_EQ(value->type, "performance");
  EXPECT_EQ(value->data, "{\"load\":0.5}");
  EXPECT_EQ(value->id, 0);
  service.Completed();
  EXPECT_EQ(live.Next()->id, 1);  // told once
  EXPECT_EQ(events.Next()->id, 1);
  hub.ShowLive("{\"load\":1.5}", false);
  const int64_t newest = hub.newest();
  for (int64_t id = 2; id <= newest; ++id) EXPECT_EQ(events.Next()->id, id);
  EXPECT_EQ(service.Get("/api/events?performance=maybe").status, 400);
}

TEST(EventRoutesTest, LiveValuesOfAnIdleMachineMayComeTogether) {
  const RunningService service;
  EventHub& hub = service.services().events;
  Follower live(service, "?performance=true&idle_every=3");
  const auto comes = [&] {
    std::optional<Event> event = live.Next();
    while (event && event->type != "performance") event = live.Next();
    return event.value_or(Event{}).data;
  };
  hub.ShowLive("1", true);
  EXPECT_EQ(comes(), "1") << "the first at once";
  hub.ShowLive("2", true);
  hub.ShowLive("3", true);
  service.Completed();
  for (int64_t id = 1; id <= hub.newest(); ++id) EXPECT_EQ(live.Next()->id, id);
  hub.ShowLive("4", true);
  for (const char* value : {"2", "3", "4"}) EXPECT_EQ(comes(), value);
  hub.ShowLive("5", true);
  hub.ShowLive("6", false);
  for (const char* value : {"5", "6"}) EXPECT_EQ(comes(), value) << "work ends the waiting";
  for (const char* every : {"0", "11", "x"}) {
    EXPECT_EQ(service.Get(fmt::format("/api/events?idle_every={}", every)).status, 400) << every;
  }
}

TEST(EventRoutesTest, ClientsAreCounted) {
  const RunningService service;
  {
    const Follower follower(service, "");
    EXPECT_THAT(service.Get("/metrics").body, HasSubstr("event_clients 1"));
  }
}

}  // namespace
}  // namespace verbatim::api
