// The table of samples: how the machine and the service did in each minute and each hour. What the
// numbers of a sample are is the business of the room history; here it is JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

inline constexpr int64_t kMinuteSeconds = 60;
inline constexpr int64_t kHourSeconds = 3600;

// Unit: seconds; begins are Unix times, whole steps.
struct StoredSample {
  int64_t step_s = kMinuteSeconds;  // or an hour
  int64_t begin_s = 0;
  int64_t count = 0;  // readings in it
  std::string data;   // JSON (history/bucket.h)
};

// One for each step and begin: replaces what is there.
Result<void> PutSample(Connection& connection, const StoredSample& sample);
Result<std::optional<StoredSample>> FindSample(Connection& connection, int64_t step_s,
                                               int64_t begin_s);

struct SampleRange {
  int64_t step_s = kMinuteSeconds;
  int64_t from_s = 0;
  int64_t to_s = INT64_MAX;  // not in it
};
// In the order of time.
Result<std::vector<StoredSample>> SamplesIn(Connection& connection, const SampleRange& range);

// Begins of the hours before `before_s` that have minutes but no sample of their own.
Result<std::vector<int64_t>> HoursWithoutSample(Connection& connection, int64_t before_s);

// Drops those of this step that begin before.
Result<void> TrimSamples(Connection& connection, int64_t step_s, int64_t before_s);

}  // namespace verbatim::store
