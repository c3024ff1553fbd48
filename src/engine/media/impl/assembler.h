// Decoded frames in, blocks of 16 kHz mono out: resampling, mixing down, and silence where the
// timestamps leave gaps.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/sample_time.h"
#include "media/audio_reader.h"
#include "media/impl/block_queue.h"
#include "media/impl/downmix.h"
#include "media/impl/resampler.h"
#include "media/impl/timeline.h"

namespace verbatim::media {

class Assembler {
 public:
  explicit Assembler(const Timeline::Options& options) : timeline_(options) {}

  // For the frames to come.
  void set_silence_end_max(SampleTime time) { timeline_.set_silence_end_max(time); }

  // The time at which the next frame would begin if it follows without a gap.
  SampleTime position() const;

  // Adds a frame; its samples may be changed in place. Returns the time at which it begins.
  // Errors: kCorruptMedia, kUnsupportedMedia: the frame cannot be used, and is left out.
  Result<SampleTime> Add(AVFrame& frame, std::optional<SampleTime> stamp, bool is_after_damage);

  // After the last frame: what is still in the filter.
  Result<void> Finish();

  bool has_block() const { return queue_.has_block(); }
  std::optional<PcmBlock> Take() { return queue_.Take(); }

 private:
  Result<void> Flush();
  void Append(Resampler::Planes planes, Timeline::Surplus surplus = Timeline::Surplus::kNone);
  bool IsQuiet(std::span<const float> samples);

  Timeline timeline_;
  Resampler resampler_;
  Downmix downmix_;
  BlockQueue queue_;
  SampleTime run_begin_{
      0};  // a run is a stretch of frames that goes through the filter without a break
  int64_t run_samples_ = 0;  // at the rate of the file
  float loudness_ = 0;       // the peaks of late, slowly fading
  int run_rate_ = static_cast<int>(kSampleRate);
};

}  // namespace verbatim::media
