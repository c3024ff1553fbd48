#include "archive/entry_names.h"

#include <gtest/gtest.h>

namespace verbatim::archive {
namespace {

TEST(EntryNamesTest, NamesAreSafe) {
  EXPECT_EQ(SafeName("talk"), "talk");
  EXPECT_EQ(SafeName("Größe — 日本語"), "Größe — 日本語");
  EXPECT_EQ(SafeName("../../etc/passwd"), "_.._etc_passwd");
  EXPECT_EQ(SafeName("C:\\a\nb"), "C__a_b");
  EXPECT_EQ(SafeName("  . .hidden. "), "hidden");
  EXPECT_EQ(SafeName(""), "transcript");
  EXPECT_EQ(SafeName(". ."), "transcript");
  EXPECT_EQ(SafeName("CON"), "_CON");
  EXPECT_EQ(SafeName("nul.part1"), "_nul.part1");
  EXPECT_EQ(SafeName("console"), "console");
}

TEST(EntryNamesTest, LongNamesAreCutBetweenLetters) {
  std::string name = "a";
  for (int i = 0; i < 60; ++i) name += "ß";
  const std::string safe = SafeName(name);
  EXPECT_EQ(safe, name.substr(0, 119));
}

TEST(EntryNamesTest, NamesAreUnique) {
  EntryNames names;
  EXPECT_EQ(names.Unique("talk"), "talk");
  EXPECT_EQ(names.Unique("talk"), "talk (2)");
  EXPECT_EQ(names.Unique("Talk"), "Talk (3)");
  EXPECT_EQ(names.Unique("talk (2)"), "talk (2) (2)");
  EXPECT_EQ(names.Unique("/"), "_");
  EXPECT_EQ(names.Unique("\\"), "_ (2)");
}

TEST(EntryNamesTest, AThousandOfOneNameAreUniqueToo) {
  EntryNames names;
  for (int i = 0; i < 999; ++i) names.Unique("talk");
  EXPECT_EQ(names.Unique("talk"), "talk (1000)");
}

}  // namespace
}  // namespace verbatim::archive
