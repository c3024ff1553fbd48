#include "store/webhooks.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

class WebhooksTest : public ::testing::Test, protected TestDatabase {
 protected:
  std::vector<int64_t> Due(int64_t now_ms, size_t count = 10) {
    std::vector<int64_t> ids;
    const auto due = Read(DueWebhooks, now_ms, count);
    EXPECT_TRUE(due);
    for (const Webhook& webhook : *due) ids.push_back(webhook.id);
    return ids;
  }
};

TEST_F(WebhooksTest, AreDueInTheOrderOfTheirTimesAndStayUntilTheyAreDeleted) {
  for (const int64_t due_ms : {300, 100, 200}) {
    Webhook webhook;
    webhook.job = "job";
    webhook.url = "https://example.org/";
    webhook.body = "{}";
    webhook.created_ms = 50;
    webhook.due_ms = due_ms;
    ASSERT_TRUE(Write(InsertWebhook, webhook));
  }
  EXPECT_EQ(Due(99), std::vector<int64_t>{});
  EXPECT_EQ(Due(250), (std::vector<int64_t>{2, 3}));
  ASSERT_TRUE(Write(PostponeWebhook, int64_t{2}, int64_t{400}));
  EXPECT_EQ(Due(500), (std::vector<int64_t>{3, 1, 2}));
  EXPECT_EQ(Due(500, 1), std::vector<int64_t>{3});
  Reopen();
  ASSERT_TRUE(Write(DeleteWebhook, int64_t{3}));
  const auto due = Read(DueWebhooks, int64_t{500}, size_t{10});
  ASSERT_EQ(due->size(), 2U);
  EXPECT_EQ(due->at(1).tries, 1);
  EXPECT_EQ(due->at(1).url, "https://example.org/");
}

}  // namespace
}  // namespace verbatim::store
