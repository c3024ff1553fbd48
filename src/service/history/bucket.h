// A stretch of time with the mean, least and greatest value of each series. Samples go in, buckets
// merge into longer ones, and as JSON they lie in the ledger.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "history/sample.h"

namespace verbatim::history {

// One series within a bucket.
struct Spread {
  double mean = 0;
  double min = 0;
  double max = 0;
  int64_t count = 0;  // readings; 0: there is none

  // As if the readings of both were one set.
  void Merge(const Spread& other);
};

struct Bucket {
  int64_t begin_s = 0;  // Unix time
  int64_t count = 0;    // samples
  std::array<Spread, kSeriesCount> series{};

  // Takes one more sample.
  void Add(const Sample& sample);
  // As if the samples of both were in one.
  void Merge(const Bucket& other);
};

// The largest whole number of steps that is not after the time, also before 1970.
constexpr int64_t StepBegin(int64_t time_s, int64_t step_s) {
  const int64_t within = time_s % step_s;
  return time_s - (within < 0 ? within + step_s : within);
}

// {"load":[mean,min,max]}, or one number where all are the same or it is a stage. A series that
// has a reading in every sample is left out where it is 0.
std::string EncodeBucket(const Bucket& bucket);

// Series that this version does not know are passed over; every reading counts `count` times.
// Errors: kCorruptDatabase: it is not what EncodeBucket made.
Result<Bucket> DecodeBucket(int64_t begin_s, int64_t count, std::string_view text);

}  // namespace verbatim::history
