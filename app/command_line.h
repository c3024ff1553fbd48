// The tree of subcommands and flags: parses, helps, and is what shell completion is made from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "base/error.h"

namespace verbatim::app {

// What the value of a flag or argument can be, for completion.
struct ValueHint {
  enum class Kind { kNone, kAny, kFile, kFolder, kChoice };
  Kind kind = Kind::kNone;  // kNone: the flag takes no value
  std::vector<std::string> choices;
};

struct FlagOutline {
  std::vector<std::string> names;  // "-m", "--model"
  std::string description;
  ValueHint value;
};

// One command as completion sees it.
struct CommandOutline {
  std::string name;
  std::string description;
  std::vector<FlagOutline> flags;
  ValueHint arguments;
  std::vector<CommandOutline> commands;
};

// What a command line comes to: a command to run, or text to show.
struct Parsed {
  std::optional<Arguments> arguments;
  std::string text;  // help or version, for standard output
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  // Parses once. Errors: kInvalidArgument, with one sentence and where help is found.
  Result<Parsed> Parse(int count, const char* const* words);

  CommandOutline Outline() const;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

}  // namespace verbatim::app
