// The stretches of a stream's audio that windows may still need: grows at the end, is forgotten at
// the front and in the pauses between the segments of an open window, so hours of silence cost
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/sample_time.h"
#include "split/window_planner.h"

namespace verbatim::split {

// The audio of one stream, in blocks of half a second.
class AudioHistory {
 public:
  // Adds audio that follows what is there.
  void Append(std::span<const float> samples);

  // Drops everything before `time`.
  void ForgetBefore(SampleTime time);

  // Drops the whole blocks between two times. `from` never runs backwards from call to call.
  void ForgetBetween(SampleTime from, SampleTime until);

  // The audio of a window: its segments one after the other.
  // Shape: [window.length()]. The window must lie within what is held: a CHECK.
  std::vector<float> Cut(const Window& window) const;

  SampleTime begin() const { return begin_; }
  SampleTime end() const { return end_; }

  // What is held in memory. Unit: samples.
  size_t held() const;

 private:
  static constexpr int64_t kBlock = 8000;

  std::deque<std::vector<float>> blocks_;  // a dropped one is empty
  int64_t first_block_ = 0;                // place of blocks_.front() in the stream
  int64_t dropped_to_ = 0;                 // ForgetBetween has seen the blocks before this one
  SampleTime begin_{0};
  SampleTime end_{0};
};

}  // namespace verbatim::split
