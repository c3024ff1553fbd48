// The list of damaged stretches: in order, neighbours with one reason joined, and of bounded
// length.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/sample_time.h"
#include "media/audio_reader.h"
#include "media/impl/limits.h"

namespace verbatim::media {

class DamageLog {
 public:
  static constexpr size_t kEntriesMax = kDamagesMax;
  static constexpr SampleTime kLengthMin = std::chrono::milliseconds(1);
  static constexpr SampleTime kJoin = std::chrono::milliseconds(100);

  const std::vector<AudioReader::Damage>& entries() const { return entries_; }

  // Stretches under a millisecond are not worth an entry. `begin` is not before the begin of the
  // last entry. Past the limit the last entry grows over what follows.
  void Add(SampleTime begin, SampleTime end, std::string_view reason) {
    if (end - begin < kLengthMin) return;
    if (!entries_.empty()) {
      AudioReader::Damage& last = entries_.back();
      const bool is_neighbour = begin <= last.end + kJoin && reason == last.reason;
      if (is_neighbour || entries_.size() == kEntriesMax) {
        last.end = std::max(last.end, end);
        return;
      }
    }
    entries_.push_back({begin, end, std::string(reason)});
  }

 private:
  std::vector<AudioReader::Damage> entries_;
};

}  // namespace verbatim::media
