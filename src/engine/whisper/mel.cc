#include "whisper/mel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "kernels/spectrum.h"

namespace verbatim::whisper {
namespace {

using kernels::kMelFft;
using kernels::kMelGroup;

constexpr size_t kHop = 160;
constexpr size_t kHalf = kMelFft / 2;  // samples in front of a frame's centre
constexpr size_t kBins = kMelFft / 2 + 1;
constexpr size_t kSampleRateHz = 16000;

constexpr float kSmallest = -10;  // log10 of the least power that counts
constexpr float kRange = 8;       // log10 of the loudest over the faintest power that is kept

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
      const double hertz = static_cast<double>(bin * kSampleRateHz) / static_cast<double>(kMelFft);
      const double height =
          std::min((hertz - left) / (centre - left), (right - hertz) / (right - centre));
      if (height <= 0) continue;
      if (filters[mel].weights.empty()) filters[mel].first_bin = bin;
      filters[mel].weights.push_back(static_cast<float>(height * 2 / (right - left)));
    }
  }
  return filters;
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
  explicit State(size_t mels);

  // Points to the samples of a frame, or to a copy at `edge`, where the window ends within it.
  const float* Frame(std::span<const float> samples, size_t frame,
                     std::array<float, kMelFft>& edge);

  // Writes the logarithms of up to kMelGroup frames to their columns of `mel`; returns the largest.
  float AddGroup(std::span<const float> samples, size_t first, size_t frames, std::span<float> mel);

  const kernels::SpectrumKernels& kernels;
  std::vector<Filter> filters;
  std::vector<kernels::SpectrumBand> bands;  // views of the filters
  kernels::SpectrumTables<kMelFft> tables = kernels::MakeMelTables();
  std::array<std::array<float, kMelFft>, kMelGroup> edges{};
  std::array<float, kBins * kMelGroup> power{};
  std::vector<float> logs;  // [mels][frame of the group]
};

// A choice of kernels that is none was refused when the model was opened.
MelSpectrogram::State::State(size_t mels)
    : kernels(kernels::SpectrumKernelsFor(
          kernels::ChooseInstructionSet().value_or(kernels::InstructionSet::kPlain))),
      filters(MelFilters(mels)),
      logs(mels * kMelGroup) {
  for (const Filter& filter : filters) {
    bands.push_back({filter.first_bin, filter.weights.size(), filter.weights.data()});
  }
}

const float* MelSpectrogram::State::Frame(std::span<const float> samples, size_t frame,
                                          std::array<float, kMelFft>& edge) {
  const auto begin = static_cast<std::ptrdiff_t>(frame * kHop) - static_cast<std::ptrdiff_t>(kHalf);
  if (begin >= 0 && static_cast<size_t>(begin) + kMelFft <= samples.size()) {
    return samples.data() + begin;
  }
  for (size_t i = 0; i < kMelFft; ++i) {
    const size_t at = Mirrored(begin + static_cast<std::ptrdiff_t>(i));
    edge[i] = at < samples.size() ? samples[at] : 0.0F;
  }
  return edge.data();
}

float MelSpectrogram::State::AddGroup(std::span<const float> samples, size_t first, size_t frames,
                                      std::span<float> mel) {
  std::array<const float*, kMelGroup> begins;
  begins.fill(nullptr);
  for (size_t i = 0; i < frames; ++i) begins[i] = Frame(samples, first + i, edges[i]);
  // Lanes beyond the last frame repeat it.
  std::fill(begins.begin() + static_cast<std::ptrdiff_t>(frames), begins.end(), begins[frames - 1]);
  kernels.mel_power(tables, begins.data(), power.data());
  kernels.band_logs(bands.data(), bands.size(), power.data(), logs.data());
  for (size_t row = 0; row < bands.size(); ++row) {
    std::copy_n(logs.begin() + static_cast<std::ptrdiff_t>(row * kMelGroup), frames,
                mel.begin() + static_cast<std::ptrdiff_t>(row * kMelFrames + first));
  }
  // A maximum for each lane, so that the comparisons do not wait for each other.
  std::array<float, kMelGroup> largest;
  largest.fill(kSmallest);
  for (size_t i = 0; i < logs.size(); i += kMelGroup) {
    for (size_t lane = 0; lane < kMelGroup; ++lane) {
      largest[lane] = logs[i + lane] > largest[lane] ? logs[i + lane] : largest[lane];
    }
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
  float largest = kSmallest;
  for (size_t first = 0; first < audio_frames; first += kMelGroup) {
    const size_t frames = std::min(kMelGroup, audio_frames - first);
    largest = std::max(largest, state.AddGroup(samples, first, frames, mel));
  }
  const float smallest = largest - kRange;
  const float padding = (std::max(kSmallest, smallest) + 4) / 4;
  for (size_t row = 0; row < mels; ++row) {
    const std::span<float> values = mel.subspan(row * kMelFrames, kMelFrames);
    for (float& value : values.first(audio_frames)) {
      value = ((value > smallest ? value : smallest) + 4) / 4;
    }
    std::ranges::fill(values.subspan(audio_frames), padding);
  }
}

}  // namespace verbatim::whisper
