#include "transcript/impl/common_subsequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string_view>

namespace verbatim::transcript {
namespace {

using ::testing::ElementsAre;
using Items = std::vector<size_t>;

Items OfText(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<size_t> Match(std::string_view before, std::string_view after) {
  return CommonSubsequence(OfText(before), OfText(after));
}

// By the definition, for short ones.
size_t LongestLength(const Items& before, const Items& after, size_t i = 0, size_t j = 0) {
  if (i == before.size() || j == after.size()) return 0;
  if (before[i] == after[j]) return 1 + LongestLength(before, after, i + 1, j + 1);
  return std::max(LongestLength(before, after, i + 1, j), LongestLength(before, after, i, j + 1));
}

size_t CheckedLength(const Items& before, const Items& after) {
  const std::vector<size_t> matches = CommonSubsequence(before, after);
  EXPECT_EQ(matches.size(), after.size());
  size_t length = 0;
  size_t reached = 0;
  for (size_t j = 0; j < matches.size(); ++j) {
    if (matches[j] == kNoMatch) continue;
    EXPECT_GE(matches[j], reached);
    EXPECT_LT(matches[j], before.size());
    EXPECT_EQ(before[matches[j]], after[j]);
    reached = matches[j] + 1;
    ++length;
  }
  return length;
}

TEST(CommonSubsequenceTest, FindsWhatStayed) {
  EXPECT_THAT(Match("abc", "abc"), ElementsAre(0, 1, 2));
  EXPECT_THAT(Match("abc", "axc"), ElementsAre(0, kNoMatch, 2));
  EXPECT_THAT(Match("abc", "ac"), ElementsAre(0, 2));
  EXPECT_THAT(Match("", "ab"), ElementsAre(kNoMatch, kNoMatch));
  EXPECT_THAT(Match("ab", ""), ElementsAre());
}

TEST(CommonSubsequenceTest, IsTheLongestOne) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    Items before(random() % 9);
    Items after(random() % 9);
    for (size_t& item : before) item = random() % 4;
    for (size_t& item : after) item = random() % 4;
    EXPECT_EQ(CheckedLength(before, after), LongestLength(before, after));
  }
}

TEST(CommonSubsequenceTest, LongOnesAreCutAtWhatOccursOnce) {
  std::mt19937 random(8);
  Items before(100'000);
  for (size_t i = 0; i < before.size(); ++i) before[i] = i % 3 == 0 ? i : random() % 2;
  Items after = before;
  for (size_t i = 0; i < after.size(); i += 100) after[i] = 1'000'000 + i;
  EXPECT_GE(CheckedLength(before, after), 99'000U);
  std::ranges::reverse(after);
  CheckedLength(before, after);
}

TEST(CommonSubsequenceTest, LongOnesWithoutAnythingInCommonEndSoon) {
  const Items before(60'000, 1);
  Items after(60'000, 2);
  EXPECT_EQ(CheckedLength(before, after), 0U);
}

}  // namespace
}  // namespace verbatim::transcript
