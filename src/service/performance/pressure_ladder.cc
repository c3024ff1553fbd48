#include "performance/pressure_ladder.h"

#include <algorithm>

namespace verbatim::performance {
namespace {

constexpr uint64_t kReachShare = 10;
constexpr uint64_t kTotalShare = 20;
constexpr uint64_t kReserveMax = uint64_t{256} << 20;

// Shares of the last 10 s, as for the number of workers. With much memory at hand it is another
// control group that waits.
constexpr double kStallShort = 10;
constexpr double kStallOver = 5;
constexpr uint64_t kMuchShare = 4;

// For as many times the waiting time a step taken back must last to halve that time again.
constexpr int64_t kTestFactor = 4;

uint64_t Reach(const PressureLook& look) {
  const uint64_t reach = look.available_bytes + look.held_bytes;
  return look.total_bytes > 0 ? std::min(reach, look.total_bytes) : reach;
}

}  // namespace

std::string_view PressureName(PressureLevel level) {
  switch (level) {
    case PressureLevel::kNone: return "none";
    case PressureLevel::kFewerWorkers: return "fewer_workers";
    case PressureLevel::kSmallBatch: return "small_batch";
    case PressureLevel::kSmallWindows: return "small_windows";
    case PressureLevel::kReleaseIdle: return "release_idle";
    case PressureLevel::kAdmitNone: break;
  }
  return "admit_none";
}

EngineShape ShapeAt(PressureLevel level, const EngineShape& full) {
  if (level == PressureLevel::kNone) return full;
  if (level == PressureLevel::kFewerWorkers) return {(full.workers + 1) / 2, full.batch};
  return {1, 1};
}

PressureLook PressureLookAt(const Resources& resources, int64_t now_ms) {
  return {now_ms, resources.memory_available.value, resources.memory_total.value,
          resources.process_memory.value,
          resources.memory_stall_some ? resources.memory_stall_some->value : 0};
}

uint64_t PressureReserve(const PressureLook& look) {
  return std::max(Reach(look) / kReachShare, std::min(look.total_bytes / kTotalShare, kReserveMax));
}

PressureLadder::PressureLadder(PressureOptions options) : options_(options) {}

PressureLevel PressureLadder::level() const {
  return steps_.empty() ? PressureLevel::kNone : steps_.back().level;
}

PressureLevel PressureLadder::Update(const PressureLook& look) {
  if (!steps_.empty() && look.held_bytes < steps_.back().held_bytes) {
    PressureStep& last = steps_.back();
    last.returned_bytes = std::max(last.returned_bytes, last.held_bytes - look.held_bytes);
  }
  is_short_ = IsShort(look);
  if (!IsAtHand(look))
    at_hand_since_ms_.reset();
  else if (!at_hand_since_ms_)
    at_hand_since_ms_ = look.now_ms;
  if (is_short_) {
    const bool is_due =
        steps_.empty() || look.now_ms - steps_.back().since_ms >= options_.down_after_ms;
    if (is_due && level() != PressureLevel::kAdmitNone) StepDown(look);
  } else if (at_hand_since_ms_ && look.now_ms - *at_hand_since_ms_ >= UpAfter()) {
    if (!steps_.empty())
      StepUp(look.now_ms);
    else if (look.now_ms - *at_hand_since_ms_ >= kTestFactor * UpAfter())
      Trust(look.now_ms);
  }
  return level();
}

bool PressureLadder::IsShort(const PressureLook& look) const {
  if (look.available_bytes < PressureReserve(look)) return true;
  return look.stall_percent >= kStallShort && look.available_bytes < look.total_bytes / kMuchShare;
}

// Enough that memory would not be short again without what the last step gave back.
bool PressureLadder::IsAtHand(const PressureLook& look) const {
  const uint64_t reserve = PressureReserve(look);
  const uint64_t returned = steps_.empty() ? 0 : steps_.back().returned_bytes;
  const bool is_calm =
      look.stall_percent < kStallOver || look.available_bytes >= look.total_bytes / kMuchShare;
  return is_calm && look.available_bytes >= reserve + reserve / 2 + returned;
}

void PressureLadder::StepDown(const PressureLook& look) {
  if (is_on_trial_ && UpAfter() < options_.up_after_ms_max) ++relapses_;
  is_on_trial_ = false;
  const auto next = static_cast<PressureLevel>(static_cast<int>(level()) + 1);
  steps_.push_back({next, look.now_ms, look.held_bytes, 0});
}

// The next one has to wait as long again.
void PressureLadder::StepUp(int64_t now_ms) {
  steps_.pop_back();
  is_on_trial_ = true;
  at_hand_since_ms_ = now_ms;
}

// The last step taken back has lasted.
void PressureLadder::Trust(int64_t now_ms) {
  is_on_trial_ = false;
  relapses_ = std::max(relapses_ - 1, 0);
  at_hand_since_ms_ = now_ms;
}

int64_t PressureLadder::UpAfter() const {
  return std::min(options_.up_after_ms << relapses_,
                  std::max(options_.up_after_ms, options_.up_after_ms_max));
}

}  // namespace verbatim::performance
