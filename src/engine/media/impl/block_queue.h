// Collects samples and silence of any length and hands them out as blocks. Silence costs no memory
// until its block is made, so an hour of it is as cheap as a second.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/sample_time.h"
#include "media/audio_reader.h"

namespace verbatim::media {

class BlockQueue {
 public:
  static constexpr int64_t kBlockSamples = 16000;

  // The time after the last sample that was appended.
  SampleTime end() const { return SampleTime{appended_}; }
  bool has_block() const { return appended_ - taken_ >= kBlockSamples; }

  void Append(std::span<const float> samples) {
    if (samples.empty()) return;
    appended_ += static_cast<int64_t>(samples.size());
    // Pieces stay short, so that what is taken is also freed.
    const bool is_open = !pieces_.empty() && pieces_.back().silence == 0 &&
                         pieces_.back().sound.size() < static_cast<size_t>(kBlockSamples);
    if (!is_open) pieces_.emplace_back();
    auto& sound = pieces_.back().sound;
    sound.insert(sound.end(), samples.begin(), samples.end());
  }

  void AppendSilence(SampleTime length) {
    if (length <= SampleTime{0}) return;
    appended_ += length.count();
    pieces_.push_back({.sound = {}, .used = 0, .silence = length.count()});
  }

  // The next block of 16,000 samples; a shorter one only if the queue holds no more; nothing if it
  // is empty.
  std::optional<PcmBlock> Take() {
    if (taken_ == appended_) return std::nullopt;
    PcmBlock block{.begin = SampleTime{taken_}, .samples = {}};
    const int64_t size = std::min(kBlockSamples, appended_ - taken_);
    block.samples.reserve(static_cast<size_t>(size));
    while (static_cast<int64_t>(block.samples.size()) < size) {
      TakeFromFront(block.samples, static_cast<size_t>(size) - block.samples.size());
    }
    taken_ += size;
    return block;
  }

 private:
  struct Piece {
    std::vector<float> sound;
    size_t used = 0;      // samples of `sound` already taken
    int64_t silence = 0;  // samples; a piece is either sound or silence
  };

  void TakeFromFront(std::vector<float>& samples, size_t count_max) {
    Piece& front = pieces_.front();
    if (front.silence > 0) {
      const int64_t count = std::min(front.silence, static_cast<int64_t>(count_max));
      samples.insert(samples.end(), static_cast<size_t>(count), 0.0F);
      front.silence -= count;
      if (front.silence == 0) pieces_.pop_front();
      return;
    }
    const size_t count = std::min(front.sound.size() - front.used, count_max);
    const auto begin = front.sound.begin() + static_cast<std::ptrdiff_t>(front.used);
    samples.insert(samples.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
    front.used += count;
    if (front.used == front.sound.size()) pieces_.pop_front();
  }

  std::deque<Piece> pieces_;
  int64_t appended_ = 0;
  int64_t taken_ = 0;
};

}  // namespace verbatim::media
