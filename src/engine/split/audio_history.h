// The stretch of a stream's audio that windows may still need: grows at the end, is forgotten at
// the front.
#pragma once

#include <span>
#include <vector>

#include "base/sample_time.h"
#include "split/window_planner.h"

namespace verbatim::split {

class AudioHistory {
 public:
  // Adds audio that follows what is there.
  void Append(std::span<const float> samples);

  // Drops everything before `time`.
  void ForgetBefore(SampleTime time);

  // The audio of a window: its segments one after the other.
  // Shape: [window.length()]. The window must lie within what is held: a CHECK.
  std::vector<float> Cut(const Window& window) const;

  SampleTime begin() const { return begin_; }
  SampleTime end() const {
    return begin_ + SampleTime{static_cast<int64_t>(samples_.size() - front_)};
  }

 private:
  SampleTime begin_{0};
  size_t front_ = 0;  // dropped samples still at the front of the vector
  std::vector<float> samples_;
};

}  // namespace verbatim::split
