#include "api/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "store/test_database.h"

namespace verbatim::api {
namespace {

using ::testing::IsEmpty;

class CountingWakeup final : public http::Wakeup {
 public:
  void Notify() override { ++count; }
  http::Task<bool> Wait(std::chrono::milliseconds) override { co_return false; }
  std::atomic<int> count = 0;
};

class EventHubTest : public ::testing::Test {
 protected:
  void Open(size_t kept) {
    hub_.reset();
    database_.reset();
    database_ = std::move(*store::Database::Open(folder_.path() / "verbatim.db"));
    hub_ = std::move(*EventHub::Open(*database_, kept));
  }

  void Append(int count, const std::string& job = "") {
    const auto appended = database_->Write([&](store::Connection& connection) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        TRY(store::AppendEvent(connection, {.type = "job", .job = job, .data = "{}"}));
      }
      return {};
    });
    ASSERT_TRUE(appended) << appended.error().message;
  }

  static std::vector<int64_t> Ids(const Result<EventHub::Page>& page) {
    std::vector<int64_t> ids;
    EXPECT_TRUE(page);
    for (const auto& event : page->events) ids.push_back(event->id);
    return ids;
  }

  const store::TemporaryFolder folder_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<EventHub> hub_;
};

using Ids64 = std::vector<int64_t>;

TEST_F(EventHubTest, GivesWhatComesAfterInOrderAndInPages) {
  Open(100);
  EXPECT_EQ(hub_->newest(), 0);
  Append(5);
  EXPECT_EQ(hub_->newest(), 5);
  EXPECT_EQ(Ids(hub_->After(0, 3, "")), (Ids64{1, 2, 3}));
  EXPECT_EQ(hub_->After(0, 3, "")->scanned_to, 3);
  EXPECT_EQ(Ids(hub_->After(3, 3, "")), (Ids64{4, 5}));
  EXPECT_EQ(Ids(hub_->After(5, 3, "")), Ids64{});
}

TEST_F(EventHubTest, ThoseOfOneJobAreFoundAndOthersPassedOver) {
  Open(100);
  Append(2, "a");
  Append(2, "b");
  Append(1, "a");
  EXPECT_EQ(Ids(hub_->After(0, 10, "a")), (Ids64{1, 2, 5}));
  EXPECT_EQ(Ids(hub_->After(2, 10, "a")), (Ids64{5}));
  EXPECT_EQ(hub_->After(0, 10, "c")->scanned_to, 5);
}

TEST_F(EventHubTest, WhatMemoryLostTheLedgerHas) {
  Open(3);
  Append(10, "a");
  EXPECT_FALSE(hub_->Recent(6, 10, ""));
  EXPECT_TRUE(hub_->Recent(7, 10, ""));
  EXPECT_EQ(Ids(hub_->After(0, 4, "")), (Ids64{1, 2, 3, 4}));
  EXPECT_EQ(hub_->After(0, 4, "")->scanned_to, 4);
  EXPECT_EQ(Ids(hub_->After(4, 100, "")), (Ids64{5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(hub_->After(4, 100, "b")->scanned_to, 10);
}

TEST_F(EventHubTest, AnEarlierRunsEventsAreThere) {
  Open(100);
  Append(4);
  Open(100);
  EXPECT_EQ(hub_->newest(), 4);
  EXPECT_EQ(Ids(hub_->After(2, 10, "")), (Ids64{3, 4}));
  Append(1);
  EXPECT_EQ(Ids(hub_->After(2, 10, "")), (Ids64{3, 4, 5}));
}

TEST_F(EventHubTest, WhatIsNoLongerKeptIsAnError) {
  Open(2);
  Append(10);
  ASSERT_TRUE(database_->Write(
      [](store::Connection& connection) { return store::TrimEvents(connection, 5); }));
  EXPECT_EQ(hub_->After(4, 10, "").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Ids(hub_->After(5, 10, "")), (Ids64{6, 7, 8, 9, 10}));
  EXPECT_EQ(hub_->After(11, 10, "").error().code, ErrorCode::kNotFound);  // never given
}

TEST_F(EventHubTest, WakesThoseWhoWait) {
  Open(100);
  const auto wakeup = std::make_shared<CountingWakeup>();
  const auto unsubscribe = hub_->Subscribe(wakeup);
  Append(3);
  EXPECT_EQ(wakeup->count, 1);  // one commit
  Append(1);
  EXPECT_EQ(wakeup->count, 2);
  unsubscribe();
  Append(1);
  EXPECT_EQ(wakeup->count, 2);
}

TEST_F(EventHubTest, LiveValuesWakeOnlyThoseWhoAsked) {
  Open(100);
  const auto events = std::make_shared<CountingWakeup>();
  const auto live = std::make_shared<CountingWakeup>();
  const auto end_events = hub_->Subscribe(events);
  const auto end_live = hub_->Subscribe(live, Following::kEventsAndLive);
  hub_->ShowLive("{\"load\":1}", false);
  hub_->ShowLive("{\"load\":2}", true);
  EXPECT_EQ(live->count, 2);
  EXPECT_EQ(events->count, 0);
  EXPECT_EQ(hub_->newest(), 0);
  Append(1);
  EXPECT_EQ(live->count, 3);
  EXPECT_EQ(events->count, 1);
  end_live();
  end_events();
}

TEST_F(EventHubTest, TheNewestLiveValuesAreKept) {
  Open(100);
  EXPECT_THAT(hub_->LiveAfter(0), IsEmpty());
  for (int64_t number = 1; number <= kLiveKept + 2; ++number) {
    hub_->ShowLive(std::to_string(number), number % 2 == 0);
  }
  const auto all = hub_->LiveAfter(0);
  ASSERT_EQ(all.size(), kLiveKept);
  EXPECT_EQ(all.front()->number, 3);
  EXPECT_EQ(all.front()->json, "3");
  EXPECT_FALSE(all.front()->is_idle);
  EXPECT_TRUE(all.back()->is_idle);
  EXPECT_EQ(hub_->LiveAfter(kLiveKept + 1).size(), 1U);
  EXPECT_THAT(hub_->LiveAfter(kLiveKept + 2), IsEmpty());
}

TEST_F(EventHubTest, TheLedgerOutlivesIt) {
  Open(100);
  hub_.reset();
  Append(1);
}

}  // namespace
}  // namespace verbatim::api
