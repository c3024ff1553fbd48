#include "fields/byte_range.h"

#include <gtest/gtest.h>

namespace verbatim::fields {
namespace {

using Kind = ByteRange::Kind;

struct Row {
  const char* field;
  Kind kind;
  uint64_t offset;
  uint64_t length;
};

// Of a file of 100 bytes.
const Row kRows[] = {
    {"bytes=0-0", Kind::kPart, 0, 1},
    {"bytes=0-99", Kind::kPart, 0, 100},
    {"bytes=10-19", Kind::kPart, 10, 10},
    {"bytes=90-1000", Kind::kPart, 90, 10},
    {"bytes=99-", Kind::kPart, 99, 1},
    {"bytes=-1", Kind::kPart, 99, 1},
    {"bytes=-100", Kind::kPart, 0, 100},
    {"bytes=-1000", Kind::kPart, 0, 100},
    {"BYTES=1-2", Kind::kPart, 1, 2},
    {"bytes= 1-2 ", Kind::kPart, 1, 2},
    {"bytes=0-18446744073709551616", Kind::kPart, 0, 100},
    {"bytes=100-", Kind::kUnsatisfiable, 0, 0},
    {"bytes=100-200", Kind::kUnsatisfiable, 0, 0},
    {"bytes=18446744073709551616-", Kind::kUnsatisfiable, 0, 0},
    {"bytes=-0", Kind::kUnsatisfiable, 0, 0},
    // What is no range, or more than one, is passed over.
    {"bytes=", Kind::kWhole, 0, 100},
    {"bytes=-", Kind::kWhole, 0, 100},
    {"bytes=5-4", Kind::kWhole, 0, 100},
    {"bytes=a-b", Kind::kWhole, 0, 100},
    {"bytes=1-2,4-5", Kind::kWhole, 0, 100},
    {"bytes=+1-2", Kind::kWhole, 0, 100},
    {"bytes=1--2", Kind::kWhole, 0, 100},
    {"bytes 1-2", Kind::kWhole, 0, 100},
    {"items=1-2", Kind::kWhole, 0, 100},
    {"", Kind::kWhole, 0, 100},
};

TEST(ByteRangeTest, ReadsWhatTheRfcSays) {
  for (const Row& row : kRows) {
    const ByteRange range = ReadRange(row.field, 100);
    EXPECT_EQ(range.kind, row.kind) << row.field;
    EXPECT_EQ(range.offset, row.offset) << row.field;
    EXPECT_EQ(range.length, row.length) << row.field;
  }
}

TEST(ByteRangeTest, WithoutAFieldTheWholeIsMeant) {
  EXPECT_EQ(ReadRange(std::nullopt, 7).kind, Kind::kWhole);
  EXPECT_EQ(ReadRange(std::nullopt, 7).length, 7U);
}

TEST(ByteRangeTest, NoPartOfAnEmptyFileCanBeGiven) {
  EXPECT_EQ(ReadRange("bytes=0-", 0).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(ReadRange("bytes=-5", 0).kind, Kind::kUnsatisfiable);
}

}  // namespace
}  // namespace verbatim::fields
