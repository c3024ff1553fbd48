#include "text.h"

#include <gtest/gtest.h>

namespace verbatim::app {
namespace {

TEST(TextTest, InvalidBytesAreReplaced) {
  EXPECT_EQ(ToValidUtf8("a\xFF"
                        "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(ToValidUtf8("\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"), "é中😀");
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogate";
  EXPECT_EQ(ToValidUtf8("\xE4\xB8"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut off";
  EXPECT_EQ(ToValidUtf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
}

TEST(TextTest, NoNameCanSteerATerminal) {
  EXPECT_EQ(ForTerminal("a\x1B[2Jb\r\n\tc\x7F\xC2\x9B"), "a?[2Jb?\n?c??");
  EXPECT_EQ(ForTerminal("talk é.mp4"), "talk é.mp4");
}

TEST(TextTest, LongTextLosesItsMiddle) {
  EXPECT_EQ(Shorten("short.mp4", 9), "short.mp4");
  EXPECT_EQ(Shorten("a very long name.mp4", 11), "a ve....mp4");
  EXPECT_EQ(Shorten("中中中中中中", 8), "中...中");
  EXPECT_EQ(Shorten("abcdef", 2), "..");
  EXPECT_EQ(Shorten("abcdef", 0), "");
  for (int columns = 3; columns < 30; ++columns) {
    EXPECT_LE(Columns(Shorten("ab中é a very long name 中.mp4", columns)), columns);
  }
}

TEST(TextTest, NumbersForPeople) {
  EXPECT_EQ(ClockTime(7.9), "0:07");
  EXPECT_EQ(ClockTime(754), "12:34");
  EXPECT_EQ(ClockTime(3723), "1:02:03");
  EXPECT_EQ(ClockTime(-1), "0:00");
  EXPECT_EQ(ByteCount(2300), "2 kB");
  EXPECT_EQ(ByteCount(145217532), "145.2 MB");
  EXPECT_EQ(ByteCount(3.1e9), "3.10 GB");
}

}  // namespace
}  // namespace verbatim::app
