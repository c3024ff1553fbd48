// Where the time of a run goes. A StageMeter holds, for each stage of the path, thread time, calls,
// arithmetic and bytes; the threads that work on a run each write to it through a StageClock. A
// clock books every moment of its thread to one stage, so the stages of all clocks add up to their
// threads' time. Cheap enough to be always on: one reading of the system's clock per change of
// stage, and no two threads write to the same place.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace verbatim::profile {

// In the order of the path; waiting comes last.
enum class Stage : uint8_t {
  kMedia,
  kVad,
  kWindows,  // from probabilities to windows with their audio
  kMel,
  kEncoderConvolutions,
  kEncoderProjections,  // queries, keys and values
  kEncoderAttention,
  kEncoderOutput,
  kEncoderFeedForward,
  kEncoderRest,  // norms, and what no other stage of the encoder has
  kCrossKeyValues,
  kDecoderSelfAttention,
  kDecoderCrossAttention,
  kDecoderLinear,  // with the norms before them
  kDecoderRest,
  kVocabulary,
  kSearch,
  kAlignmentPass,  // the accepted text through the decoder once more
  kAlignmentPath,
  kResults,    // words, segments, the transcript and what its receiver does with it
  kPreparing,  // a worker's buffers
  kThreadWait,
  kWindowWait,  // a worker waits for windows
  kWorkerWait,  // a reader waits for workers
};
inline constexpr size_t kStageCount = static_cast<size_t>(Stage::kWorkerWait) + 1;

std::string_view StageName(Stage stage);  // "encoder attention"
inline bool IsWaiting(Stage stage) { return stage >= Stage::kThreadWait; }

// Unit: operations are multiplications and additions, each one; bytes are weights and caches read
// or written.
struct Work {
  uint64_t operations = 0;
  uint64_t bytes = 0;

  friend Work operator+(const Work& a, const Work& b) {
    return {a.operations + b.operations, a.bytes + b.bytes};
  }
};

struct StageTotals {
  uint64_t calls = 0;
  uint64_t nanoseconds = 0;  // of thread time
  Work work;
};

class StageMeter {
 public:
  using Totals = std::array<StageTotals, kStageCount>;  // indexed by Stage

  // What was booked so far; what a thread is in the middle of is not in it yet. Thread: any, also
  // during a run.
  Totals Read() const;

 private:
  friend class StageClock;

  // Written by one clock at a time.
  struct Cell {
    std::atomic<uint64_t> calls{0}, nanoseconds{0}, operations{0}, bytes{0};
  };
  struct alignas(64) Slot {
    std::array<Cell, kStageCount> cells;
  };

  Slot* TakeSlot();
  void ReturnSlot(Slot* slot);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_ GUARDED_BY(mutex_);
  std::vector<Slot*> free_slots_ GUARDED_BY(mutex_);  // keep what was counted in them
};

// Follows one thread from stage to stage. Thread: one at a time.
class alignas(64) StageClock {
 public:
  // Without a meter nothing is counted. The meter must outlive the clock.
  StageClock(StageMeter* meter, Stage stage);
  ~StageClock();
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

  Stage stage() const { return stage_; }

  // Books the time since the last change to the stage so far.
  void SwitchTo(Stage stage) {
    if (slot_ != nullptr) Book();
    stage_ = stage;
  }

  // Adds one call with this work to the stage.
  void Count(const Work& work);

 private:
  void Book();

  StageMeter* meter_;
  StageMeter::Slot* slot_ = nullptr;
  Stage stage_;
  std::chrono::steady_clock::time_point mark_;
};

// A stage for the rest of a scope; then the stage before it goes on.
class StageScope {
 public:
  StageScope(StageClock& clock, Stage stage, const Work& work = {})
      : clock_(clock), before_(clock.stage()) {
    Next(stage, work);
  }
  ~StageScope() { clock_.SwitchTo(before_); }
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

  // Another stage follows in the same scope.
  void Next(Stage stage, const Work& work = {}) {
    clock_.SwitchTo(stage);
    clock_.Count(work);
  }

 private:
  StageClock& clock_;
  Stage before_;
};

}  // namespace verbatim::profile
