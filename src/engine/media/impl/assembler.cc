#include "media/impl/assembler.h"

#include <algorithm>
#include <cmath>

namespace verbatim::media {
namespace {

SampleTime LengthOf(int64_t samples, int rate) {
  return SampleTime{av_rescale(samples, kSampleRate, rate)};
}

}  // namespace

SampleTime Assembler::position() const { return run_begin_ + LengthOf(run_samples_, run_rate_); }

Result<SampleTime> Assembler::Add(AVFrame& frame, std::optional<SampleTime> stamp,
                                  bool is_after_damage) {
  if (frame.nb_samples <= 0) return position();
  if (!resampler_.Accepts(frame)) {
    TRY_VOID(Flush());
    TRY_VOID(resampler_.Configure(frame));
    run_rate_ = frame.sample_rate;
  }
  const SampleTime length = LengthOf(frame.nb_samples, frame.sample_rate);
  const Timeline::Placement placement = timeline_.Place(stamp, length, position(), is_after_damage);
  if (placement.is_before_start) return SampleTime{0};
  if (placement.silence > SampleTime{0}) {
    const SampleTime begin = position() + placement.silence;
    TRY_VOID(Flush());
    queue_.AppendSilence(begin - queue_.end());
    run_begin_ = queue_.end();
  }
  const SampleTime begin = position();
  Append(TRY(resampler_.Convert(frame)), placement.surplus);
  run_samples_ += frame.nb_samples;
  return begin;
}

Result<void> Assembler::Finish() { return Flush(); }

Result<void> Assembler::Flush() {
  if (run_samples_ > 0) Append(TRY(resampler_.Drain()));
  // Of a run shorter than the filter nothing may have come out.
  queue_.AppendSilence(position() - queue_.end());
  run_begin_ = queue_.end();
  run_samples_ = 0;
  return {};
}

void Assembler::Append(Resampler::Planes planes, Timeline::Surplus surplus) {
  if (!planes.right.empty()) downmix_.Mix(planes.left, planes.right);
  for (float& sample : planes.left) sample = std::clamp(sample, -1.0F, 1.0F);
  const bool is_quiet = IsQuiet(planes.left);
  using enum Timeline::Surplus;
  if (surplus == kDrop || (surplus == kDropIfQuiet && is_quiet)) {
    const SampleTime length{std::ssize(planes.left)};
    timeline_.NoteDropped(length);
    run_begin_ -= length;  // the run goes on, shorter by this
    return;
  }
  queue_.Append(planes.left);
}

bool Assembler::IsQuiet(std::span<const float> samples) {
  constexpr float kFading = 0.995F;  // per frame: half in about 3 s
  constexpr float kQuietShare = 0.1F;
  float peak = 0;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  loudness_ = std::max(peak, loudness_ * kFading);
  return peak <= kQuietShare * loudness_;
}

}  // namespace verbatim::media
