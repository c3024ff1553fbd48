#include "jobs/impl/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace verbatim::jobs {
namespace {

// Measured: reader, speech detector, the audio of windows that wait and the text of 20 minutes take
// 12 MB. FFmpeg's index of an MP4 grows with its length, as the file does.
constexpr uint64_t kJobBytes = 16'000'000;
constexpr uint64_t kFileShare = 16;
constexpr uint64_t kFileBytesMax = 64'000'000;

// With nothing running a job starts after this time, however short memory is.
constexpr int64_t kPatienceMs = 60'000;

uint64_t Megabytes(uint64_t bytes) { return (bytes + 500'000) / 1'000'000; }

uint64_t Less(uint64_t from, uint64_t bytes) { return from - std::min(from, bytes); }

}  // namespace

uint64_t JobBytes(uint64_t file_bytes) {
  return kJobBytes + std::min(file_bytes / kFileShare, kFileBytesMax);
}

Admission::Admission(const JobsOptions& options, EngineCache& engines, const Roster& roster,
                     const Clock& clock, Log& log)
    : options_(options),
      engines_(engines),
      roster_(roster),
      clock_(clock),
      log_(log),
      idle_bytes_(options.memory ? options.memory().held_bytes : 0) {}

std::optional<std::string> Admission::Refuse(const store::Job& job, const RunNeeds& needs) {
  if (!options_.memory) return std::nullopt;
  MemoryNow memory = options_.memory();
  if (IsPatient(memory.is_closed)) {
    return "It waits for memory: so little is available that no job starts.";
  }
  const uint64_t needed = Added(needs);
  if (needed <= Plannable(memory)) return std::nullopt;
  if (!engines_.ReleaseIdle(needs.model).empty()) {
    memory = options_.memory();
    if (needed <= Plannable(memory)) return std::nullopt;
  }
  const std::string reason = fmt::format("needs about {} MB, {} MB can be planned for",
                                         Megabytes(needed), Megabytes(Plannable(memory)));
  if (roster_.count() > 0) return fmt::format("It waits for memory: {}.", reason);
  log_.Warning("job {} {}; nothing else runs, so it starts with one worker", job.id, reason);
  engines_.Resize(1, 1);
  return std::nullopt;
}

uint64_t Admission::Predicted() const {
  uint64_t bytes = idle_bytes_;
  std::set<std::string> wanted;  // by runs that have not asked for the engine yet
  for (const std::shared_ptr<ActiveRun>& run : roster_.all()) {
    bytes += run->needs().bytes;
    wanted.insert(run->needs().model);
  }
  for (const LoadedModel& model : engines_.Loaded()) {
    bytes +=
        wanted.erase(model.name) > 0 ? model.cost.Bytes(model.workers, model.batch) : model.bytes();
  }
  for (const std::string& name : wanted) {
    const LoadedModel model = engines_.Describe(name);
    bytes += model.cost.Bytes(model.workers, model.batch);
  }
  return bytes;
}

// While nothing may start: whether to wait on.
bool Admission::IsPatient(bool is_closed) {
  if (!is_closed || roster_.count() > 0) {
    alone_since_.reset();
    return is_closed;
  }
  const int64_t now_ms = clock_.SteadyMs();
  if (!alone_since_) alone_since_ = now_ms;
  return now_ms - *alone_since_ < kPatienceMs;
}

uint64_t Admission::Added(const RunNeeds& needs) const {
  const std::vector<std::shared_ptr<ActiveRun>> runs = roster_.all();
  const bool is_at_work =
      std::ranges::any_of(runs, [&](const auto& run) { return run->needs().model == needs.model; });
  if (is_at_work) return needs.bytes;
  const LoadedModel model = engines_.Describe(needs.model);
  const uint64_t whole = model.cost.Bytes(model.workers, model.batch);
  return needs.bytes + (model.is_loaded ? whole - model.cost.weights : whole);
}

uint64_t Admission::Plannable(const MemoryNow& memory) const {
  const auto planned =
      static_cast<uint64_t>(memory.safety_factor * static_cast<double>(memory.available_bytes));
  return Less(planned, Less(Predicted(), memory.held_bytes));
}

}  // namespace verbatim::jobs
