#include "doctor_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
#include <filesystem>
#include <system_error>
#include <utility>

#include "media/library.h"
#include "models/models.h"
#include "performance/basis.h"
#include "performance_basis.h"
#include "pipeline/memory.h"
#include "report.h"
#include "server_settings.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using State = Finding::State;
using performance::GigabyteText;

std::string_view StateName(State state) {
  if (state == State::kProblem) return "problem";
  return state == State::kNote ? "note" : "fine";
}

Finding Problem(std::string check, const Error& error, std::string advice, Stage stage) {
  return {std::move(check), State::kProblem, error.message, std::move(advice),
          ExitCodeOf(error.code, stage)};
}

Finding CheckCpu() {
  const Result<std::string> set = pipeline::InstructionSetName();
  if (!set) return Problem("cpu", set.error(), "unset VERBATIM_KERNELS", Stage::kArguments);
  const std::string text = fmt::format("{}, {} to use, kernels for {}", pipeline::CpuName(),
                                       pipeline::UsableCpus(), *set);
  if (*set != "plain") return {"cpu", State::kFine, text, ""};
  return {"cpu", State::kNote, text, "a CPU with AVX2 is many times faster"};
}

Finding CheckMemory(const performance::Snapshot& snapshot) {
  const auto& available = snapshot.resources.memory_available;
  const auto& total = snapshot.resources.memory_total;
  const uint64_t needed = snapshot.cost.shared_bytes + snapshot.cost.bytes;
  std::string text = fmt::format("{} of {} available ({})", GigabyteText(available.value),
                                 GigabyteText(total.value), available.source);
  if (needed <= available.value) return {"memory", State::kFine, std::move(text), ""};
  text += fmt::format("; model {} takes about {}", snapshot.settings.model, GigabyteText(needed));
  return {"memory", State::kProblem, std::move(text),
          "end other programs, raise the limit, or take a smaller model (--model)",
          ExitCode::kFileFailed};
}

Finding CheckModel(const std::string& name) {
  const std::string check = "model " + name;
  const Result<void> verified = models::Verify(name);
  if (verified) return {check, State::kFine, "installed and intact", ""};
  const ErrorCode code = verified.error().code;
  // A folder of one's own has no sums to be compared with.
  if (code == ErrorCode::kNotFound && models::FindModel(name)) {
    return {check, State::kNote, verified.error().message, ""};
  }
  return Problem(check, verified.error(), "verbatim model pull " + name, Stage::kModel);
}

// The one that is asked for, then all others that are installed.
std::vector<Finding> CheckModels(const std::string& wanted) {
  std::vector<Finding> findings = {CheckModel(wanted)};
  for (const models::CatalogEntry& entry : models::Catalog()) {
    if (entry.name != wanted && models::IsInstalled(entry.name)) {
      findings.push_back(CheckModel(std::string(entry.name)));
    }
  }
  return findings;
}

Finding CheckCodecs() {
  const std::vector<std::string> missing = media::MissingDecoders();
  if (missing.empty()) return {"codecs", State::kFine, media::LibraryVersion(), ""};
  return {
      "codecs", State::kNote,
      fmt::format("{} has no decoder for {}", media::LibraryVersion(), fmt::join(missing, ", ")),
      "install an FFmpeg that has them"};
}

Finding CheckDisk(const settings::Settings& settings) {
  const Result<fs::path> folder = DataFolder(settings);
  if (!folder) return Problem("disk", folder.error(), "", Stage::kArguments);
  // Before the first start the folder is not there: its disk is that of the nearest one above.
  fs::path place = *folder;
  std::error_code error;
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const fs::space_info space = fs::space(place, error);
  if (error) {
    return Problem("disk", SystemError(error.value(), "asking for the space of " + place.string()),
                   "say where with --data-dir", Stage::kFile);
  }
  std::string text = fmt::format("{} free for {}", GigabyteText(space.available), folder->string());
  const uint64_t needed = settings.disk_reserve_bytes + settings.max_file_size_bytes;
  if (space.available >= needed) return {"disk", State::kFine, std::move(text), ""};
  if (space.available > settings.disk_reserve_bytes) {
    return {"disk", State::kNote, std::move(text),
            fmt::format("a file of {} would not fit: free some space",
                        GigabyteText(settings.max_file_size_bytes))};
  }
  return {"disk", State::kProblem, std::move(text), "free some space, or choose another --data-dir",
          ExitCode::kOutOfSpace};
}

}  // namespace

ExitCode WorstOf(const std::vector<Finding>& findings) {
  ExitCode worst = ExitCode::kSuccess;
  for (const Finding& finding : findings) worst = Worse(worst, finding.code);
  return worst;
}

std::string FindingsText(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<9}{:<28}{}\n", StateName(finding.state), finding.check, finding.text);
    if (!finding.advice.empty()) text += fmt::format("{:<37}-> {}\n", "", finding.advice);
  }
  return text;
}

std::string FindingsJson(const std::vector<Finding>& findings) {
  json::array checks;
  for (const Finding& finding : findings) {
    checks.push_back({{"check", finding.check},
                      {"state", StateName(finding.state)},
                      {"text", finding.text},
                      {"advice", finding.advice}});
  }
  const bool is_fine = WorstOf(findings) == ExitCode::kSuccess;
  return json::serialize(json::object{{"fine", is_fine}, {"checks", std::move(checks)}}) + "\n";
}

std::vector<Finding> SandboxFindings(const Result<sandbox::LayerReport>& report, SandboxMode mode) {
  if (mode == SandboxMode::kOff) {
    return {{"sandbox", State::kNote, "switched off: a hostile file can harm this machine",
             "leave --sandbox at required"}};
  }
  const bool is_required = mode == SandboxMode::kRequired;
  const std::string advice =
      is_required ? "--sandbox auto reads media with the layers there are" : "";
  const Result<void> checked =
      report ? sandbox::CheckRequired(*report) : Result<void>(Failure(report.error()));
  std::vector<Finding> findings;
  if (checked) {
    findings.push_back({"sandbox", State::kFine, "media is read in locked-up processes", ""});
  } else if (is_required || !report) {
    findings.push_back(
        {"sandbox", State::kProblem, checked.error().message, advice, ExitCode::kFileFailed});
  } else {
    findings.push_back({"sandbox", State::kNote, checked.error().message, ""});
  }
  if (!report) return findings;
  for (const sandbox::LayerState& layer : report->layers) {
    const std::string check = "sandbox " + std::string(sandbox::LayerName(layer.layer));
    const State state = layer.is_active ? State::kFine : State::kNote;
    findings.push_back({check, state, layer.is_active ? "active" : "absent: " + layer.reason, ""});
  }
  return findings;
}

ExitCode Doctor(const DoctorArguments& arguments, const MediaSandbox& sandbox) {
  const Result<settings::Loaded> loaded = LoadServerSettings(arguments.serve);
  if (!loaded) {
    Complain(loaded.error().message);
    return ExitCodeOf(loaded.error().code, Stage::kArguments);
  }
  const settings::Live live(*loaded);
  const settings::Settings settings = live.Current();
  const fs::path model = models::FindModel(settings.model).value_or("");
  const performance::Basis basis = MakeBasis(live, MakeModelBasis(settings, model, std::nullopt));
  const performance::Snapshot snapshot = performance::TakeSnapshot(basis, {}, {});
  std::vector<Finding> findings = {CheckCpu(), CheckMemory(snapshot)};
  std::ranges::move(CheckModels(settings.model), std::back_inserter(findings));
  findings.push_back(CheckCodecs());
  std::ranges::move(SandboxFindings(sandbox.report(), SandboxModeOf(settings.sandbox)),
                    std::back_inserter(findings));
  findings.push_back(CheckDisk(settings));
  fmt::print("{}", (arguments.is_json ? FindingsJson : FindingsText)(findings));
  return WorstOf(findings);
}

}  // namespace verbatim::app
