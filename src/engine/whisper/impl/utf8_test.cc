#include "whisper/impl/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace verbatim::whisper {
namespace {

std::string Utf8Of(uint32_t point) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  const auto tail = [&](int shift) { return byte(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), tail(0)};
  if (point < 0x10000) return {byte(0xE0 | point >> 12), tail(6), tail(0)};
  return {byte(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8Test, EveryCodePointIsOneUnitUnlessASurrogate) {
  size_t wrong = 0;
  for (uint32_t point = 0; point < 0x120000; ++point) {
    const bool is_character = point < 0x110000 && (point < 0xD800 || point > 0xDFFF);
    const std::string bytes = Utf8Of(point);
    const Utf8Unit unit = FirstUtf8Unit(bytes + "\x80");
    wrong += unit.valid != is_character || (is_character && unit.size != bytes.size());
  }
  EXPECT_EQ(wrong, 0u);
}

// Source: The Unicode Standard 15.0, tables 3-8 to 3-11.
TEST(Utf8Test, ReplacesMaximalSubparts) {
  const std::string r = "\uFFFD";
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
}

TEST(Utf8Test, ValidTextIsUnchanged) {
  EXPECT_EQ(ReplaceInvalidUtf8("a ä 漢 😀 \uFFFD"), "a ä 漢 😀 \uFFFD");
  EXPECT_EQ(ReplaceInvalidUtf8(""), "");
  EXPECT_EQ(ReplaceInvalidUtf8("abc\xF0\x9F\x98"), "abc\uFFFD") << "cut short at the end";
}

}  // namespace
}  // namespace verbatim::whisper
