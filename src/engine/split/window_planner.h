// Speech segments -> windows for the encoder. Segments are packed, silence between them left out,
// into windows of at most the target length; a segment is never divided here (vad/segmenter keeps
// each below 30 s). The plan depends on the audio and the options alone, so workers, batches and a
// resume never change the text.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/sample_time.h"
#include "vad/segmenter.h"

namespace verbatim::split {

// One unit of encoding, fixed once planned.
struct Window {
  int64_t index = 0;                         // 0, 1, 2 ... within the file
  std::vector<vad::SpeechSegment> segments;  // in order, at least one

  // The audio it holds, silence left out.
  SampleTime length() const;
  SampleTime begin() const { return segments.front().begin; }
  SampleTime end() const { return segments.back().end; }

  // Turns a time within the window (0 .. length) into the file's time. A time on the joint of two
  // segments belongs to the earlier one if `is_end`, to the later one otherwise. Times out of range
  // are clamped.
  SampleTime ToFileTime(SampleTime in_window, bool is_end) const;
};

// What is known of the media when the job starts; 0 = unknown.
struct MediaTraits {
  SampleTime duration{0};
  uint64_t size_bytes = 0;
};

// What the plan may use. Decided once, when the job starts, and stored with it.
struct SplitPlan {
  SampleTime window_target = kWindowLengthMax;  // 5 to 30 s
  SampleTime gap_keep{0};  // pauses up to this length stay in the window: they cost room but keep
                           // the rhythm of speech
};

// Chooses the plan from the media and the memory free at the start. A pure function.
// Unit: memory_free_bytes, 0 = unknown.
SplitPlan PlanSplit(const MediaTraits& media, uint64_t memory_free_bytes);

class WindowPlanner {
 public:
  explicit WindowPlanner(const SplitPlan& plan);

  // Takes the next segment; returns a window if the segment did not fit in the open one.
  std::optional<Window> Push(const vad::SpeechSegment& segment);

  // The last window, if any.
  std::optional<Window> Finish();

  // Audio before this time is in no window still to come. Without an open window: nothing is known,
  // returns none.
  std::optional<SampleTime> open_since() const;

  // Where the open window's speech ends so far. A pause behind it that is longer than the plan's
  // gap_keep will be in no window.
  std::optional<SampleTime> open_until() const;

 private:
  SplitPlan plan_;
  int64_t next_index_ = 0;
  std::vector<vad::SpeechSegment> open_;
  SampleTime open_length_{0};
};

}  // namespace verbatim::split
