// The history of the machine and the service: every second of the last minutes in memory, minutes
// and hours in the ledger. Whoever takes the samples adds them here; readers ask for a stretch of
// time. A crash loses the minute in hand; a clock that jumps makes a gap or a second visit to the
// same minute, which is merged with the first.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "history/bucket.h"
#include "history/sample.h"
#include "store/database.h"

namespace verbatim::history {

struct RecorderOptions {
  size_t seconds_kept = 900;
  int64_t minutes_kept_s = int64_t{30} * 24 * 3600;
  int64_t hours_kept_s = int64_t{2} * 365 * 24 * 3600;
  // The clock must have run evenly for this long before anything is deleted by it.
  int64_t trust_ms = 600'000;
  int64_t trim_ms = 3'600'000;  // between two looks for what is too old
};

inline constexpr int64_t kSecondStep = 1;
inline constexpr int64_t kMinuteStep = 60;
inline constexpr int64_t kHourStep = 3600;

// What is asked for. Unit: Unix seconds; `to_s` is not in it.
struct Range {
  int64_t from_s = 0;
  int64_t to_s = 0;
  int64_t step_s = kMinuteStep;  // 1, 60 or whole hours
};

// At most this many points are given; longer stretches come in larger steps.
inline constexpr int64_t kPointsMax = 2000;

struct Table {
  int64_t step_s = 0;          // of the points; a multiple of what was asked for
  std::vector<Bucket> points;  // in the order of time; a time without samples has none
};

// Thread: any; Add is called by one.
class Recorder {
 public:
  // Both outlive it.
  Recorder(store::Database& database, Log& log, RecorderOptions options = {});

  // Takes a sample. Unit: steady time. Once a minute it waits for the disk; what the disk does not
  // take is kept for an hour and tried again.
  void Add(const Sample& sample, int64_t steady_ms);

  // Writes the minute in hand, at the end of the server.
  void Flush();

  // The newest sample.
  std::optional<Sample> newest() const;

  // Errors: those of the ledger. May block.
  Result<Table> Read(const Range& wanted) const;

 private:
  void WatchClock(const Sample& sample, int64_t steady_ms) REQUIRES(mutex_);
  void Store(int64_t now_s) REQUIRES(mutex_);
  Result<void> WritePending(store::Connection& connection, int64_t now_s) const REQUIRES(mutex_);
  void Trim(int64_t now_s, int64_t steady_ms) REQUIRES(mutex_);
  using Points = std::map<int64_t, Bucket>;
  void AddSeconds(const Range& range, Points& points) const REQUIRES(mutex_);
  Result<void> AddHours(const Range& range, Points& points) const REQUIRES(mutex_);
  Result<void> AddMinutes(const Range& range, Points& points) const REQUIRES(mutex_);

  store::Database& database_;
  Log& log_;
  const RecorderOptions options_;
  mutable Mutex mutex_;
  std::deque<Sample> seconds_ GUARDED_BY(mutex_);
  Bucket minute_ GUARDED_BY(mutex_);                 // in hand
  std::deque<Bucket> pending_ GUARDED_BY(mutex_);    // minutes that are not in the ledger yet
  bool is_failing_ GUARDED_BY(mutex_) = false;       // the ledger did not take the last ones
  bool has_looked_back_ GUARDED_BY(mutex_) = false;  // at hours of earlier runs
  std::optional<int64_t> clock_offset_ms_ GUARDED_BY(mutex_);  // wall clock less steady clock
  int64_t steady_since_ms_ GUARDED_BY(mutex_) = 0;             // the clock has run evenly
  std::optional<int64_t> trimmed_ms_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::history
