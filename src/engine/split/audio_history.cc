#include "split/audio_history.h"

#include <algorithm>

#include "base/check.h"

namespace verbatim::split {

void AudioHistory::Append(std::span<const float> samples) {
  while (!samples.empty()) {
    if (end_.count() % kBlock == 0) {
      blocks_.emplace_back();
      blocks_.back().reserve(kBlock);
    }
    const auto room = static_cast<size_t>(kBlock - end_.count() % kBlock);
    const std::span<const float> part = samples.first(std::min(room, samples.size()));
    blocks_.back().insert(blocks_.back().end(), part.begin(), part.end());
    end_ += SampleTime{static_cast<int64_t>(part.size())};
    samples = samples.subspan(part.size());
  }
}

void AudioHistory::ForgetBefore(SampleTime time) {
  begin_ = std::max(begin_, std::min(time, end_));
  while (!blocks_.empty() && (first_block_ + 1) * kBlock <= begin_.count()) {
    blocks_.pop_front();
    ++first_block_;
  }
}

void AudioHistory::ForgetBetween(SampleTime from, SampleTime until) {
  const int64_t last = std::min(until, end_).count() / kBlock;
  const int64_t first = (from.count() + kBlock - 1) / kBlock;
  for (int64_t block = std::max({first, dropped_to_, first_block_}); block < last; ++block) {
    // Not `= {}`, which keeps the memory.
    blocks_[static_cast<size_t>(block - first_block_)] = std::vector<float>();
    dropped_to_ = block + 1;
  }
}

std::vector<float> AudioHistory::Cut(const Window& window) const {
  std::vector<float> audio;
  audio.reserve(static_cast<size_t>(window.length().count()));
  for (const vad::SpeechSegment& segment : window.segments) {
    CHECK(segment.begin >= begin_ && segment.begin <= segment.end && segment.end <= end_);
    for (int64_t at = segment.begin.count(); at < segment.end.count();) {
      const std::vector<float>& block = blocks_[static_cast<size_t>(at / kBlock - first_block_)];
      const int64_t end = std::min(segment.end.count(), (at / kBlock + 1) * kBlock);
      const std::ptrdiff_t offset = at % kBlock;
      CHECK(static_cast<int64_t>(block.size()) >= offset + end - at);
      audio.insert(audio.end(), block.begin() + offset, block.begin() + offset + (end - at));
      at = end;
    }
  }
  return audio;
}

size_t AudioHistory::held() const {
  size_t held = 0;
  for (const std::vector<float>& block : blocks_) held += block.capacity();
  return held;
}

}  // namespace verbatim::split
