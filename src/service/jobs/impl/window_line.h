// Windows arrive in any order, text is told in order: what has come early waits here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/window_result.h"
#include "transcript/transcript.h"

namespace verbatim::jobs {

class WindowLine {
 public:
  // Takes a window; returns the segments that are now next in line.
  std::vector<transcript::Segment> Deliver(const pipeline::WindowResult& result);

  // Segments returned so far: the index of the next one.
  int64_t segments() const { return segments_; }
  // The end of the last window in line.
  SampleTime position() const { return position_; }
  // Of the first window in line; empty before it.
  const std::string& language() const { return language_; }

 private:
  std::map<int64_t, pipeline::WindowResult> early_;
  int64_t next_ = 0;
  int64_t segments_ = 0;
  SampleTime position_{0};
  std::string language_;
};

}  // namespace verbatim::jobs
