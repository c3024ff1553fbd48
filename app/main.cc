// The program `verbatim`: parses the command line and runs the command. No logic lives here.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>

#include "access_command.h"
#include "backup_command.h"
#include "bench_command.h"
#include "command_line.h"
#include "completion.h"
#include "config_command.h"
#include "doctor_command.h"
#include "exit_code.h"
#include "media/reader_process.h"
#include "media_sandbox.h"
#include "model_command.h"
#include "performance_command.h"
#include "report.h"
#include "sandbox/launcher.h"
#include "serve_command.h"
#include "signals.h"
#include "transcribe_command.h"

namespace verbatim::app {
namespace {

bool ReadsMedia(Command command) {
  return command == Command::kTranscribe || command == Command::kDemo ||
         command == Command::kBench || command == Command::kServe || command == Command::kDoctor;
}

// `sandbox` is there for the commands that read media.
ExitCode Run(const Arguments& arguments, const CommandLine& line,
             const std::optional<MediaSandbox>& sandbox, SignalWatcher& signals) {
  const std::stop_token stop = signals.stop_token();
  switch (arguments.command) {
    case Command::kTranscribe: return Transcribe(arguments.transcribe, *sandbox, stop);
    case Command::kDemo: return Demo(arguments.transcribe, *sandbox, stop);
    case Command::kBench: return Bench(arguments.bench, *sandbox, stop);
    case Command::kServe: return Serve(arguments.serve, *sandbox, signals);
    case Command::kDoctor: return Doctor(arguments.doctor, *sandbox);
    case Command::kModelList: return ListModels();
    case Command::kModelPull: return PullModels(arguments.models, stop);
    case Command::kModelVerify: return VerifyModels(arguments.models);
    case Command::kConfigShow: return ShowConfig(arguments.config);
    case Command::kConfigValidate: return ValidateConfig(arguments.config);
    case Command::kPerformanceSummary: return PerformanceSummary(arguments.performance);
    case Command::kPerformanceRecommendations:
      return PerformanceRecommendations(arguments.performance);
    case Command::kPerformanceWorkers: return PerformanceWorkers(arguments.performance);
    case Command::kPerformanceOptimize: return PerformanceOptimize(arguments.performance);
    case Command::kTokenCreate: return CreateToken(arguments.access);
    case Command::kTokenList: return ListTokens(arguments.access);
    case Command::kTokenRevoke: return RevokeToken(arguments.access);
    case Command::kAudit: return ShowAudit(arguments.access);
    case Command::kBackup: return BackUp(arguments.backup, stop);
    case Command::kVerify: return Verify(arguments.backup, stop);
    case Command::kRestore: return Restore(arguments.backup, stop);
    case Command::kCompletion:
      std::fputs(CompletionScript(line.Outline(), arguments.shell).c_str(), stdout);
      return ExitCode::kSuccess;
  }
  return ExitCode::kInternal;
}

ExitCode Main(int count, const char* const* words) {
  CommandLine line;
  const Result<Parsed> parsed = line.Parse(count, words);
  if (!parsed) {
    Complain(parsed.error().message);
    return ExitCode::kUsage;
  }
  if (!parsed->arguments) {
    std::fputs(parsed->text.c_str(), stdout);
    return ExitCode::kSuccess;
  }
  const Arguments& arguments = *parsed->arguments;
  std::optional<MediaSandbox> sandbox;
  if (ReadsMedia(arguments.command)) sandbox = MediaSandbox::Start();  // before there are threads
  SignalWatcher signals;
  const ExitCode code = Run(arguments, line, sandbox, signals);
  return code == ExitCode::kInterrupted ? signals.exit_code() : code;
}

}  // namespace
}  // namespace verbatim::app

int main(int count, char** words) {
  using verbatim::app::ExitCode;
  if (count == 2 && words[1] == verbatim::app::kZygoteWord) {
    verbatim::sandbox::RunZygote(verbatim::media::ReadMedia);
  }
  try {
    const ExitCode code = verbatim::app::Main(count, words);
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    verbatim::app::Complain(std::string("a bug: ") + error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
}
