#include <gtest/gtest.h>

#include "store/settings.h"
#include "store/test_database.h"

namespace verbatim::store {
namespace {

class TriedSettingsTest : public ::testing::Test, protected TestDatabase {};

TEST_F(TriedSettingsTest, AreThereUntilTheyAreCleared) {
  EXPECT_TRUE(Read(TriedSettings).value().empty());
  ASSERT_TRUE(Write(PutTriedSetting, TriedSetting{"batch", "4"}));
  ASSERT_TRUE(Write(PutTriedSetting, TriedSetting{"batch", "0"}));
  Reopen();
  const auto found = Read(TriedSettings).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "batch");
  EXPECT_EQ(found[0].before, "0");
  ASSERT_TRUE(Write(ClearTriedSettings));
  EXPECT_TRUE(Read(TriedSettings).value().empty());
}

}  // namespace
}  // namespace verbatim::store
