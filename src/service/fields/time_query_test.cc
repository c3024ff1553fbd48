#include "fields/time_query.h"

#include <gtest/gtest.h>

namespace verbatim::fields {
namespace {

TEST(TimeQueryTest, TakesDatesAndUnixSeconds) {
  EXPECT_EQ(ParseTime("0"), 0);
  EXPECT_EQ(ParseTime("1700000000"), 1'700'000'000);
  EXPECT_EQ(ParseTime("1700000000.9"), 1'700'000'000);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTime("2023-11-14T22:13:20Z"), 1'700'000'000);
  EXPECT_EQ(ParseTime("2023-11-14t22:13:20.123456z"), 1'700'000'000);
  EXPECT_EQ(ParseTime("2023-11-14T23:13:20+01:00"), 1'700'000'000);
  EXPECT_EQ(ParseTime("2023-11-14T23:13:20 01:00"), 1'700'000'000);  // a plus, decoded
  EXPECT_EQ(ParseTime("2023-11-14T20:43:20-01:30"), 1'700'000'000);
  EXPECT_EQ(ParseTime("2024-02-29T00:00:00Z"), 1'709'164'800);
}

TEST(TimeQueryTest, RefusesTheRest) {
  for (const char* text :
       {"", "x", "-1", "1e30", "nan", "inf", "2023-11-14", "2023-11-14T22:13:20",
        "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:20ZZ", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+0100",
        "2023-11-14T22:13:20+01:00Z", "23-11-14T22:13:20Z", "2023-1--1T22:13:20Z", "1700000000s"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

}  // namespace
}  // namespace verbatim::fields
