#include "completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verbatim::app {
namespace {

using ::testing::HasSubstr;

CommandOutline SmallTree() {
  CommandOutline speak{"speak", "Speaks it's text", {}, {ValueHint::Kind::kFile, {}}, {}};
  speak.flags = {
      {{"-t", "--tone"}, "How [loud]: tone", {ValueHint::Kind::kChoice, {"low", "high"}}},
      {{"--dir"}, "Where", {ValueHint::Kind::kFolder, {}}},
      {{"--fast"}, "Quick", {}}};
  CommandOutline root{"verbatim", "Root", {{{"--help"}, "Help", {}}}, {}, {speak}};
  return root;
}

TEST(CompletionTest, EveryFlagOfTheRealTreeIsInEveryScript) {
  const CommandOutline root = CommandLine().Outline();
  ASSERT_EQ(root.commands.size(), 14U);
  for (const Shell shell : {Shell::kBash, Shell::kZsh, Shell::kFish}) {
    const std::string script = CompletionScript(root, shell);
    for (const FlagOutline& flag : root.commands[0].flags) {
      const std::string& name = flag.names.back();
      EXPECT_THAT(script, HasSubstr(shell == Shell::kFish ? "-l " + name.substr(2) : name));
    }
    EXPECT_THAT(script, HasSubstr("large-v3-turbo"));
  }
}

TEST(CompletionTest, Bash) {
  const std::string script = CompletionScript(SmallTree(), Shell::kBash);
  EXPECT_THAT(script, HasSubstr("'verbatim speak --tone') COMPREPLY=($(compgen -W 'low high'"));
  EXPECT_THAT(script, HasSubstr("'verbatim speak -t') "));
  EXPECT_THAT(script, HasSubstr("complete -F _verbatim verbatim"));
}

TEST(CompletionTest, ZshEscapesWhatItsSpecificationsUse) {
  const std::string script = CompletionScript(SmallTree(), Shell::kZsh);
  EXPECT_THAT(script, HasSubstr(R"('--tone[How \[loud\]\: tone]:value:(low high)')"));
  EXPECT_THAT(script, HasSubstr("'--dir[Where]:value:_files -/'"));
}

TEST(CompletionTest, FishQuotesApostrophes) {
  const std::string script = CompletionScript(SmallTree(), Shell::kFish);
  EXPECT_THAT(script, HasSubstr(R"(-a speak -d 'Speaks it'\''s text')"));
  EXPECT_THAT(script, HasSubstr("-n '__fish_seen_subcommand_from speak' -s t -l tone"));
}

}  // namespace
}  // namespace verbatim::app
