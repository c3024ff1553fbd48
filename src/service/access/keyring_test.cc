#include "access/keyring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/audit.h"
#include "access/secret.h"
#include "base/atomic_file.h"
#include "store/test_database.h"

namespace verbatim::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kDayMs = 86'400'000;

class StepClock final : public Clock {
 public:
  int64_t WallMs() const override { return now_ms; }
  int64_t SteadyMs() const override { return now_ms; }

  int64_t now_ms = 1'700'000'000'000;
};

class KeyringTest : public ::testing::Test {
 protected:
  KeyringTest() { Reopen(); }

  // As after a restart.
  void Reopen() {
    keyring_.reset();
    database_.reset();
    database_ = *store::Database::Open(folder_.path() / "verbatim.db");
    keyring_ = *Keyring::Open(*database_, clock_, log_);
  }

  Issued Issue(Scope scope = Scope::kRead, int64_t lifetime_ms = 0) {
    Result<Issued> issued = keyring_->Issue({"Ada", scope, lifetime_ms});
    EXPECT_TRUE(issued);
    return *std::move(issued);
  }

  SignedIn SignIn(const Issued& issued) {
    return *keyring_->SignIn(*keyring_->FindToken(issued.secret));
  }

  store::TemporaryFolder folder_;
  StepClock clock_;
  QuietLog log_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Keyring> keyring_;
};

TEST_F(KeyringTest, ATokenIsRecognisedByItsSecretAlone) {
  EXPECT_FALSE(keyring_->has_tokens());
  const Issued issued = Issue(Scope::kUpload);
  EXPECT_TRUE(keyring_->has_tokens());
  for (int i = 0; i < 2; ++i) {
    const auto identity = keyring_->FindToken(issued.secret);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->token, issued.token.id);
    EXPECT_EQ(identity->name, "Ada");
    EXPECT_EQ(identity->scope, Scope::kUpload);
    EXPECT_EQ(identity->session, "");
    for (const std::string& wrong :
         {std::string(), issued.token.id, issued.token.hash, issued.secret + "0",
          issued.secret.substr(1), MakeTokenSecret()}) {
      EXPECT_FALSE(keyring_->FindToken(wrong)) << wrong;
      EXPECT_FALSE(keyring_->FindSession(wrong)) << wrong;
    }
    Reopen();
  }
}

TEST_F(KeyringTest, NoSecretIsOnTheDisk) {
  const Issued issued = Issue();
  const SignedIn session = SignIn(issued);
  keyring_.reset();
  database_.reset();
  const std::string bytes = *ReadFile(folder_.path() / "verbatim.db", 10 << 20);
  EXPECT_THAT(bytes, HasSubstr(issued.token.hash));
  EXPECT_THAT(bytes, Not(HasSubstr(issued.secret)));
  EXPECT_THAT(bytes, Not(HasSubstr(session.secret)));
}

TEST_F(KeyringTest, NamesAreChecked) {
  for (const std::string& name :
       {std::string(), std::string(101, 'a'), std::string("a\nb"), MakeTokenSecret()}) {
    EXPECT_FALSE(keyring_->Issue({name, Scope::kRead})) << name;
  }
}

TEST_F(KeyringTest, TokensExpire) {
  const Issued issued = Issue(Scope::kRead, kDayMs);
  const SignedIn session = SignIn(issued);
  EXPECT_EQ(session.identity.expires_ms, clock_.now_ms + kDayMs);
  bool has_ended = false;
  const auto presence =
      keyring_->Enter(*keyring_->FindToken(issued.secret), [&has_ended] { has_ended = true; });
  clock_.now_ms += kDayMs - 1;
  keyring_->Tick();
  EXPECT_TRUE(keyring_->FindToken(issued.secret));
  EXPECT_TRUE(keyring_->FindSession(session.secret));
  EXPECT_FALSE(has_ended);
  clock_.now_ms += 1;
  keyring_->Tick();
  EXPECT_FALSE(keyring_->FindToken(issued.secret));
  EXPECT_FALSE(keyring_->FindSession(session.secret));
  EXPECT_TRUE(has_ended);
  EXPECT_TRUE(keyring_->has_tokens());  // so the server stays closed
}

TEST_F(KeyringTest, RevokingEndsAllAtOnceAndForEver) {
  const Issued issued = Issue();
  const Issued other = Issue();
  const SignedIn session = SignIn(issued);
  int ended = 0;
  int others_ended = 0;
  const auto by_token = keyring_->Enter(*keyring_->FindToken(issued.secret), [&ended] { ++ended; });
  const auto by_session = keyring_->Enter(session.identity, [&ended] { ++ended; });
  const auto by_other =
      keyring_->Enter(*keyring_->FindToken(other.secret), [&others_ended] { ++others_ended; });
  const Identity before = *keyring_->FindToken(issued.secret);
  EXPECT_EQ(keyring_->Revoke(issued.token.id)->name, "Ada");
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(others_ended, 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(keyring_->FindToken(issued.secret));
    EXPECT_FALSE(keyring_->FindSession(session.secret));
    EXPECT_TRUE(keyring_->FindToken(other.secret));
    EXPECT_EQ(keyring_->Tokens().size(), 1U);
    if (i == 0) {
      // Whoever was recognised just before, and is late.
      const auto late = keyring_->Enter(before, [&ended] { ++ended; });
      EXPECT_EQ(ended, 3);
      EXPECT_FALSE(keyring_->SignIn(before));
      EXPECT_FALSE(keyring_->Revoke(issued.token.id));
    }
  }
}

TEST_F(KeyringTest, WhoHasLeftIsNotTold) {
  const Issued issued = Issue();
  int ended = 0;
  {
    const auto presence =
        keyring_->Enter(*keyring_->FindToken(issued.secret), [&ended] { ++ended; });
  }
  EXPECT_TRUE(keyring_->Revoke(issued.token.id));
  EXPECT_EQ(ended, 0);
}

TEST_F(KeyringTest, SessionsEndByAgeAndWithoutUse) {
  const Issued issued = Issue();
  const SignedIn idle = SignIn(issued);
  const SignedIn used = SignIn(issued);
  const SignedIn watching = SignIn(issued);
  const auto presence = keyring_->Enter(watching.identity, [] {});
  EXPECT_EQ(used.identity.expires_ms, clock_.now_ms + kSessionLifetimeMs);
  for (int day = 1; day < 30; ++day) {
    clock_.now_ms += kDayMs;
    keyring_->Tick();
    EXPECT_TRUE(keyring_->FindSession(used.secret)) << day;
  }
  EXPECT_FALSE(keyring_->FindSession(idle.secret));
  EXPECT_TRUE(keyring_->FindSession(watching.secret));  // something went on under it
  clock_.now_ms += kDayMs;
  EXPECT_FALSE(keyring_->FindSession(used.secret));
  EXPECT_FALSE(keyring_->FindSession(watching.secret));
}

TEST_F(KeyringTest, SigningOutEndsTheSessionAlone) {
  const Issued issued = Issue();
  const SignedIn session = SignIn(issued);
  int ended = 0;
  {
    const auto presence = keyring_->Enter(session.identity, [&ended] { ++ended; });
    EXPECT_TRUE(keyring_->SignOut(session.identity));
  }
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(keyring_->FindSession(session.secret));
  EXPECT_TRUE(keyring_->FindToken(issued.secret));
  EXPECT_TRUE(keyring_->SignOut(*keyring_->FindToken(issued.secret)));  // has none
  Reopen();
  EXPECT_FALSE(keyring_->FindSession(session.secret));
}

TEST_F(KeyringTest, ATokenHasABoundedNumberOfSessions) {
  const Issued issued = Issue();
  const SignedIn first = SignIn(issued);
  clock_.now_ms += 120'000;
  std::vector<SignedIn> sessions;
  for (int i = 0; i < 100; ++i) sessions.push_back(SignIn(issued));
  EXPECT_FALSE(keyring_->FindSession(first.secret));
  for (const SignedIn& session : sessions) EXPECT_TRUE(keyring_->FindSession(session.secret));
}

TEST_F(KeyringTest, WhenItWasUsedIsKeptToTheMinute) {
  const Issued issued = Issue();
  EXPECT_EQ(keyring_->Tokens().at(0).last_used_ms, 0);
  clock_.now_ms += kDayMs;
  EXPECT_TRUE(keyring_->FindToken(issued.secret));
  keyring_->Tick();
  Reopen();
  const int64_t used_ms = keyring_->Tokens().at(0).last_used_ms;
  EXPECT_EQ(used_ms % 60'000, 0);
  EXPECT_LE(used_ms, clock_.now_ms);
  EXPECT_GT(used_ms, clock_.now_ms - 60'000);
}

store::AuditEntry Entry(const std::string& action, const std::string& object) {
  store::AuditEntry entry;
  entry.action = action;
  entry.object = object;
  return entry;
}

TEST_F(KeyringTest, TheAuditIsWrittenInOrderAndWithoutTokens) {
  Audit audit(*database_, clock_, log_);
  const std::string secret = MakeTokenSecret();
  audit.Note(Entry("GET /x", "/" + secret));
  audit.Note(Entry("DELETE /x", std::string(499, 'x') + "\u00e9"));
  const auto found = audit.Find(0, 10);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).action, "DELETE /x");
  EXPECT_EQ(found->at(0).object, std::string(499, 'x'));
  EXPECT_EQ(found->at(1).object, "/vbt_...");
  EXPECT_EQ(found->at(1).time_ms, clock_.now_ms);
  EXPECT_TRUE(audit.Find(clock_.now_ms + 1, 10)->empty());
  for (int i = 0; i < 10'100; ++i) audit.Note(Entry(std::to_string(i), ""));
  audit.Tick();
  EXPECT_EQ(audit.Find(0, SIZE_MAX)->size(), 10'002U);
}

}  // namespace
}  // namespace verbatim::access
