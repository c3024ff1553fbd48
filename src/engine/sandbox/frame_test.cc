#include "sandbox/frame.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace verbatim::sandbox {
namespace {

TEST(Frame, GivesBackWhatWasWritten) {
  FrameWriter writer(7);
  writer.Number(UINT64_MAX);
  writer.Signed(-3);
  writer.Decimal(0.25);
  writer.Text("a word");
  const std::array<float, 2> samples = {0.5F, -1.0F};
  writer.Floats(samples);
  FrameReader reader(writer.bytes());
  EXPECT_EQ(reader.kind(), 7);
  EXPECT_EQ(reader.Number(UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(reader.Signed(), -3);
  EXPECT_EQ(reader.Decimal(), 0.25);
  EXPECT_EQ(reader.Text(10), "a word");
  std::array<float, 4> read{};
  EXPECT_EQ(reader.Floats(read).size(), 2U);
  EXPECT_EQ(read[1], -1.0F);
  EXPECT_TRUE(reader.is_valid());
}

TEST(Frame, IsInvalidIfAnythingIsMissingOrLeft) {
  FrameWriter writer(1);
  writer.Number(5);
  writer.Text("abc");
  const std::string& whole = writer.bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    FrameReader reader(std::string_view(whole).substr(0, size));
    reader.Number(5);
    reader.Text(3);
    EXPECT_FALSE(reader.is_valid()) << size;
  }
  const std::string longer = whole + "x";
  FrameReader reader(longer);
  reader.Number(5);
  reader.Text(3);
  EXPECT_FALSE(reader.is_valid());
}

TEST(Frame, RefusesNumbersAndTextsThatAreTooLarge) {
  FrameWriter writer(1);
  writer.Number(6);
  FrameReader numbers(writer.bytes());
  EXPECT_EQ(numbers.Number(5), 0U);
  EXPECT_FALSE(numbers.is_valid());

  FrameWriter text(1);
  text.Text("four");
  FrameReader texts(text.bytes());
  EXPECT_EQ(texts.Text(3), "");
  EXPECT_FALSE(texts.is_valid());

  FrameWriter huge(1);
  huge.Number(std::numeric_limits<uint64_t>::max());  // a length
  FrameReader lengths(huge.bytes());
  EXPECT_EQ(lengths.Text(100), "");
  EXPECT_FALSE(lengths.is_valid());
}

TEST(Frame, RefusesTextThatIsNotPrintable) {
  for (const char* text : {"a\nb", "\x1b[2J", "\x80", "\xc3\xa4", "\x7f"}) {
    FrameWriter writer(1);
    writer.Text(text);
    FrameReader reader(writer.bytes());
    EXPECT_EQ(reader.Text(10), "");
    EXPECT_FALSE(reader.is_valid());
  }
}

TEST(Frame, RefusesPartsOfFloatsAndMoreThanFit) {
  std::array<float, 1> read{};
  FrameWriter part(1);
  part.Rest("abc");
  FrameReader parts(part.bytes());
  EXPECT_TRUE(parts.Floats(read).empty());
  EXPECT_FALSE(parts.is_valid());

  FrameWriter many(1);
  many.Floats(std::array<float, 2>{});
  FrameReader more(many.bytes());
  EXPECT_TRUE(more.Floats(read).empty());
  EXPECT_FALSE(more.is_valid());
}

}  // namespace
}  // namespace verbatim::sandbox
