#include "store/settings.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() : database_(*Database::Open(folder_.path() / "verbatim.db")) {}

  template <typename Work>
  auto Write(Work work) {
    auto result = database_->Write(work);
    EXPECT_TRUE(result);
    return result;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(SettingsTest, TheNewestValueCounts) {
  const auto changed =
      database_->Write([](Connection& connection) -> Result<std::vector<ChangedSetting>> {
        TRY_VOID(StoreSetting(connection, {"workers", "2"}));
        TRY_VOID(StoreSetting(connection, {"batch", "1"}));
        TRY_VOID(StoreSetting(connection, {"workers", "4"}));
        TRY_VOID(ForgetSetting(connection, "batch"));
        TRY_VOID(ForgetSetting(connection, "batch"));
        return ChangedSettings(connection);
      });
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1U);
  EXPECT_EQ(changed->at(0).name, "workers");
  EXPECT_EQ(changed->at(0).value, "4");
}

TEST_F(SettingsTest, TheLogKeepsTheNewest) {
  const auto log =
      database_->Write([](Connection& connection) -> Result<std::vector<SettingLogEntry>> {
        for (int i = 0; i < 10'005; ++i) {
          const SettingLogEntry entry{0, i, "workers", "2", std::to_string(i), i % 2 == 1, "test"};
          TRY_VOID(LogSettingChange(connection, entry));
        }
        return SettingLog(connection, SIZE_MAX);
      });
  ASSERT_TRUE(log);
  ASSERT_EQ(log->size(), 10'000U);
  EXPECT_EQ(log->front().id, 10'005);
  EXPECT_EQ(log->front().time_ms, 10'004);
  EXPECT_EQ(log->front().name, "workers");
  EXPECT_EQ(log->front().before, "2");
  EXPECT_EQ(log->front().after, "10004");
  EXPECT_FALSE(log->front().was_changed);
  EXPECT_TRUE(log->at(1).was_changed);
  EXPECT_EQ(log->front().reason, "test");
  EXPECT_EQ(log->back().id, 6);
}

}  // namespace
}  // namespace verbatim::store
