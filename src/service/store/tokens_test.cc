#include "store/tokens.h"

#include <gtest/gtest.h>

#include "store/audit.h"
#include "store/test_database.h"

namespace verbatim::store {
namespace {

class TokensTest : public ::testing::Test {
 protected:
  TokensTest() : database_(*Database::Open(folder_.path() / "verbatim.db")) {}

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(TokensTest, WhatIsWrittenIsFound) {
  const auto tokens = database_->Write([](Connection& connection) -> Result<std::vector<Token>> {
    TRY_VOID(InsertToken(connection, {"b", "Bea", "h1", "admin", 10, 20, 0}));
    TRY_VOID(InsertToken(connection, {"a", "Ada", "h2", "read", 11, 0, 0}));
    TRY_VOID(TouchToken(connection, "a", 60'000));
    return ListTokens(connection);
  });
  ASSERT_TRUE(tokens);
  ASSERT_EQ(tokens->size(), 2U);
  EXPECT_EQ(tokens->at(0).id, "b");
  EXPECT_EQ(tokens->at(0).name, "Bea");
  EXPECT_EQ(tokens->at(0).hash, "h1");
  EXPECT_EQ(tokens->at(0).scope, "admin");
  EXPECT_EQ(tokens->at(0).created_ms, 10);
  EXPECT_EQ(tokens->at(0).expires_ms, 20);
  EXPECT_EQ(tokens->at(1).last_used_ms, 60'000);
}

TEST_F(TokensTest, SessionsEndWithTheirToken) {
  const auto left = database_->Write([](Connection& connection) -> Result<std::vector<Session>> {
    TRY_VOID(InsertToken(connection, {"a", "Ada", "h1", "read", 1, 0, 0}));
    TRY_VOID(InsertToken(connection, {"b", "Bea", "h2", "read", 1, 0, 0}));
    TRY_VOID(InsertSession(connection, {"s1", "a", 1, 100, 1}));
    TRY_VOID(InsertSession(connection, {"s2", "b", 1, 100, 1}));
    TRY_VOID(InsertSession(connection, {"s3", "b", 2, 200, 3}));
    TRY_VOID(TouchSession(connection, "s3", 9));
    TRY_VOID(DeleteSession(connection, "s2"));
    EXPECT_TRUE(TRY(DeleteToken(connection, "a")));
    EXPECT_FALSE(TRY(DeleteToken(connection, "a")));
    return ListSessions(connection);
  });
  ASSERT_TRUE(left);
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->at(0).hash, "s3");
  EXPECT_EQ(left->at(0).token, "b");
  EXPECT_EQ(left->at(0).created_ms, 2);
  EXPECT_EQ(left->at(0).expires_ms, 200);
  EXPECT_EQ(left->at(0).last_used_ms, 9);
}

TEST_F(TokensTest, ASessionNeedsAToken) {
  EXPECT_FALSE(database_->Write([](Connection& connection) {
    return InsertSession(connection, {"s1", "nobody", 1, 100, 1});
  }));
}

TEST_F(TokensTest, TheAuditKeepsTheNewest) {
  const auto found =
      database_->Write([](Connection& connection) -> Result<std::vector<AuditEntry>> {
        for (int i = 0; i < 50'003; ++i) {
          const AuditEntry entry{0, i, "a", "Ada", "127.0.0.1", "PATCH /x", "x", "200"};
          TRY_VOID(AppendAudit(connection, entry));
        }
        EXPECT_EQ(TRY(FindAudit(connection, 0, SIZE_MAX)).size(), 50'000U);
        return FindAudit(connection, 50'000, 2);
      });
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).id, 50'003);
  EXPECT_EQ(found->at(0).time_ms, 50'002);
  EXPECT_EQ(found->at(0).token, "a");
  EXPECT_EQ(found->at(0).name, "Ada");
  EXPECT_EQ(found->at(0).address, "127.0.0.1");
  EXPECT_EQ(found->at(0).action, "PATCH /x");
  EXPECT_EQ(found->at(0).object, "x");
  EXPECT_EQ(found->at(0).outcome, "200");
}

}  // namespace
}  // namespace verbatim::store
