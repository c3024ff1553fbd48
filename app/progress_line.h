// The text of the live progress line. Pure: state in, line out.
#pragma once

#include <cstdint>
#include <string>

#include "base/sample_time.h"
#include "models/models.h"

namespace verbatim::app {

struct LineStyle {
  int columns = 80;      // of the terminal
  bool has_utf8 = true;  // whether it shows more than ASCII
};

struct ProgressState {
  std::string name;     // of the file, or "[2/5] name"
  double position = 0;  // seconds of audio finished
  double duration = 0;  // seconds; 0 = unknown
  double share = 0;     // 0..1
  double speed = 0;     // seconds of audio per second; 0 = not known yet
};

// "talk.mp4  [████    ]  45 %  5:21 / 12:00  98 x  ETA 0:04", one column short of the terminal at
// most; on a narrow one the bar goes first, then the name is cut.
std::string ProgressLine(const ProgressState& state, const LineStyle& style);

// "base: model.bin  [██   ]  30 %  43.5 MB / 145.2 MB".
std::string PullLine(const std::string& model, const models::PullProgress& progress,
                     const LineStyle& style);

// "copying files  [██   ]  30 %  43.5 MB / 145.2 MB". Unit: bytes; total 0 = unknown.
std::string ByteLine(const std::string& name, uint64_t done_bytes, uint64_t total_bytes,
                     const LineStyle& style);

// Unit: seconds of work left; negative if it can't be told.
double SecondsLeft(const ProgressState& state);

}  // namespace verbatim::app
