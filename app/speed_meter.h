// How fast a run goes: audio finished, over all its files, per second of time.
#pragma once

#include <chrono>
#include <map>

#include "pipeline/transcribe.h"

namespace verbatim::app {

class SpeedMeter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void Start(TimePoint now) { start_ = now; }

  // Takes one event in and returns the speed since the start. Unit: seconds of audio per second;
  // 0 until anything is finished.
  double Measure(const pipeline::Progress& progress, TimePoint now);

 private:
  TimePoint start_;
  std::map<size_t, SampleTime> positions_;  // of each file
  SampleTime sum_{0};
};

}  // namespace verbatim::app
