#include "base/random_id.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace verbatim {
namespace {

TEST(RandomId, HasItsForm) {
  const std::string id = RandomId();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_TRUE(IsRandomId(id));
}

TEST(RandomId, NeverComesTwice) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(RandomId());
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(RandomId, UsesEveryDigitInEveryPlace) {
  std::array<std::set<char>, 32> seen;
  for (int i = 0; i < 2000; ++i) {  // one digit missing in one place: 1 in 10^53
    const std::string id = RandomId();
    for (size_t place = 0; place < id.size(); ++place) seen.at(place).insert(id[place]);
  }
  for (const auto& digits : seen) EXPECT_EQ(digits.size(), 16U);
}

TEST(RandomId, RefusesWhatCouldBePartOfAPath) {
  const std::string id(32, 'a');
  EXPECT_TRUE(IsRandomId(id));
  for (const char wrong : {'/', '.', 'A', 'g', '\n', '\0', '\x80'}) {
    for (const size_t place : {0U, 31U}) {
      std::string text = id;
      text[place] = wrong;
      EXPECT_FALSE(IsRandomId(text)) << text;
    }
  }
  for (const std::string& text : {std::string(), id.substr(1), id + id, id + 'a', id + '\n'}) {
    EXPECT_FALSE(IsRandomId(text)) << text;
  }
}

}  // namespace
}  // namespace verbatim
