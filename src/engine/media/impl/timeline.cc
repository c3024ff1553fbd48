#include "media/impl/timeline.h"

#include <algorithm>
#include <chrono>

namespace verbatim::media {
namespace {

using std::chrono::abs;

constexpr SampleTime kGapMin =
    std::chrono::milliseconds(50);  // below, drift and rounding of containers
constexpr SampleTime kExactGapMin = std::chrono::milliseconds(1);  // where no sound is torn apart
constexpr SampleTime kRestart = std::chrono::seconds(2);  // further back than this, time began anew
constexpr SampleTime kSurplusMin = std::chrono::milliseconds(50);
constexpr SampleTime kSurplusMax = std::chrono::milliseconds(300);  // beyond, it need not be quiet
constexpr int kDropShare = 50;  // at most 2 % of what has been written is given up
constexpr SampleTime kLongJump = std::chrono::seconds(10);
constexpr SampleTime kLeftOutMax = std::chrono::seconds(1);

}  // namespace

Timeline::Placement Timeline::Place(std::optional<SampleTime> stamp, SampleTime length,
                                    SampleTime position, bool is_after_damage) {
  if (!stamp || stamp == last_stamp_) return {};  // a clock that stands still says nothing
  last_stamp_ = stamp;
  const SampleTime begin = *stamp + shift_;
  const bool is_start = position == SampleTime{0};
  if (is_start && begin + length <= SampleTime{0} && left_out_ + length <= kLeftOutMax) {
    left_out_ += length;
    return {.is_before_start = true};
  }
  const SampleTime ahead = begin - position;
  const bool is_restart = ahead < -kRestart;
  const bool is_cut = options_.long_jumps_are_cuts && ahead > kLongJump && !is_start;
  const bool is_absurd = ahead > kGapMin && begin > options_.silence_end_max;
  if (is_restart || is_cut || is_absurd) {
    shift_ -= ahead;
    return {};
  }
  const SampleTime surplus = -ahead;
  if (surplus > kSurplusMin && surplus >= length && dropped_ + length <= position / kDropShare) {
    return {.surplus = surplus > kSurplusMax ? Surplus::kDrop : Surplus::kDropIfQuiet};
  }
  if (ahead <= (is_after_damage || is_start ? kExactGapMin : kGapMin)) return {};
  return {.silence = ahead};
}

bool IsStrayTimestamp(std::optional<SampleTime> before, SampleTime stamp,
                      std::optional<SampleTime> after) {
  const auto is_far = [stamp](std::optional<SampleTime> other) {
    return !other || abs(*other - stamp) > kLongJump;
  };
  return is_far(before) && is_far(after);
}

}  // namespace verbatim::media
