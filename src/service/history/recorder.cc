#include "history/recorder.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "store/samples.h"

namespace verbatim::history {
namespace {

using store::Connection;
using store::StoredSample;

constexpr size_t kPendingMax = 60;
constexpr int64_t kJumpMs = 5000;  // what slewing a clock does in a second is far less

int64_t SecondOf(const Sample& sample) { return StepBegin(sample.time_ms, 1000) / 1000; }

Result<void> PutBucket(Connection& connection, int64_t step_s, const Bucket& bucket) {
  return store::PutSample(connection, {step_s, bucket.begin_s, bucket.count, EncodeBucket(bucket)});
}

// One that cannot be read is left out: a gap is better than no history.
void MergeStored(const StoredSample& stored, Bucket& bucket) {
  const Result<Bucket> decoded = DecodeBucket(stored.begin_s, stored.count, stored.data);
  if (decoded) bucket.Merge(*decoded);
}

// A minute that was visited before, by an earlier run or before the clock was set back, grows.
Result<void> PutMinute(Connection& connection, Bucket minute) {
  if (const auto stored = TRY(store::FindSample(connection, kMinuteStep, minute.begin_s))) {
    MergeStored(*stored, minute);
  }
  return PutBucket(connection, kMinuteStep, minute);
}

// Sums up an hour from its minutes, whatever was there.
Result<void> PutHour(Connection& connection, int64_t begin_s) {
  Bucket hour;
  hour.begin_s = begin_s;
  for (const StoredSample& minute :
       TRY(store::SamplesIn(connection, {kMinuteStep, begin_s, begin_s + kHourStep}))) {
    MergeStored(minute, hour);
  }
  if (hour.count == 0) return {};
  return PutBucket(connection, kHourStep, hour);
}

// The step that keeps a range within kPointsMax.
int64_t StepFor(const Range& range) {
  const int64_t span_s = std::max<int64_t>(range.to_s - range.from_s, 1);
  const int64_t points = (span_s + range.step_s - 1) / range.step_s;
  return range.step_s * ((points + kPointsMax - 1) / kPointsMax);
}

}  // namespace

Recorder::Recorder(store::Database& database, Log& log, RecorderOptions options)
    : database_(database), log_(log), options_(options) {}

void Recorder::Add(const Sample& sample, int64_t steady_ms) {
  const MutexLock lock(mutex_);
  WatchClock(sample, steady_ms);
  seconds_.push_back(sample);
  while (seconds_.size() > options_.seconds_kept) seconds_.pop_front();
  const int64_t now_s = SecondOf(sample);
  const int64_t minute_s = StepBegin(now_s, kMinuteStep);
  if (minute_.count > 0 && minute_.begin_s != minute_s) {
    Store(now_s);
    Trim(now_s, steady_ms);
  }
  minute_.begin_s = minute_s;
  minute_.Add(sample);
}

void Recorder::Flush() {
  const MutexLock lock(mutex_);
  if (minute_.count > 0) Store(minute_.begin_s);
}

std::optional<Sample> Recorder::newest() const {
  const MutexLock lock(mutex_);
  if (seconds_.empty()) return std::nullopt;
  return seconds_.back();
}

void Recorder::WatchClock(const Sample& sample, int64_t steady_ms) {
  const int64_t offset_ms = sample.time_ms - steady_ms;
  if (!clock_offset_ms_ || std::abs(offset_ms - *clock_offset_ms_) > kJumpMs) {
    steady_since_ms_ = steady_ms;
  }
  clock_offset_ms_ = offset_ms;
}

void Recorder::Store(int64_t now_s) {
  pending_.push_back(std::exchange(minute_, {}));
  if (pending_.size() > kPendingMax) pending_.pop_front();
  const Result<void> written =
      database_.Write([&](Connection& connection)
                          NO_THREAD_SAFETY_ANALYSIS { return WritePending(connection, now_s); });
  if (written) {
    pending_.clear();
    has_looked_back_ = true;
  } else if (!is_failing_) {
    log_.Warning("the history can't be written: {}", written.error().message);
  }
  is_failing_ = !written;
}

Result<void> Recorder::WritePending(Connection& connection, int64_t now_s) const {
  const int64_t hour_now_s = StepBegin(now_s, kHourStep);
  std::set<int64_t> hours;
  for (const Bucket& minute : pending_) {
    TRY_VOID(PutMinute(connection, minute));
    hours.insert(StepBegin(minute.begin_s, kHourStep));
  }
  if (!has_looked_back_) {
    for (const int64_t hour : TRY(store::HoursWithoutSample(connection, hour_now_s))) {
      hours.insert(hour);
    }
  }
  hours.erase(hour_now_s);  // it is summed up when it is over
  for (const int64_t hour : hours) TRY_VOID(PutHour(connection, hour));
  return {};
}

void Recorder::Trim(int64_t now_s, int64_t steady_ms) {
  if (steady_ms - steady_since_ms_ < options_.trust_ms) return;
  if (trimmed_ms_ && steady_ms - *trimmed_ms_ < options_.trim_ms) return;
  const Result<void> trimmed = database_.Write([&](Connection& connection) -> Result<void> {
    TRY_VOID(store::TrimSamples(connection, kMinuteStep, now_s - options_.minutes_kept_s));
    return store::TrimSamples(connection, kHourStep, now_s - options_.hours_kept_s);
  });
  if (trimmed) trimmed_ms_ = steady_ms;
}

Result<Table> Recorder::Read(const Range& wanted) const {
  const int64_t step_s = StepFor(wanted);
  const Range range{StepBegin(wanted.from_s, step_s), wanted.to_s, step_s};
  const MutexLock lock(mutex_);
  Points points;  // as they are kept
  if (wanted.step_s < kMinuteStep) {
    AddSeconds(range, points);
  } else {
    Range minutes = range;
    if (step_s >= kHourStep) {
      TRY_VOID(AddHours(range, points));
      if (!points.empty()) minutes.from_s = points.rbegin()->first + kHourStep;
    }
    TRY_VOID(AddMinutes(minutes, points));
  }
  Table table{step_s, {}};
  for (const auto& [begin_s, point] : points) {
    if (point.count == 0) continue;
    const int64_t step_begin_s = StepBegin(begin_s, step_s);
    const bool is_next = table.points.empty() || table.points.back().begin_s != step_begin_s;
    if (is_next) table.points.emplace_back().begin_s = step_begin_s;
    table.points.back().Merge(point);
  }
  return table;
}

void Recorder::AddSeconds(const Range& range, Points& points) const {
  for (const Sample& sample : seconds_) {
    const int64_t second = SecondOf(sample);
    if (second >= range.from_s && second < range.to_s) points[second].Add(sample);
  }
}

Result<void> Recorder::AddHours(const Range& range, Points& points) const {
  const store::SampleRange wanted{kHourStep, range.from_s, range.to_s};
  const std::vector<StoredSample> stored = TRY(
      database_.Read([&](Connection& connection) { return store::SamplesIn(connection, wanted); }));
  for (const StoredSample& sample : stored) MergeStored(sample, points[sample.begin_s]);
  return {};
}

// With those that are not in the ledger yet.
Result<void> Recorder::AddMinutes(const Range& range, Points& points) const {
  const store::SampleRange wanted{kMinuteStep, range.from_s, range.to_s};
  const std::vector<StoredSample> stored = TRY(
      database_.Read([&](Connection& connection) { return store::SamplesIn(connection, wanted); }));
  for (const StoredSample& sample : stored) MergeStored(sample, points[sample.begin_s]);
  const auto add = [&](const Bucket& minute) {
    const bool is_wanted = minute.begin_s >= range.from_s && minute.begin_s < range.to_s;
    if (is_wanted && minute.count > 0) points[minute.begin_s].Merge(minute);
  };
  std::ranges::for_each(pending_, add);
  add(minute_);
  return {};
}

}  // namespace verbatim::history
