#include "model_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "models/models.h"

namespace verbatim::app {
namespace {

// Quiet where nobody watches; models::Pull's own words go through the bar otherwise.
Result<std::filesystem::path> PullWithProgress(const std::string& name, Reporter& reporter,
                                               const std::stop_token& stop) {
  return models::Pull(
      name, [&](const models::PullProgress& progress) { reporter.OnPull(name, progress); }, stop);
}

}  // namespace

Result<std::filesystem::path> EnsureModel(const std::string& name_or_directory, Reporter& reporter,
                                          const std::stop_token& stop) {
  Result<std::filesystem::path> found = models::FindModel(name_or_directory);
  if (found || found.error().code != ErrorCode::kNotFound) return found;
  if (models::FindInCatalog(name_or_directory) == nullptr) return found;
  return PullWithProgress(name_or_directory, reporter, stop);
}

ExitCode ListModels() {
  for (const models::CatalogEntry& entry : models::Catalog()) {
    const char* state = models::IsInstalled(entry.name) ? "installed" : "-";
    fmt::print("{:<16}{:<12}{}\n", entry.name, state, entry.description);
  }
  fmt::print("\nInstalled models lie in {}\n", models::ModelRoot().string());
  return ExitCode::kSuccess;
}

ExitCode PullModels(const std::vector<std::string>& names, const std::stop_token& stop) {
  ExitCode worst = ExitCode::kSuccess;
  const std::unique_ptr<Reporter> reporter = MakeReporter({});
  for (const std::string& name : names) {
    const Result<std::filesystem::path> pulled = PullWithProgress(name, *reporter, stop);
    reporter->OnEnd({});
    if (pulled) {
      fmt::print("{}: {}\n", name, pulled->string());
      std::fflush(stdout);
    } else {
      reporter->OnError(pulled.error());
      worst = Worse(worst, ExitCodeOf(pulled.error().code, Stage::kModel));
    }
    if (stop.stop_requested()) break;
  }
  return worst;
}

ExitCode VerifyModels(const std::vector<std::string>& names) {
  std::vector<std::string> wanted = names;
  if (wanted.empty()) {
    for (const models::CatalogEntry& entry : models::Catalog()) {
      if (models::IsInstalled(entry.name)) wanted.push_back(entry.name);
    }
  }
  if (wanted.empty()) fmt::print("no model is installed\n");
  ExitCode worst = ExitCode::kSuccess;
  for (const std::string& name : wanted) {
    const Result<void> verified = models::Verify(name);
    if (verified) {
      fmt::print("{}: intact\n", name);
      continue;
    }
    Complain(fmt::format("{}: {}", name, verified.error().message));
    worst = Worse(worst, ExitCodeOf(verified.error().code, Stage::kModel));
  }
  return worst;
}

}  // namespace verbatim::app
