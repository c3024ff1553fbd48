// How far a service gives way while memory is short: five steps, taken quickly as long as it stays
// short, and taken back slowly. A pure object: what was measured comes in, the level comes out.
//
// What the process holds itself is no pressure: it could give that back. So memory is short when
// little is left of its reach, which is what is available and what it holds; its own growing and
// shrinking moves nothing but the border between the two.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "performance/resources.h"

namespace verbatim::performance {

// Each has all steps above it, too.
enum class PressureLevel {
  kNone,
  kFewerWorkers,  // half of them
  kSmallBatch,    // one worker, one window at a time
  kSmallWindows,  // of jobs that start now
  kReleaseIdle,   // models that no job uses go
  kAdmitNone,     // no job starts beside those that run
};
inline constexpr int kPressureLevels = 5;  // besides none

// "none", "fewer_workers", "small_batch", "small_windows", "release_idle", "admit_none".
std::string_view PressureName(PressureLevel level);

// Of every loaded model.
struct EngineShape {
  int workers = 1;
  int batch = 0;  // 0: as it was chosen when the model was loaded

  friend bool operator==(const EngineShape&, const EngineShape&) = default;
};

// What a level leaves of a shape.
EngineShape ShapeAt(PressureLevel level, const EngineShape& full);

struct PressureOptions {
  int64_t down_after_ms = 3'000;      // between two steps while memory stays short
  int64_t up_after_ms = 30'000;       // memory must be at hand before a step is taken back
  int64_t up_after_ms_max = 600'000;  // to which each step taken back in vain doubles it
};

// What is looked at.
struct PressureLook {
  int64_t now_ms = 0;  // steady time
  uint64_t available_bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t held_bytes = 0;   // by this process
  double stall_percent = 0;  // of the last 10 s, in which processes waited for memory
};
// The part of a reading that it needs.
PressureLook PressureLookAt(const Resources& resources, int64_t now_ms);

// Below this available memory is short. A tenth of the reach, less than half of what
// memory_safety_factor leaves free; and on a machine whose others took the rest, 256 MB or a
// twentieth of it.
uint64_t PressureReserve(const PressureLook& look);

// One step down that is in force.
struct PressureStep {
  PressureLevel level = PressureLevel::kNone;
  int64_t since_ms = 0;         // steady time
  uint64_t held_bytes = 0;      // by the process when it was taken
  uint64_t returned_bytes = 0;  // the most by which that has fallen, until the next step
};

// Thread: one at a time.
class PressureLadder {
 public:
  explicit PressureLadder(PressureOptions options = {});

  // Takes at most one step. Called every second or so while memory is short.
  PressureLevel Update(const PressureLook& look);

  // From now on in place of up_after_ms.
  void SetUpAfter(int64_t up_after_ms) { options_.up_after_ms = up_after_ms; }

  PressureLevel level() const;
  // The first taken is the first.
  const std::vector<PressureStep>& steps() const { return steps_; }
  // Whether it was short at the last look.
  bool is_short() const { return is_short_; }

 private:
  bool IsShort(const PressureLook& look) const;
  bool IsAtHand(const PressureLook& look) const;
  void StepDown(const PressureLook& look);
  void StepUp(int64_t now_ms);
  void Trust(int64_t now_ms);
  int64_t UpAfter() const;

  PressureOptions options_;
  std::vector<PressureStep> steps_;
  bool is_short_ = false;
  std::optional<int64_t> at_hand_since_ms_;
  bool is_on_trial_ = false;  // a step taken back may yet prove to be in vain
  int relapses_ = 0;          // each doubles the time up
};

}  // namespace verbatim::performance
