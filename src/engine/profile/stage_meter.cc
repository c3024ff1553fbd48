#include "profile/stage_meter.h"

namespace verbatim::profile {
namespace {

using SystemClock = std::chrono::steady_clock;

// There is one writer, so adding needs no locked instruction.
void Add(std::atomic<uint64_t>& sum, uint64_t value) {
  sum.store(sum.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

}  // namespace

std::string_view StageName(Stage stage) {
  switch (stage) {
    case Stage::kMedia: return "media decoding";
    case Stage::kVad: return "speech detection";
    case Stage::kWindows: return "cutting windows";
    case Stage::kMel: return "mel spectrogram";
    case Stage::kEncoderConvolutions: return "encoder convolutions";
    case Stage::kEncoderProjections: return "encoder projections";
    case Stage::kEncoderAttention: return "encoder attention";
    case Stage::kEncoderOutput: return "encoder output projection";
    case Stage::kEncoderFeedForward: return "encoder feed-forward";
    case Stage::kEncoderRest: return "encoder rest";
    case Stage::kCrossKeyValues: return "cross keys and values";
    case Stage::kDecoderSelfAttention: return "decoder self-attention";
    case Stage::kDecoderCrossAttention: return "decoder cross-attention";
    case Stage::kDecoderLinear: return "decoder linear layers";
    case Stage::kDecoderRest: return "decoder rest";
    case Stage::kVocabulary: return "vocabulary product";
    case Stage::kSearch: return "search";
    case Stage::kAlignmentPass: return "alignment pass";
    case Stage::kAlignmentPath: return "alignment path";
    case Stage::kResults: return "results";
    case Stage::kPreparing: return "preparing";
    case Stage::kThreadWait: return "waiting for threads";
    case Stage::kWindowWait: return "waiting for windows";
    case Stage::kWorkerWait: return "waiting for workers";
  }
  return "unknown";
}

StageMeter::Totals StageMeter::Read() const {
  Totals totals{};
  MutexLock lock(mutex_);
  for (const std::unique_ptr<Slot>& slot : slots_) {
    for (size_t stage = 0; stage < kStageCount; ++stage) {
      const Cell& cell = slot->cells[stage];
      totals[stage].calls += cell.calls.load(std::memory_order_relaxed);
      totals[stage].nanoseconds += cell.nanoseconds.load(std::memory_order_relaxed);
      totals[stage].work.operations += cell.operations.load(std::memory_order_relaxed);
      totals[stage].work.bytes += cell.bytes.load(std::memory_order_relaxed);
    }
  }
  return totals;
}

StageMeter::Slot* StageMeter::TakeSlot() {
  MutexLock lock(mutex_);
  if (free_slots_.empty()) {
    slots_.push_back(std::make_unique<Slot>());
    return slots_.back().get();
  }
  Slot* slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void StageMeter::ReturnSlot(Slot* slot) {
  MutexLock lock(mutex_);
  free_slots_.push_back(slot);
}

StageClock::StageClock(StageMeter* meter, Stage stage)
    : meter_(meter), stage_(stage), mark_(SystemClock::now()) {
  if (meter != nullptr) slot_ = meter->TakeSlot();
}

StageClock::~StageClock() {
  if (slot_ == nullptr) return;
  Book();
  meter_->ReturnSlot(slot_);
}

void StageClock::Book() {
  const SystemClock::time_point now = SystemClock::now();
  Add(slot_->cells[static_cast<size_t>(stage_)].nanoseconds,
      static_cast<uint64_t>(std::chrono::nanoseconds(now - mark_).count()));
  mark_ = now;
}

void StageClock::Count(const Work& work) {
  if (slot_ == nullptr) return;
  StageMeter::Cell& cell = slot_->cells[static_cast<size_t>(stage_)];
  Add(cell.calls, 1);
  Add(cell.operations, work.operations);
  Add(cell.bytes, work.bytes);
}

}  // namespace verbatim::profile
