#include "settings/live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "settings/settings_json.h"

namespace verbatim::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Loaded StartWith(Origin workers_origin) {
  Loaded loaded;
  loaded.settings.workers = 3;
  loaded.origins["workers"] = workers_origin;
  return loaded;
}

ErrorCode CodeOf(Live& live, const std::vector<NewValue>& values) {
  const auto changed = live.Change(values, "test");
  return changed ? ErrorCode::kInternal : changed.error().code;
}

std::string MessageOf(Live& live, const std::vector<NewValue>& values) {
  const auto changed = live.Change(values, "test");
  return changed ? "accepted" : changed.error().message;
}

TEST(LiveTest, AChangeHoldsAndIsTold) {
  Live live(StartWith(Origin::kFile));
  std::vector<SettingChange> told;
  int64_t seen = 0;
  live.OnChange([&](const std::vector<SettingChange>& changes) {
    told = changes;
    seen = live.Current().workers;
  });
  const NewValue wanted[] = {{"workers", "4"}, {"max_file_size_bytes", "2 GiB"}, {"batch", "0"}};
  const auto changed = live.Change(wanted, "test");
  ASSERT_TRUE(changed) << changed.error().message;
  ASSERT_EQ(changed->size(), 2U);  // batch was 0
  EXPECT_EQ(changed->at(0).name, "workers");
  EXPECT_EQ(changed->at(0).before, "3");
  EXPECT_EQ(changed->at(0).after, "4");
  EXPECT_FALSE(changed->at(0).was_changed);
  EXPECT_EQ(changed->at(1).after, "2 GiB");
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(seen, 4);
  EXPECT_EQ(live.Current().max_file_size_bytes, 2ULL << 30);
  EXPECT_EQ(live.All().origins.at("workers"), Origin::kChanged);
}

TEST(LiveTest, AllOrNothing) {
  Live live;
  live.OnChange([](const auto&) { ADD_FAILURE(); });
  EXPECT_EQ(MessageOf(live, {{"workers", "4"}, {"batch", "65"}}),
            "batch is \"65\", but must be a whole number, 0 to 64");
  EXPECT_EQ(MessageOf(live, {{"workers", "4"}, {"worker", "4"}}),
            "there is no setting \"worker\"; did you mean \"workers\"?");
  EXPECT_EQ(CodeOf(live, {{"workers", "4"}, {"worker", "4"}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(live, {{"workers", "4"}, {"listen", "127.0.0.1:1"}}), ErrorCode::kConflict);
  EXPECT_THAT(MessageOf(live, {{"listen", "127.0.0.1:1"}}),
              HasSubstr("listen can't change while the server runs"));
  EXPECT_EQ(live.Current().workers, 0);
}

TEST(LiveTest, ChangesOnlyWhatIsAsExpected) {
  Live live(StartWith(Origin::kFile));
  EXPECT_EQ(CodeOf(live, {{"workers", "4", "2"}}), ErrorCode::kConflict);
  EXPECT_EQ(MessageOf(live, {{"workers", "4", "2"}}), "workers is 3 meanwhile");
  EXPECT_EQ(MessageOf(live, {{"workers", "4", "3"}}), "accepted");
  EXPECT_EQ(live.Current().workers, 4);
}

TEST(LiveTest, WhatCannotBeRememberedDoesNotHold) {
  Live live;
  live.OnChange([](const auto&) { ADD_FAILURE(); });
  live.RememberWith(
      [&](const std::vector<SettingChange>& changes, std::string_view reason) -> Result<void> {
        EXPECT_EQ(changes.size(), 1U);
        EXPECT_EQ(reason, "test");
        EXPECT_EQ(live.Current().workers, 0);  // not before it is durable
        return Fail(ErrorCode::kOutOfSpace, "the disk is full");
      });
  EXPECT_EQ(CodeOf(live, {{"workers", "4"}}), ErrorCode::kOutOfSpace);
  EXPECT_EQ(live.Current().workers, 0);
  EXPECT_EQ(live.All().origins["workers"], Origin::kDefault);
}

TEST(LiveTest, NoneIsTheValueOfTheStart) {
  Live live(StartWith(Origin::kEnvironment));
  ASSERT_TRUE(live.Change(std::vector<NewValue>{{"workers", "7"}}, "test"));
  const auto reset = live.Change(std::vector<NewValue>{{"workers", std::nullopt}}, "test");
  ASSERT_TRUE(reset);
  ASSERT_EQ(reset->size(), 1U);
  EXPECT_EQ(reset->at(0).before, "7");
  EXPECT_EQ(reset->at(0).after, "3");
  EXPECT_TRUE(reset->at(0).was_changed);
  EXPECT_FALSE(reset->at(0).is_changed);
  EXPECT_EQ(live.Current().workers, 3);
  EXPECT_EQ(live.All().origins.at("workers"), Origin::kEnvironment);
  EXPECT_TRUE(live.Change(std::vector<NewValue>{{"workers", std::nullopt}}, "test")->empty());
}

TEST(LiveTest, ChangesOfEarlierRunsWinOverFileAndDefault) {
  Live live(StartWith(Origin::kFile));
  EXPECT_THAT(live.Restore({{"workers", "9"}, {"batch", "2"}}), ElementsAre());
  EXPECT_EQ(live.Current().workers, 9);
  EXPECT_EQ(live.Current().batch, 2);
  EXPECT_EQ(live.All().origins.at("workers"), Origin::kChanged);
  ASSERT_TRUE(live.Change(std::vector<NewValue>{{"workers", std::nullopt}}, "test"));
  EXPECT_EQ(live.Current().workers, 3);
}

TEST(LiveTest, FlagsAndEnvironmentWinOverChangesOfEarlierRuns) {
  for (const Origin origin : {Origin::kFlag, Origin::kEnvironment}) {
    Live live(StartWith(origin));
    const std::string name(OriginName(origin));
    EXPECT_THAT(
        live.Restore({{"workers", "9"}}),
        ElementsAre("workers was changed to 9 in an earlier run, but its " + name + " says 3"));
    EXPECT_EQ(live.Current().workers, 3);
    EXPECT_EQ(live.All().origins.at("workers"), origin);
    // It is forgotten only where somebody says so.
    const auto reset = live.Change(std::vector<NewValue>{{"workers", std::nullopt}}, "test");
    ASSERT_EQ(reset->size(), 1U);
    EXPECT_FALSE(reset->at(0).is_changed);
  }
}

TEST(LiveTest, WhatAnOtherVersionChangedIsPassedOver) {
  Live live;
  EXPECT_THAT(live.Restore({{"turbo", "1"}, {"workers", "1000"}, {"listen", "0.0.0.0:1"}}),
              ElementsAre(HasSubstr("no setting \"turbo\""), HasSubstr("workers is \"1000\""),
                          HasSubstr("listen can't change")));
  EXPECT_EQ(live.Current().workers, 0);
  EXPECT_EQ(live.Current().listen, Settings().listen);
}

TEST(LiveTest, ReadersSeeWholeChanges) {
  Live live;
  std::jthread writer([&](const std::stop_token& stop) {
    for (int i = 1; !stop.stop_requested(); i = i % 60 + 1) {
      const NewValue both[] = {{"min_workers", std::to_string(i)},
                               {"max_workers_limit", std::to_string(i)}};
      ASSERT_TRUE(live.Change(both, "test"));
    }
  });
  while (live.Current().min_workers == 2) std::this_thread::yield();
  for (int i = 0; i < 2000; ++i) {
    const Settings settings = live.Current();
    ASSERT_EQ(settings.min_workers, settings.max_workers_limit);
  }
}

TEST(SettingsJsonTest, ValuesHaveTheirKind) {
  Settings settings;
  const auto json = [&](std::string_view name) {
    return ValueJson(settings, *FindDefinition(name));
  };
  EXPECT_EQ(json("enable_memory_cleanup"), boost::json::value(true));
  EXPECT_EQ(json("workers"), boost::json::value(0));
  EXPECT_EQ(json("chunk_upload_size"), boost::json::value(50 << 20));
  EXPECT_EQ(json("memory_safety_factor"), boost::json::value(0.8));
  EXPECT_EQ(json("log_level"), boost::json::value("info"));
}

TEST(SettingsJsonTest, EachValueIsTakenBackAsItIsShown) {
  for (const Definition& definition : Definitions()) {
    Settings settings;
    const auto text = TextOfJson(definition, ValueJson(settings, definition));
    ASSERT_TRUE(text) << definition.name;
    ASSERT_TRUE(Assign(settings, definition, *text)) << definition.name << " " << *text;
    EXPECT_EQ(ValueText(settings, definition), ValueText({}, definition));
  }
  EXPECT_EQ(TextOfJson(*FindDefinition("workers"), boost::json::array{1}).error().message,
            "workers is [1], but must be a whole number, 0 to 64");
}

}  // namespace
}  // namespace verbatim::settings
