#include "access_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json.hpp>
#include <filesystem>

#include "access_control.h"
#include "base/clock.h"
#include "base/log.h"
#include "control_socket.h"
#include "store/database.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using ::testing::HasSubstr;

TEST(SpanTest, HasAUnit) {
  EXPECT_EQ(ParseSpan("90m"), 5'400'000);
  EXPECT_EQ(ParseSpan("12h"), 43'200'000);
  EXPECT_EQ(ParseSpan("30d"), 2'592'000'000);
  EXPECT_EQ(ParseSpan("2w"), 1'209'600'000);
  for (const char* text : {"", "d", "30", "0d", "-1d", "1.5d", "30dd", "30 d", "999999999d"}) {
    EXPECT_FALSE(ParseSpan(text)) << text;
  }
}

// A folder whose path is longer than the address of a socket may be.
class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    std::string name = (fs::temp_directory_path() / "control_XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    folder_ = root_ / std::string(120, 'x');
    fs::create_directories(folder_);
  }
  ~ControlTest() override { fs::remove_all(root_); }

  fs::path root_;
  fs::path folder_;
};

TEST_F(ControlTest, ALineGoesEachWay) {
  EXPECT_EQ(AskServer(folder_, "hello").error().code, ErrorCode::kNotFound);
  {
    const auto socket = ControlSocket::Open(
        folder_, [](const std::string& line) { return line + std::string(1 << 20, '!'); });
    ASSERT_TRUE(socket) << socket.error().message;
    EXPECT_EQ(fs::status(folder_ / "control.sock").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(AskServer(folder_, "a")->size(), 1U + (1 << 20));
  }
  EXPECT_EQ(AskServer(folder_, "hello").error().code, ErrorCode::kNotFound);
}

TEST_F(ControlTest, WhatACrashLeftIsReplaced) {
  const auto answer = [](const std::string&) { return std::string("yes"); };
  // A socket's name stays when its process ends in a crash.
  fs::path kept = folder_ / "kept.sock";
  {
    const auto socket = ControlSocket::Open(folder_, answer);
    ASSERT_TRUE(socket);
    fs::create_hard_link(folder_ / "control.sock", kept);
  }
  fs::rename(kept, folder_ / "control.sock");
  EXPECT_EQ(AskServer(folder_, "there?").error().code, ErrorCode::kNotFound);
  const auto socket = ControlSocket::Open(folder_, answer);
  ASSERT_TRUE(socket);
  EXPECT_EQ(AskServer(folder_, "there?"), "yes");
}

TEST_F(ControlTest, TheSameIsDoneWithAServerAndWithout) {
  const auto create = [this](const char* name) {
    return Control(folder_, {{"do", "token create"}, {"name", name}, {"scope", "read"}});
  };
  const auto first = create("first");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_THAT(std::string(first->at("secret").as_string()), HasSubstr("vbt_"));
  {
    const auto database = *store::Database::Open(folder_ / "verbatim.db");
    const SystemClock clock;
    QuietLog log;
    const auto access = *access::Access::Open(*database, clock, log);
    const auto socket = ControlSocket::Open(
        folder_, [&](const std::string& line) { return AnswerControl(*access, line); });
    const auto second = create("second");
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_TRUE(access->keyring->FindToken(std::string(second->at("secret").as_string())));
    const auto revoked = Control(folder_, {{"do", "token revoke"}, {"id", first->at("id")}});
    ASSERT_TRUE(revoked);
    EXPECT_EQ(revoked->at("left"), 1);
    EXPECT_EQ(create("").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(Control(folder_, {{"do", "token revoke"}, {"id", "none"}}).error().code,
              ErrorCode::kNotFound);
    EXPECT_FALSE(Control(folder_, {{"do", "something"}}));
    access->Tick();
  }
  const auto listed = Control(folder_, {{"do", "token list"}});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->at("tokens").as_array().size(), 1U);
  EXPECT_EQ(listed->at("tokens").at(0).at("name").as_string(), "second");
  const auto audit = Control(folder_, {{"do", "audit"}, {"limit", 10}});
  ASSERT_TRUE(audit);
  EXPECT_EQ(audit->at("entries").as_array().size(), 3U);
  EXPECT_EQ(audit->at("entries").at(0).at("action").as_string(), "token revoke");
}

}  // namespace
}  // namespace verbatim::app
