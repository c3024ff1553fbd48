#include "jobs/impl/roster.h"

#include <algorithm>
#include <utility>

namespace verbatim::jobs {
namespace {

bool IsWhole(const ByteSource& source) {
  const std::optional<uint64_t> size = source.size();
  return size.has_value() && source.available() >= *size;
}

}  // namespace

void ActiveRun::Stop(StopReason reason) {
  {
    MutexLock lock(mutex_);
    if (reason_ == StopReason::kNone) reason_ = reason;
  }
  stop_.request_stop();  // callbacks run here: without the mutex
}

StopReason ActiveRun::reason() const {
  MutexLock lock(mutex_);
  return reason_;
}

void ActiveRun::Watch(std::shared_ptr<ByteSource> source) {
  MutexLock lock(mutex_);
  source_ = std::move(source);
  was_early_ = !IsWhole(*source_);
}

bool ActiveRun::was_early() const {
  MutexLock lock(mutex_);
  return was_early_;
}

void ActiveRun::CheckTime(int64_t now_ms, const TimeLimits& limits) {
  StopReason reason = StopReason::kNone;
  {
    MutexLock lock(mutex_);
    if (source_ != nullptr && !IsWhole(*source_)) {
      const uint64_t received = source_->available();
      if (received > received_ || !grown_ms_) grown_ms_ = now_ms;
      received_ = received;
      counted_from_ms_ = now_ms;
      if (now_ms - *grown_ms_ >= limits.stall_ms) reason = StopReason::kStalled;
    } else if (now_ms - counted_from_ms_ >= limits.work_ms) {
      reason = StopReason::kTimeout;
    }
  }
  if (reason != StopReason::kNone) Stop(reason);
}

void ActiveRun::NoteMemory(const MemoryUse& now) {
  MutexLock lock(mutex_);
  memory_use_.predicted_bytes = std::max(memory_use_.predicted_bytes, now.predicted_bytes);
  memory_use_.peak_bytes = std::max(memory_use_.peak_bytes, now.peak_bytes);
}

MemoryUse ActiveRun::memory_use() const {
  MutexLock lock(mutex_);
  return memory_use_;
}

void ActiveRun::SetPace(const Pace& pace) {
  MutexLock lock(mutex_);
  pace_ = pace;
}

Pace ActiveRun::pace() const {
  MutexLock lock(mutex_);
  return pace_;
}

void Roster::Add(std::shared_ptr<ActiveRun> run) {
  MutexLock lock(mutex_);
  runs_.push_back(std::move(run));
}

void Roster::Remove(const ActiveRun* run) {
  MutexLock lock(mutex_);
  std::erase_if(runs_, [run](const auto& listed) { return listed.get() == run; });
}

std::vector<std::shared_ptr<ActiveRun>> Roster::all() const {
  MutexLock lock(mutex_);
  return runs_;
}

size_t Roster::count() const {
  MutexLock lock(mutex_);
  return runs_.size();
}

bool Roster::is_closed() const {
  MutexLock lock(mutex_);
  return std::ranges::any_of(runs_, [](const auto& run) { return run->is_alone(); });
}

std::shared_ptr<ActiveRun> Roster::Find(const std::string& job) const {
  MutexLock lock(mutex_);
  const auto found = std::ranges::find(runs_, job, [](const auto& run) { return run->job(); });
  return found == runs_.end() ? nullptr : *found;
}

void Roster::StopAll(StopReason reason) {
  for (const std::shared_ptr<ActiveRun>& run : all()) run->Stop(reason);
}

}  // namespace verbatim::jobs
