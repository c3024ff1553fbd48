#include "whisper/mel.h"

#include <kissfft/kiss_fftr.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "base/check.h"

namespace verbatim::whisper {
namespace {

constexpr size_t kFft = 400;
constexpr size_t kHop = 160;
constexpr size_t kHalf = kFft / 2;  // samples in front of a frame's centre
constexpr size_t kBins = kFft / 2 + 1;
constexpr size_t kSampleRateHz = 16000;
constexpr size_t kGroup =
    16;  // frames worked on together, so that the inner loops run over neighbours

constexpr float kPowerMin = 1e-10F;
constexpr float kRange = 8;  // log10 of the loudest over the faintest power that is kept

// Slaney's mel scale: linear below 1 kHz, logarithmic above.
constexpr double kHertzPerMel = 200.0 / 3;
constexpr double kLogBegin = 1000.0;
constexpr double kLogBeginMel = kLogBegin / kHertzPerMel;
const double kLogStep = std::log(6.4) / 27;

double HertzToMel(double hertz) {
  if (hertz < kLogBegin) return hertz / kHertzPerMel;
  return kLogBeginMel + std::log(hertz / kLogBegin) / kLogStep;
}

double MelToHertz(double mel) {
  if (mel < kLogBeginMel) return mel * kHertzPerMel;
  return kLogBegin * std::exp((mel - kLogBeginMel) * kLogStep);
}

// A triangle over neighbouring bins.
struct Filter {
  size_t first_bin = 0;
  std::vector<float> weights;
};

// Triangles that meet at equal steps of the mel scale from 0 to 8 kHz, each with the area 1 over
// hertz.
std::vector<Filter> MelFilters(size_t mels) {
  const double step = HertzToMel(kSampleRateHz / 2.0) / static_cast<double>(mels + 1);
  std::vector<Filter> filters(mels);
  for (size_t mel = 0; mel < mels; ++mel) {
    const double left = MelToHertz(step * static_cast<double>(mel));
    const double centre = MelToHertz(step * static_cast<double>(mel + 1));
    const double right = MelToHertz(step * static_cast<double>(mel + 2));
    for (size_t bin = 0; bin < kBins; ++bin) {
      const double hertz = static_cast<double>(bin * kSampleRateHz) / static_cast<double>(kFft);
      const double height =
          std::min((hertz - left) / (centre - left), (right - hertz) / (right - centre));
      if (height <= 0) continue;
      if (filters[mel].weights.empty()) filters[mel].first_bin = bin;
      filters[mel].weights.push_back(static_cast<float>(height * 2 / (right - left)));
    }
  }
  return filters;
}

std::array<float, kFft> HannWindow() {
  std::array<float, kFft> window{};
  for (size_t i = 0; i < kFft; ++i) {
    const double turn = static_cast<double>(i) / static_cast<double>(kFft);
    window[i] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * turn));
  }
  return window;
}

// log10 of a normal positive number, to about 1e-7: the exponent, and an odd series in (m - 1) / (m
// + 1) for the mantissa m in [sqrt(1/2), sqrt(2)). In this form the loop over many values is one of
// vectors.
inline float Log10(float value) {
  constexpr uint32_t kRootHalf = 0x3f3504f3;  // sqrt(1/2) as bits
  const uint32_t bits = std::bit_cast<uint32_t>(value) - kRootHalf;
  const int32_t exponent = static_cast<int32_t>(bits) >> 23;
  const float mantissa = std::bit_cast<float>((bits & 0x7fffff) + kRootHalf);
  const float ratio = (mantissa - 1) / (mantissa + 1);
  const float square = ratio * ratio;
  float sum = square * (1.0F / 9) + 1.0F / 7;
  sum = sum * square + 1.0F / 5;
  sum = sum * square + 1.0F / 3;
  sum = (sum * square + 1) * ratio;
  return static_cast<float>(exponent) * 0.301029996F + sum * 0.868588964F;
}

// Where a sample lies once the window's ends are mirrored (the outermost sample is not repeated).
size_t Mirrored(std::ptrdiff_t position) {
  constexpr std::ptrdiff_t kLast = kWindowSamples - 1;
  const std::ptrdiff_t folded = position < 0 ? -position : position;
  return static_cast<size_t>(folded <= kLast ? folded : 2 * kLast - folded);
}

// The first frame that sees nothing but padding, and with it all that follow; at the end the mirror
// shows what lies before, which is padding too, unless nearly all of the window is audio.
size_t AudioFrames(size_t samples) {
  if (samples + kHalf >= kWindowSamples) return kMelFrames;
  return samples == 0 ? 0 : std::min((samples + kHalf - 1) / kHop + 1, kMelFrames);
}

}  // namespace

struct MelSpectrogram::State {
  explicit State(size_t mels)
      : filters(MelFilters(mels)),
        fft(kiss_fftr_alloc(kFft, 0, nullptr, nullptr), &kiss_fftr_free) {
    CHECK(fft != nullptr);
  }

  // Fills column `lane` of `power` with the power spectrum of one frame.
  void Transform(std::span<const float> samples, size_t frame, size_t lane);

  // Filters the group's spectra into `frames` columns of the rows of `mel`; returns the largest
  // logarithm.
  float Filtered(size_t first_frame, size_t frames, std::span<float> mel) const;

  std::vector<Filter> filters;
  std::unique_ptr<kiss_fftr_state, decltype(&kiss_fftr_free)> fft;
  std::array<float, kFft> window = HannWindow();
  std::array<float, kFft> frame_samples{};
  std::array<kiss_fft_cpx, kBins> spectrum{};
  std::array<std::array<float, kGroup>, kBins> power{};  // [bin][frame of the group]
};

void MelSpectrogram::State::Transform(std::span<const float> samples, size_t frame, size_t lane) {
  const auto begin = static_cast<std::ptrdiff_t>(frame * kHop) - static_cast<std::ptrdiff_t>(kHalf);
  if (begin >= 0 && static_cast<size_t>(begin) + kFft <= samples.size()) {
    const float* from = samples.data() + begin;
    for (size_t i = 0; i < kFft; ++i) frame_samples[i] = from[i] * window[i];
  } else {
    for (size_t i = 0; i < kFft; ++i) {
      const size_t at = Mirrored(begin + static_cast<std::ptrdiff_t>(i));
      frame_samples[i] = at < samples.size() ? samples[at] * window[i] : 0.0F;
    }
  }
  kiss_fftr(fft.get(), frame_samples.data(), spectrum.data());
  for (size_t bin = 0; bin < kBins; ++bin) {
    power[bin][lane] = spectrum[bin].r * spectrum[bin].r + spectrum[bin].i * spectrum[bin].i;
  }
}

float MelSpectrogram::State::Filtered(size_t first_frame, size_t frames,
                                      std::span<float> mel) const {
  std::array<float, kGroup> largest;
  largest.fill(Log10(kPowerMin));
  for (size_t row = 0; row < filters.size(); ++row) {
    std::array<float, kGroup> sums{};
    for (size_t i = 0; i < filters[row].weights.size(); ++i) {
      const float weight = filters[row].weights[i];
      const auto& bin = power[filters[row].first_bin + i];
      for (size_t lane = 0; lane < kGroup; ++lane) sums[lane] += weight * bin[lane];
    }
    for (size_t lane = 0; lane < kGroup; ++lane) {
      sums[lane] = Log10(sums[lane] > kPowerMin ? sums[lane] : kPowerMin);
      largest[lane] = largest[lane] > sums[lane] ? largest[lane] : sums[lane];
    }
    std::copy_n(sums.begin(), frames,
                mel.begin() + static_cast<std::ptrdiff_t>(row * kMelFrames + first_frame));
  }
  return *std::ranges::max_element(largest);
}

MelSpectrogram::MelSpectrogram(size_t mels) : state_(std::make_unique<State>(mels)) {}
MelSpectrogram::~MelSpectrogram() = default;
MelSpectrogram::MelSpectrogram(MelSpectrogram&&) noexcept = default;
MelSpectrogram& MelSpectrogram::operator=(MelSpectrogram&&) noexcept = default;

void MelSpectrogram::Compute(std::span<const float> samples, std::span<float> mel) {
  State& state = *state_;
  const size_t mels = state.filters.size();
  CHECK(samples.size() <= kWindowSamples && mel.size() == mels * kMelFrames);
  const size_t audio_frames = AudioFrames(samples.size());
  float largest = Log10(kPowerMin);
  for (size_t first = 0; first < audio_frames; first += kGroup) {
    const size_t frames = std::min(kGroup, audio_frames - first);
    // Lanes beyond the last frame repeat it, so that they hold nothing of the group before.
    for (size_t lane = 0; lane < kGroup; ++lane) {
      if (lane < frames) {
        state.Transform(samples, first + lane, lane);
      } else {
        for (auto& bin : state.power) bin[lane] = bin[frames - 1];
      }
    }
    largest = std::max(largest, state.Filtered(first, frames, mel));
  }
  const float smallest = largest - kRange;
  const float padding = (std::max(Log10(kPowerMin), smallest) + 4) / 4;
  for (size_t row = 0; row < mels; ++row) {
    const std::span<float> values = mel.subspan(row * kMelFrames, kMelFrames);
    for (float& value : values.first(audio_frames)) {
      value = ((value > smallest ? value : smallest) + 4) / 4;
    }
    std::ranges::fill(values.subspan(audio_frames), padding);
  }
}

}  // namespace verbatim::whisper
