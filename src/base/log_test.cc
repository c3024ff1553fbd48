#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace verbatim {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// What a message becomes, from the colon in front of it to the end of its line.
std::string JsonOf(const std::string& message) {
  std::ostringstream stream;
  MakeLog(LogLevel::kInfo, LogFormat::kJson, stream)->Write(LogLevel::kInfo, message);
  const std::string line = stream.str();
  return line.substr(line.find("\"message\":") + 10);
}

TEST(LogTest, WritesOneJsonObjectPerLine) {
  std::ostringstream stream;
  const auto log = MakeLog(LogLevel::kDebug, LogFormat::kJson, stream);
  log->Info("job {} of {}", 3, "anna");
  EXPECT_THAT(stream.str(),
              MatchesRegex("\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                           "\\.[0-9]{3}[+-][0-9]{2}:[0-9]{2}\",\"level\":\"info\","
                           "\"message\":\"job 3 of anna\"\\}\n"));
}

TEST(LogTest, NamesTheLevels) {
  std::ostringstream stream;
  const auto log = MakeLog(LogLevel::kDebug, LogFormat::kJson, stream);
  log->Debug("d");
  log->Info("i");
  log->Warning("w");
  log->Error("e");
  std::vector<std::string> levels;
  std::istringstream lines(stream.str());
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find("\"level\":\"") + 9;
    levels.push_back(line.substr(begin, line.find('"', begin) - begin));
  }
  EXPECT_THAT(levels, ::testing::ElementsAre("debug", "info", "warning", "error"));
}

TEST(LogTest, LeavesOutWhatIsBelowItsLevel) {
  std::ostringstream stream;
  const auto log = MakeLog(LogLevel::kWarning, LogFormat::kText, stream);
  log->Debug("debugging");
  log->Info("informing");
  EXPECT_EQ(stream.str(), "");
  log->Warning("warning of {}", 1);
  EXPECT_THAT(stream.str(), EndsWith("warning of 1\n"));
}

TEST(LogTest, QuotesForJson) {
  EXPECT_EQ(JsonOf(R"(a "b" c:\d)"), R"("a \"b\" c:\\d"})"
                                     "\n");
  EXPECT_EQ(JsonOf("\",\"level\":\"error"), R"("\",\"level\":\"error"})"
                                            "\n");
}

TEST(LogTest, KeepsALineOneLineInBothFormats) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    std::ostringstream stream;
    const auto log = MakeLog(LogLevel::kInfo, format, stream);
    log->Info("name {}", std::string("a\nb\r\x1b[2Jc\0d\x7f\xc2\x9b", 14));
    const std::string line = stream.str();
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_THAT(line, HasSubstr("a\\u000ab\\u000d\\u001b[2Jc\\u0000d\\u007f\\u009b"));
    for (const char c : line.substr(0, line.size() - 1)) EXPECT_GE(static_cast<uint8_t>(c), 0x20);
  }
}

TEST(LogTest, KeepsWhatIsUtf8AndReplacesTheRest) {
  EXPECT_EQ(JsonOf("é 中 😀"), "\"é 中 😀\"}\n");
  for (const std::string bad : {"\xff", "\x80", "\xc0\xaf", "\xc3", "\xe4\xb8", "\xed\xa0\x80",
                                "\xf4\x90\x80\x80", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc3("}) {
    const std::string line = JsonOf("<" + bad + ">");
    EXPECT_THAT(line, HasSubstr("<\\ufffd")) << line;
    EXPECT_THAT(line, EndsWith(">\"}\n"));
    for (const char c : line) EXPECT_LT(static_cast<uint8_t>(c), 0x80);
  }
}

TEST(LogTest, TakesTextsForWhatTheyAre) {
  EXPECT_EQ(JsonOf("100 % {} %v {0}"), "\"100 % {} %v {0}\"}\n");
}

TEST(LogTest, TheLevelMayChange) {
  std::ostringstream stream;
  const auto log = MakeLog(LogLevel::kInfo, LogFormat::kText, stream);
  log->SetLevel(LogLevel::kError);
  log->Warning("before");
  log->SetLevel(LogLevel::kDebug);
  log->Debug("after");
  EXPECT_THAT(stream.str(), ::testing::Not(HasSubstr("before")));
  EXPECT_THAT(stream.str(), EndsWith("after\n"));
}

TEST(LogTest, LinesOfThreadsDoNotMix) {
  std::ostringstream stream;
  const auto log = MakeLog(LogLevel::kInfo, LogFormat::kText, stream);
  const std::string word(200, 'x');
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j) log->Info("<{}>", word);
      });
    }
  }
  std::istringstream lines(stream.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(line, EndsWith("<" + word + ">"));
  }
  EXPECT_EQ(count, 400);
}

TEST(LogTest, QuietLogIsALog) {
  QuietLog quiet;
  Log& log = quiet;
  log.Error("nobody hears {}", 1);
}

}  // namespace
}  // namespace verbatim
