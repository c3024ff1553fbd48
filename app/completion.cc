#include "completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

namespace verbatim::app {
namespace {

using Kind = ValueHint::Kind;

// Calls `visit` for each command, with the words that lead to it ("verbatim model pull").
void Walk(const CommandOutline& command, const std::string& path,
          const std::function<void(const CommandOutline&, const std::string&)>& visit) {
  visit(command, path);
  for (const CommandOutline& child : command.commands) {
    Walk(child, fmt::format("{} {}", path, child.name), visit);
  }
}

// Inside single quotes of any of the three shells.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char character : text) {
    if (character == '\'') {
      quoted += "'\\''";
    } else {
      quoted += character;
    }
  }
  return quoted + "'";
}

std::string FirstWords(const CommandOutline& command) {
  std::vector<std::string> words;
  for (const CommandOutline& child : command.commands) words.push_back(child.name);
  if (command.arguments.kind == Kind::kChoice) {
    words.insert(words.end(), command.arguments.choices.begin(), command.arguments.choices.end());
  }
  return fmt::format("{}", fmt::join(words, " "));
}

// Bash.

constexpr char kBash[] = R"bash(# Bash completion of Verbatim: eval "$(verbatim completion bash)"
_verbatim() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command=verbatim i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$command ${{COMP_WORDS[i]}}" in
{}    esac
  done
  local IFS=$' \t\n'
  case "$command $before" in
{}  esac
  case "$command" in
{}  esac
}}
complete -F _verbatim verbatim ./verbatim
)bash";

std::string BashReply(const ValueHint& value) {
  switch (value.kind) {
    case Kind::kFile: return "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\"))";
    case Kind::kFolder: return "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$word\"))";
    case Kind::kChoice:
      return fmt::format("COMPREPLY=($(compgen -W {} -- \"$word\"))",
                         Quoted(fmt::format("{}", fmt::join(value.choices, " "))));
    case Kind::kNone:
    case Kind::kAny: break;
  }
  return "COMPREPLY=()";
}

std::string BashScript(const CommandOutline& root) {
  std::string paths;
  std::string values;
  std::string words;
  Walk(root, root.name, [&](const CommandOutline& command, const std::string& path) {
    if (path != root.name)
      paths += fmt::format("      {}) command={} ;;\n", Quoted(path), Quoted(path));
    std::string flags;
    for (const FlagOutline& flag : command.flags) {
      flags += fmt::format("{} ", fmt::join(flag.names, " "));
      if (flag.value.kind == Kind::kNone) continue;
      for (const std::string& name : flag.names) {
        values += fmt::format("    {}) {}; return ;;\n", Quoted(fmt::format("{} {}", path, name)),
                              BashReply(flag.value));
      }
    }
    const ValueHint rest = command.arguments.kind == Kind::kFile
                               ? command.arguments
                               : ValueHint{Kind::kChoice, {FirstWords(command)}};
    words += fmt::format(
        "    {})\n      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W {} -- "
        "\"$word\")); else {}; fi ;;\n",
        Quoted(path), Quoted(flags), BashReply(rest));
  });
  return fmt::format(kBash, paths, values, words);
}

// Zsh.

constexpr char kZsh[] = R"zsh(#compdef verbatim
# Zsh completion of Verbatim: eval "$(verbatim completion zsh)", after compinit
_verbatim() {{
  local command=verbatim i
  for ((i = 2; i < CURRENT; ++i)); do
    case "$command ${{words[i]}}" in
{}    esac
  done
  case "$command" in
{}  esac
}}
compdef _verbatim verbatim
)zsh";

std::string ZshAction(const ValueHint& value) {
  switch (value.kind) {
    case Kind::kFile: return "_files";
    case Kind::kFolder: return "_files -/";
    case Kind::kChoice: return fmt::format("({})", fmt::join(value.choices, " "));
    case Kind::kNone:
    case Kind::kAny: break;
  }
  return " ";
}

// What zsh's specifications give a meaning: [ ] and :.
std::string ZshText(const std::string& text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '[' || character == ']' || character == ':' || character == '\\')
      escaped += '\\';
    escaped += character;
  }
  return escaped;
}

std::string ZshScript(const CommandOutline& root) {
  std::string cases;
  Walk(root, root.name, [&](const CommandOutline& command, const std::string& path) {
    std::string specifications;
    for (const FlagOutline& flag : command.flags) {
      for (const std::string& name : flag.names) {
        std::string text = fmt::format("{}[{}]", name, ZshText(flag.description));
        if (flag.value.kind != Kind::kNone) text += ":value:" + ZshAction(flag.value);
        specifications += " " + Quoted(text);
      }
    }
    const ValueHint rest = command.arguments.kind == Kind::kFile
                               ? command.arguments
                               : ValueHint{Kind::kChoice, {FirstWords(command)}};
    specifications += " " + Quoted("*:argument:" + ZshAction(rest));
    cases += fmt::format("    {}) _arguments{} ;;\n", Quoted(path), specifications);
  });
  std::string paths;
  Walk(root, root.name, [&](const CommandOutline&, const std::string& path) {
    if (path != root.name)
      paths += fmt::format("      {}) command={} ;;\n", Quoted(path), Quoted(path));
  });
  return fmt::format(kZsh, paths, cases);
}

// Fish.

std::string FishValue(const ValueHint& value) {
  switch (value.kind) {
    case Kind::kNone: return "";
    case Kind::kFile: return " -r -F";
    case Kind::kFolder: return " -x -a '(__fish_complete_directories)'";
    case Kind::kChoice: return " -x -a " + Quoted(fmt::format("{}", fmt::join(value.choices, " ")));
    case Kind::kAny: break;
  }
  return " -x";
}

// True once the words of `path` were typed and none of the commands below it.
std::string FishCondition(const CommandOutline& command, const std::string& path) {
  std::string condition;
  for (size_t begin = path.find(' '); begin != std::string::npos;
       begin = path.find(' ', begin + 1)) {
    const size_t end = path.find(' ', begin + 1);
    const std::string word =
        path.substr(begin + 1, end == std::string::npos ? end : end - begin - 1);
    condition +=
        fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
  }
  std::vector<std::string> below;
  for (const CommandOutline& child : command.commands) below.push_back(child.name);
  if (!below.empty()) {
    condition += fmt::format("{}not __fish_seen_subcommand_from {}",
                             condition.empty() ? "" : "; and ", fmt::join(below, " "));
  }
  return condition;
}

std::string FishScript(const CommandOutline& root) {
  std::string script =
      "# Fish completion of Verbatim: verbatim completion fish | source\n"
      "complete -c verbatim -f\n";
  Walk(root, root.name, [&](const CommandOutline& command, const std::string& path) {
    const std::string start =
        fmt::format("complete -c verbatim -n {}", Quoted(FishCondition(command, path)));
    for (const CommandOutline& child : command.commands) {
      script += fmt::format("{} -a {} -d {}\n", start, child.name, Quoted(child.description));
    }
    if (command.arguments.kind == Kind::kFile) script += start + " -F\n";
    if (command.arguments.kind == Kind::kChoice) {
      script += fmt::format("{} -a {}\n", start,
                            Quoted(fmt::format("{}", fmt::join(command.arguments.choices, " "))));
    }
    for (const FlagOutline& flag : command.flags) {
      script += start;
      for (const std::string& name : flag.names) {
        script += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      script += fmt::format(" -d {}{}\n", Quoted(flag.description), FishValue(flag.value));
    }
  });
  return script;
}

}  // namespace

std::string CompletionScript(const CommandOutline& root, Shell shell) {
  switch (shell) {
    case Shell::kBash: return BashScript(root);
    case Shell::kZsh: return ZshScript(root);
    case Shell::kFish: return FishScript(root);
  }
  return {};
}

}  // namespace verbatim::app
