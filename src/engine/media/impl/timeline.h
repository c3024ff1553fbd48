// Where each decoded frame lies in the output: decides from the frame's timestamp and from what has
// been written so far whether silence goes in between, or whether there is more sound than time.
// Pure arithmetic; knows no libav. Sound is given up only in small amounts, in pauses if possible,
// so that a clock that runs wrong never costs speech.
#pragma once

#include <cstdint>
#include <optional>

#include "base/sample_time.h"

namespace verbatim::media {

class Timeline {
 public:
  struct Options {
    SampleTime silence_end_max{
        0};  // no silence is made beyond this time, whatever a timestamp says
    bool long_jumps_are_cuts =
        false;  // jumps of more than 10 s join two recordings: no silence (transport streams)
  };

  // Sound that overlaps what has been written: at joints of recordings, or under a slow clock.
  enum class Surplus { kNone, kDropIfQuiet, kDrop };

  struct Placement {
    SampleTime silence{0};         // to write before the frame
    bool is_before_start = false;  // the frame lies before time 0 as a whole: leave it out
    Surplus surplus = Surplus::kNone;
  };

  explicit Timeline(const Options& options) : options_(options) {}

  void set_silence_end_max(SampleTime time) { options_.silence_end_max = time; }

  // Places a frame of `length` with the timestamp `stamp` (none: it follows what came before),
  // where `position` is the end of what has been written. At the start and after damage the gap
  // is filled exactly; otherwise gaps up to 50 ms are left alone.
  Placement Place(std::optional<SampleTime> stamp, SampleTime length, SampleTime position,
                  bool is_after_damage);

  // Told when surplus sound was dropped.
  void NoteDropped(SampleTime length) { dropped_ += length; }

 private:
  Options options_;
  SampleTime shift_{0};     // added to all timestamps since the last one that was not believed
  SampleTime left_out_{0};  // before time 0
  SampleTime dropped_{0};   // as surplus
  std::optional<SampleTime> last_stamp_;
};

// True if the middle of three successive timestamps stands alone: far from both neighbours. None
// counts as far.
bool IsStrayTimestamp(std::optional<SampleTime> before, SampleTime stamp,
                      std::optional<SampleTime> after);

}  // namespace verbatim::media
