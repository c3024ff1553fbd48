#include "split/audio_history.h"

#include <algorithm>

#include "base/check.h"

namespace verbatim::split {

void AudioHistory::Append(std::span<const float> samples) {
  samples_.insert(samples_.end(), samples.begin(), samples.end());
}

void AudioHistory::ForgetBefore(SampleTime time) {
  const SampleTime until = std::min(time, end());
  if (until <= begin_) return;
  front_ += static_cast<size_t>((until - begin_).count());
  begin_ = until;
  // Moving what is held costs no more than what was forgotten since the last move.
  if (front_ < samples_.size() - front_) return;
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(front_));
  front_ = 0;
}

std::vector<float> AudioHistory::Cut(const Window& window) const {
  std::vector<float> audio;
  audio.reserve(static_cast<size_t>(window.length().count()));
  for (const vad::SpeechSegment& segment : window.segments) {
    CHECK(segment.begin >= begin_ && segment.begin <= segment.end && segment.end <= end());
    const auto first = samples_.begin() + static_cast<std::ptrdiff_t>(front_);
    audio.insert(audio.end(), first + (segment.begin - begin_).count(),
                 first + (segment.end - begin_).count());
  }
  return audio;
}

}  // namespace verbatim::split
