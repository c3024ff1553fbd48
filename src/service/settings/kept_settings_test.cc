#include "settings/kept_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/events.h"
#include "store/settings.h"
#include "store/test_database.h"

namespace verbatim::settings {
namespace {

using store::Connection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ListLog final : public Log {
 public:
  void Write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

class KeptSettingsTest : public testing::Test {
 protected:
  KeptSettingsTest() { Start({}); }

  // As a new run of the server does.
  void Start(Loaded loaded) {
    live_.reset();
    database_.reset();
    auto opened = store::Database::Open(folder_.path() / "verbatim.db");
    ASSERT_TRUE(opened);
    database_ = *std::move(opened);
    live_ = std::make_unique<Live>(std::move(loaded));
    ASSERT_TRUE(KeepIn(*database_, *live_, clock_, log_));
  }

  void Change(const std::vector<NewValue>& values) {
    const auto changed = live_->Change(values, "test");
    ASSERT_TRUE(changed) << changed.error().message;
  }

  std::vector<store::SettingLogEntry> ReadLog() {
    return *database_->Read(
        [](Connection& connection) { return store::SettingLog(connection, 100); });
  }

  std::vector<std::string> Lines() { return std::exchange(log_.lines, {}); }

  const store::TemporaryFolder folder_;
  SystemClock clock_;
  ListLog log_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Live> live_;
};

TEST_F(KeptSettingsTest, AChangeOutlivesTheServer) {
  Change({{"workers", "4"}, {"max_file_size_bytes", "2 GiB"}});
  EXPECT_THAT(Lines(), ElementsAre("settings changed (test): workers from 0 to 4, "
                                   "max_file_size_bytes from 1 GiB to 2 GiB"));
  Start({});
  EXPECT_EQ(live_->Current().workers, 4);
  EXPECT_EQ(live_->Current().max_file_size_bytes, 2ULL << 30);
  EXPECT_EQ(live_->All().origins.at("workers"), Origin::kChanged);
  Change({{"workers", std::nullopt}});
  Start({});
  EXPECT_EQ(live_->Current().workers, 0);
  EXPECT_EQ(live_->Current().max_file_size_bytes, 2ULL << 30);
}

TEST_F(KeptSettingsTest, AFlagOfTheNextStartWinsAndIsTold) {
  Change({{"workers", "4"}});
  Lines();
  Loaded loaded;
  loaded.settings.workers = 2;
  loaded.origins["workers"] = Origin::kFlag;
  Start(loaded);
  EXPECT_EQ(live_->Current().workers, 2);
  EXPECT_THAT(Lines(),
              ElementsAre("workers was changed to 4 in an earlier run, but its flag says 2"));
  Change({{"workers", "5"}});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("(its flag counts again at the next start)")));
  Start({});
  EXPECT_EQ(live_->Current().workers, 5);
}

TEST_F(KeptSettingsTest, TheLogSaysWhatChangedAndWhy) {
  Change({{"workers", "4"}});
  Change({{"workers", "6"}, {"batch", "2"}});
  Change({{"workers", std::nullopt}});
  const auto log = ReadLog();
  ASSERT_EQ(log.size(), 4U);
  EXPECT_EQ(log[0].after, "0");
  EXPECT_EQ(log[0].before, "6");
  EXPECT_TRUE(log[0].was_changed);
  EXPECT_EQ(log[1].name, "batch");
  EXPECT_FALSE(log[1].was_changed);
  EXPECT_EQ(log[3].reason, "test");
  EXPECT_NEAR(static_cast<double>(log[3].time_ms), static_cast<double>(clock_.WallMs()), 60'000);
}

TEST_F(KeptSettingsTest, EachChangeIsAnEvent) {
  std::vector<store::Event> told;
  database_->OnEvents([&](const std::vector<store::Event>& events) { told = events; });
  Change({{"workers", "4"}, {"enable_memory_cleanup", "false"}});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].type, "settings.changed");
  EXPECT_EQ(told[0].data,
            R"({"changes":[{"name":"workers","before":0,"after":4},)"
            R"({"name":"enable_memory_cleanup","before":true,"after":false}],"reason":"test"})");
}

TEST_F(KeptSettingsTest, WhatIsRefusedLeavesNothing) {
  EXPECT_FALSE(live_->Change(std::vector<NewValue>{{"workers", "4"}, {"batch", "x"}}, "test"));
  EXPECT_THAT(ReadLog(), IsEmpty());
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace verbatim::settings
