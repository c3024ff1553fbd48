#include "command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "access_command.h"
#include "flag_adder.h"
#include "models/models.h"
#include "outputs.h"
#include "serve_flags.h"
#include "transcribe_flags.h"

namespace verbatim::app {
namespace {

constexpr char kFooter[] = R"(
Examples:
  verbatim transcribe talk.mp4                         writes talk.srt beside it
  verbatim transcribe *.mkv -f srt,txt -d transcripts  several files, two formats
  verbatim transcribe call.wav -l de -o - -f txt       German, to standard output
  verbatim demo                                        a clip that comes with Verbatim
  verbatim serve                                       an HTTP server on 127.0.0.1:8090

Exit codes:
  0 all went well   1 a file failed   2 wrong arguments   3 the model is missing or damaged
  4 a disk is full  70 a bug in Verbatim  130 interrupted  143 told to end)";

constexpr char kTranscribeFooter[] = R"(
Existing results are replaced. Results of talk.mp4 are named talk.srt, talk.txt ...; where two
inputs would meet in a name, both keep their extension: talk.mp4.srt, talk.mkv.srt.
The model is fetched on first use.

Examples:
  verbatim transcribe talk.mp4
  verbatim transcribe lecture1.mkv lecture2.mkv --format vtt,json --output-dir out
  verbatim transcribe film.mkv --audio-track 1 --language fr --task translate
  verbatim transcribe call.m4a --model tiny.en --output - --format txt | less)";

constexpr char kBenchFooter[] = R"(
Without files, the clip that comes with Verbatim is done many times. What the machine can do at
most is measured before and after the run: products of matrices and memory. Nothing is written but
the table, and with --json the numbers; --calibrate keeps what it finds for later runs. Let nothing
else run meanwhile.

Examples:
  verbatim bench
  verbatim bench talk.mp4 --model tiny.en --rounds 3
  verbatim bench --calibrate --model tiny.en
  verbatim bench talk.mp4 --compute-type f32 --threads 1 --json f32.json)";

constexpr char kServeFooter[] = R"(
Every flag is a setting: it can stand in a file (--config), with _ for -, or in the environment, as
VERBATIM_ and its name in capitals. Only this machine reaches the server unless told otherwise.

Examples:
  verbatim serve
  verbatim serve --listen 127.0.0.1:9000 --model small --data-dir /srv/verbatim
  verbatim serve --max-file-size 4GiB --log json
  verbatim serve --listen 0.0.0.0:8090                  for others; first: verbatim token create)";

constexpr char kTokenFooter[] = R"(
Works on the data folder, also while a server has it; what is revoked ends at once. Run it as the
user that the server runs as.

Examples:
  verbatim token create --name laptop --scope upload --expires 30d
  verbatim token list
  verbatim token revoke 3f9a01c2)";

constexpr char kConfigFooter[] = R"(
Takes the flags of serve, to see what they would do; nothing is started.

Examples:
  verbatim config show
  verbatim config show --config verbatim.toml --json
  verbatim config validate --config verbatim.toml)";

constexpr char kPerformanceFooter[] = R"(
Takes the flags of serve, to see what they would do. A server that runs tells of itself:
GET /api/performance; optimize cleans this process alone, POST /api/performance/optimize the server.

Examples:
  verbatim performance summary
  verbatim performance recommendations --json
  verbatim performance workers --file film.mkv --model small
  verbatim performance optimize --force-memory-cleanup)";

// CLI11's formatter, without its types and environment notes.
class PlainFormatter : public CLI::Formatter {
 public:
  PlainFormatter() { column_width(32); }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string& text = option->get_option_text();
    return text.empty() ? "" : " " + text;
  }
  std::string make_option_usage(const CLI::Option* option) const override {
    return option->get_name(true) + "...";
  }
};

// CLI11 leaves two empty lines between groups.
std::string WithoutDoubleGaps(std::string text) {
  for (size_t at = 0; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

// What is wrong, and whose help tells more. Where a command is missing, CLI11 passes over the word
// that should have been one; that word is named instead.
Error UsageError(std::string message, CLI::App& root, const std::vector<std::string>& words) {
  CLI::App* command = &root;
  std::string path = root.get_name();
  for (const std::string& word : words) {
    const std::vector<CLI::App*> children =
        command->get_subcommands([](CLI::App*) { return true; });
    const auto child = std::ranges::find(children, word, &CLI::App::get_name);
    if (child != children.end()) {
      command = *child;
      path += " " + word;
      continue;
    }
    if (children.empty() || word.starts_with("-")) break;
    std::vector<std::string> names;
    for (const CLI::App* known : children) names.push_back(known->get_name());
    message = fmt::format("unknown command \"{}\"; choose from {}", word, fmt::join(names, ", "));
    break;
  }
  return {ErrorCode::kInvalidArgument, fmt::format("{}\nSee: {} --help", message, path)};
}

std::vector<std::string> Names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

CommandOutline OutlineOf(CLI::App& command, const ValueHints& hints) {
  CommandOutline outline;
  outline.name = command.get_name();
  outline.description = command.get_description();
  for (const CLI::Option* option : command.get_options()) {
    const auto hint = hints.find(option);
    const ValueHint value = hint != hints.end() ? hint->second : ValueHint{};
    if (option->get_positional()) {
      outline.arguments = value;
    } else {
      outline.flags.push_back({Names(*option), option->get_description(), value});
    }
  }
  for (CLI::App* child : command.get_subcommands([](CLI::App*) { return true; })) {
    outline.commands.push_back(OutlineOf(*child, hints));
  }
  return outline;
}

}  // namespace

struct CommandLine::Tree {
  CLI::App root{"Turns video and audio into text and subtitles, on your own machine.", "verbatim"};
  Arguments arguments;
  ValueHints hints;

  Tree();
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& text);
  void AddModelCommands();
  void AddCompletion();
  void AddBench();
  void AddServe();
  void AddConfig();
  void AddPerformance();
  void AddAccess();
};

CLI::App* CommandLine::Tree::Add(CLI::App* parent, const std::string& name,
                                 const std::string& text) {
  CLI::App* command = parent->add_subcommand(name, text);
  command->set_help_flag("-h,--help", "Show this help");
  command->get_formatter()->label("SUBCOMMAND", "COMMAND");
  return command;
}

CommandLine::Tree::Tree() {
  root.formatter(std::make_shared<PlainFormatter>());
  root.set_help_flag("-h,--help", "Show this help");
  root.set_version_flag("--version", "verbatim " VERBATIM_VERSION, "Show the version");
  root.require_subcommand(1);
  root.footer(kFooter);

  CLI::App* transcribe = Add(&root, "transcribe", "Write the text of videos and sound files");
  AddTranscribeFlags(transcribe, &arguments.transcribe, &hints);
  transcribe->footer(kTranscribeFooter);
  transcribe->parse_complete_callback([this] { arguments.command = Command::kTranscribe; });

  CLI::App* demo = Add(&root, "demo", "Transcribe the clip that comes with Verbatim");
  FlagAdder demo_flags(demo, &hints);
  AddModelFlag(demo_flags, &arguments.transcribe);
  demo->footer("\nThe clip's subtitles go to standard output; nothing else is written.");
  demo->parse_complete_callback([this] { arguments.command = Command::kDemo; });

  AddModelCommands();
  AddCompletion();
  AddBench();
  AddServe();
  AddConfig();
  AddPerformance();
  AddAccess();
}

void CommandLine::Tree::AddModelCommands() {
  CLI::App* model = Add(&root, "model", "List, fetch and check models");
  model->require_subcommand(1);
  ValueHint names{ValueHint::Kind::kChoice, {}};
  for (const models::CatalogEntry& entry : models::Catalog()) names.choices.push_back(entry.name);

  CLI::App* list = Add(model, "list", "Show the models there are, and which are installed");
  list->parse_complete_callback([this] { arguments.command = Command::kModelList; });

  CLI::App* pull = Add(model, "pull", "Fetch models; goes on where an earlier try ended");
  FlagAdder(pull, &hints)
      .Remember(pull->add_option("NAME", arguments.models, "Models to fetch")->required(), names);
  pull->parse_complete_callback([this] { arguments.command = Command::kModelPull; });

  CLI::App* verify = Add(model, "verify", "Compare models with their SHA-256");
  FlagAdder(verify, &hints)
      .Remember(verify->add_option("NAME", arguments.models,
                                   "Models or folders (default: all installed)"),
                names);
  verify->parse_complete_callback([this] { arguments.command = Command::kModelVerify; });
}

void CommandLine::Tree::AddCompletion() {
  CLI::App* completion = Add(&root, "completion", "Print a shell's completion script");
  const auto take = [this](const std::string& name) {
    if (name == "bash") arguments.shell = Shell::kBash;
    if (name == "zsh") arguments.shell = Shell::kZsh;
    if (name == "fish") arguments.shell = Shell::kFish;
    const bool is_known = name == "bash" || name == "zsh" || name == "fish";
    return is_known ? "" : "unknown shell \"" + name + "\"; choose from bash, zsh, fish";
  };
  CLI::Option* shell = completion->add_option_function<std::string>(
      "SHELL", [](const std::string&) {}, "bash, zsh or fish");
  FlagAdder(completion, &hints)
      .Remember(shell->check(take)->required(),
                {ValueHint::Kind::kChoice, {"bash", "zsh", "fish"}});
  completion->footer(
      "\nbash: eval \"$(verbatim completion bash)\"     in ~/.bashrc"
      "\nzsh:  eval \"$(verbatim completion zsh)\"      in ~/.zshrc, after compinit"
      "\nfish: verbatim completion fish | source      in ~/.config/fish/config.fish");
  completion->parse_complete_callback([this] { arguments.command = Command::kCompletion; });
}

void CommandLine::Tree::AddBench() {
  CLI::App* bench = Add(&root, "bench", "Measure where the time goes, stage by stage");
  AddBenchFlags(bench, &arguments.bench, &hints);
  bench->footer(kBenchFooter);
  bench->parse_complete_callback([this] { arguments.command = Command::kBench; });
}

void CommandLine::Tree::AddServe() {
  CLI::App* serve =
      Add(&root, "serve", "Serve jobs over HTTP: uploads, live progress, OpenAI's API");
  AddServeFlags(serve, &arguments.serve, &hints);
  serve->footer(kServeFooter);
  serve->parse_complete_callback([this] { arguments.command = Command::kServe; });
}

void CommandLine::Tree::AddConfig() {
  CLI::App* config = Add(&root, "config", "Show and check the server's settings");
  config->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& text, Command command) {
    CLI::App* child = Add(config, name, text);
    AddServeFlags(child, &arguments.config.serve, &hints);
    child->footer(kConfigFooter);
    child->parse_complete_callback([this, command] { arguments.command = command; });
    return child;
  };
  CLI::App* show = add("show", "Every setting, its value, where it came from, what is allowed",
                       Command::kConfigShow);
  FlagAdder(show, &hints).Switch("--json", "Print it as JSON", [this] {
    arguments.config.is_json = true;
  });
  add("validate", "Name the first mistake, if there is one", Command::kConfigValidate);
}

void CommandLine::Tree::AddPerformance() {
  CLI::App* performance =
      Add(&root, "performance", "What this machine can do, and what would make it do better");
  performance->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& text, Command command) {
    CLI::App* child = Add(performance, name, text);
    AddServeFlags(child, &arguments.performance.serve, &hints);
    FlagAdder flags(child, &hints);
    flags.Group("Output");
    flags.Switch("--json", "Print it as JSON", [this] { arguments.performance.is_json = true; });
    child->footer(kPerformanceFooter);
    child->parse_complete_callback([this, command] { arguments.command = command; });
    return child;
  };
  add("summary", "Resources with their sources, workers, recommendations",
      Command::kPerformanceSummary);
  add("recommendations", "What to change, why, and what it brings",
      Command::kPerformanceRecommendations);
  CLI::App* workers =
      add("workers", "The best number of workers, and why", Command::kPerformanceWorkers);
  FlagAdder worker_flags(workers, &hints);
  worker_flags.Remember(worker_flags.Text("--file", &arguments.performance.file, "FILE",
                                          "For this file alone, by its size"),
                        {ValueHint::Kind::kFile, {}});
  CLI::App* optimize =
      add("optimize", "Give back what the allocator keeps unused", Command::kPerformanceOptimize);
  FlagAdder(optimize, &hints)
      .Switch("--force-memory-cleanup", "Also where it seems not worthwhile",
              [this] { arguments.performance.is_forced = true; });
}

void CommandLine::Tree::AddAccess() {
  AccessArguments& access = arguments.access;
  const auto add = [&](CLI::App* parent, const std::string& name, const std::string& text,
                       Command command) {
    CLI::App* child = Add(parent, name, text);
    AddDataFlags(child, &access.serve, &hints);
    child->parse_complete_callback([this, command] { arguments.command = command; });
    return child;
  };
  const auto take_span = [&access](const std::string& text) -> Result<void> {
    access.span_ms = TRY(ParseSpan(text));
    return {};
  };
  const auto add_json = [&](CLI::App* command) {
    FlagAdder(command, &hints).Switch("--json", "Print it as JSON", [&access] {
      access.is_json = true;
    });
  };
  CLI::App* token = Add(&root, "token", "Make, list and revoke tokens for the server");
  token->require_subcommand(1);
  token->footer(kTokenFooter);

  CLI::App* create = add(token, "create", "Print a new token, once", Command::kTokenCreate);
  FlagAdder flags(create, &hints);
  flags.Text("--name", &access.name, "NAME", "Whose it is, or what for")->required();
  flags
      .Choice<std::string>("--scope", &access.scope,
                           {{"read", "read"}, {"upload", "upload"}, {"admin", "admin"}},
                           "What it allows, each also what those before it do")
      ->required();
  flags.Parsed("--expires", "TIME", "How long it lasts: 12h, 30d, 8w (default: for ever)",
               take_span);
  add_json(add(token, "list", "Show all tokens, not their secrets", Command::kTokenList));
  CLI::App* revoke = add(token, "revoke", "Take a token back, at once", Command::kTokenRevoke);
  FlagAdder(revoke, &hints)
      .Remember(revoke->add_option("ID", access.token, "Its id, as list shows it")->required(), {});

  CLI::App* audit = add(&root, "audit", "Show who changed or took what", Command::kAudit);
  FlagAdder audit_flags(audit, &hints);
  audit_flags.Parsed("--since", "TIME", "How far back: 90m, 24h, 7d (default: all)", take_span);
  audit_flags.Ranged<int64_t>("--limit", &access.limit, {1, 10'000}, "The newest so many");
  add_json(audit);
}

CommandLine::CommandLine() : tree_(std::make_unique<Tree>()) {}
CommandLine::~CommandLine() = default;

Result<Parsed> CommandLine::Parse(int count, const char* const* words) {
  try {
    tree_->root.parse(count, words);
  } catch (const CLI::CallForVersion& version) {
    return Parsed{std::nullopt, std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    return Parsed{std::nullopt, WithoutDoubleGaps(tree_->root.help())};
  } catch (const CLI::Error& error) {
    return Failure(UsageError(error.what(), tree_->root, {words + 1, words + count}));
  }
  TranscribeArguments& transcribe = tree_->arguments.transcribe;
  const bool has_format = tree_->root.get_subcommand("transcribe")->count("--format") > 0;
  const auto format = FormatOfPath(transcribe.output);
  if (!has_format && format) transcribe.formats = {*format};
  return Parsed{tree_->arguments, ""};
}

CommandOutline CommandLine::Outline() const { return OutlineOf(tree_->root, tree_->hints); }

}  // namespace verbatim::app
