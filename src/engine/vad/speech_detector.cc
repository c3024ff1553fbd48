#include "vad/speech_detector.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "kernels/spectrum.h"
#include "vad/impl/silero_forward.h"
#include "vad/safetensors.h"

extern "C" {
extern const std::byte verbatim_silero_weights_begin[];
extern const std::byte verbatim_silero_weights_end[];
}

namespace verbatim::vad {

using kernels::kVadFft;
static_assert(kernels::kVadGroup == kVadFrames);

class SileroModel {
 public:
  SileroWeights weights{};
};

namespace {

// Resampled audio may overshoot 1 a little and is taken as it is; what lies far beyond is broken.
constexpr float kLoudest = 16.0F;

// What is fainter counts as nothing, so that no product of it becomes a denormal, which is slow.
constexpr float kFaintest = 1e-12F;

// What a convolution's weights look like in the file, [outputs][inputs][taps], and how they are
// wanted here.
struct Layout {
  size_t outputs = 0;
  size_t inputs = 0;
  size_t taps = 1;
  size_t tile = kVadTile;
};

// [outputs][inputs][taps] -> [tile][inputs][taps][output in tile].
void Transpose(const Layout& layout, std::span<const float> from, std::span<float> to) {
  for (size_t output = 0; output < layout.outputs; ++output) {
    const size_t tile = output / layout.tile;
    for (size_t i = 0; i < layout.inputs * layout.taps; ++i) {
      to[(tile * layout.inputs * layout.taps + i) * layout.tile + output % layout.tile] =
          from[output * layout.inputs * layout.taps + i];
    }
  }
}

// One tap of [outputs][inputs][taps] -> [inputs][outputs].
void TransposeTap(const Layout& layout, size_t tap, std::span<const float> from,
                  std::span<float> to) {
  for (size_t output = 0; output < layout.outputs; ++output) {
    for (size_t input = 0; input < layout.inputs; ++input) {
      to[input * layout.outputs + output] =
          from[(output * layout.inputs + input) * layout.taps + tap];
    }
  }
}

Result<std::vector<float>> Floats(const Safetensors& file, std::string_view name,
                                  std::initializer_list<size_t> shape) {
  return file.Floats(name, std::span(shape.begin(), shape.size()));
}

Result<void> ReadBias(const Safetensors& file, std::string_view name, std::span<float> to) {
  const std::vector<float> values = TRY(Floats(file, name, {to.size()}));
  std::ranges::copy(values, to.begin());
  return {};
}

// The first layer is a Fourier transform of frames under a Hann window; so it is computed as one,
// not with these weights.
Result<void> CheckSpectrum(const Safetensors& file) {
  constexpr float kDifferenceMax = 1e-6F;
  const auto weights = TRY(Floats(file, "stft_conv.weight", {2 * kVadBins, 1, kVadFft}));
  const auto tables = kernels::MakeVadTables();
  for (size_t i = 0; i < weights.size(); ++i) {
    const size_t row = i / kVadFft;
    const size_t sample = i % kVadFft;
    const bool is_sine = row >= kVadBins;
    const size_t turn = (is_sine ? row - kVadBins : row) * sample % kVadFft;
    const float expected = tables.window[sample] * tables.turns[turn][is_sine ? 1 : 0];
    if (!(std::abs(weights[i] - expected) <= kDifferenceMax))
      return Fail(ErrorCode::kCorruptModel, "the speech detector's first layer is no spectrum");
  }
  return {};
}

Result<void> ReadConvolutions(const Safetensors& file, SileroWeights& to) {
  constexpr size_t kWide = kVadWidth;
  constexpr size_t kNarrow = kVadNarrow;
  constexpr size_t kNarrowSquare = kNarrow * kNarrow;
  TRY_VOID(CheckSpectrum(file));
  const auto first = TRY(Floats(file, "conv1.weight", {kWide, kVadBins, 3}));
  Transpose({kWide, kVadBins, 3}, first, to.first);
  const auto second = TRY(Floats(file, "conv2.weight", {kNarrow, kWide, 3}));
  Transpose({kNarrow, kWide, 3}, second, to.second);
  // Of the third layer, stride 2 over two frames, only the taps on true frames are left; of the
  // fourth, over one frame, only the middle one.
  const auto third = TRY(Floats(file, "conv3.weight", {kNarrow, kNarrow, 3}));
  const std::span<float> third_to(to.third);
  TransposeTap({kNarrow, kNarrow, 3}, 1, third, third_to.first(kNarrowSquare));
  TransposeTap({kNarrow, kNarrow, 3}, 2, third, third_to.last(kNarrowSquare));
  const auto fourth = TRY(Floats(file, "conv4.weight", {kWide, kNarrow, 3}));
  TransposeTap({kWide, kNarrow, 3}, 1, fourth, to.fourth);
  TRY_VOID(ReadBias(file, "conv1.bias", to.first_bias));
  TRY_VOID(ReadBias(file, "conv2.bias", to.second_bias));
  TRY_VOID(ReadBias(file, "conv3.bias", to.third_bias));
  return ReadBias(file, "conv4.bias", to.fourth_bias);
}

Result<void> ReadLstm(const Safetensors& file, SileroWeights& to) {
  constexpr size_t kSquare = kVadWidth * kVadWidth;
  const auto input = TRY(Floats(file, "lstm_cell.weight_ih", {kVadGates, kVadWidth}));
  const auto hidden = TRY(Floats(file, "lstm_cell.weight_hh", {kVadGates, kVadWidth}));
  for (size_t gate = 0; gate < 4; ++gate) {
    const std::span<float> gate_to = std::span(to.gates).subspan(gate * 2 * kSquare, 2 * kSquare);
    const Layout layout{kVadWidth, kVadWidth, 1};
    TransposeTap(layout, 0, std::span(input).subspan(gate * kSquare, kSquare),
                 gate_to.first(kSquare));
    TransposeTap(layout, 0, std::span(hidden).subspan(gate * kSquare, kSquare),
                 gate_to.last(kSquare));
  }
  const auto input_bias = TRY(Floats(file, "lstm_cell.bias_ih", {kVadGates}));
  const auto hidden_bias = TRY(Floats(file, "lstm_cell.bias_hh", {kVadGates}));
  for (size_t i = 0; i < kVadGates; ++i) to.gates_bias[i] = input_bias[i] + hidden_bias[i];
  return {};
}

Result<void> ReadLast(const Safetensors& file, SileroWeights& to) {
  const auto last = TRY(Floats(file, "final_conv.weight", {1, kVadWidth, 1}));
  std::ranges::copy(last, to.last);
  return ReadBias(file, "final_conv.bias", std::span(&to.last_bias, 1));
}

}  // namespace

Result<std::shared_ptr<const SileroModel>> ParseSilero(std::span<const std::byte> safetensors) {
  const Safetensors file = TRY(Safetensors::Parse(safetensors));
  auto model = std::make_shared<SileroModel>();
  TRY_VOID(ReadConvolutions(file, model->weights));
  TRY_VOID(ReadLstm(file, model->weights));
  TRY_VOID(ReadLast(file, model->weights));
  return model;
}

std::shared_ptr<const SileroModel> BuiltInSilero() {
  auto model = ParseSilero({verbatim_silero_weights_begin, verbatim_silero_weights_end});
  CHECK(model.has_value());
  return *std::move(model);
}

struct SpeechDetector::State {
  std::shared_ptr<const SileroModel> model;
  SileroSet set = BestSileroSet();
  // A choice of kernels that is none was refused when the model was opened.
  const kernels::SpectrumKernels& spectrum = kernels::SpectrumKernelsFor(
      kernels::ChooseInstructionSet().value_or(kernels::InstructionSet::kPlain));
  kernels::SpectrumTables<kVadFft> tables = kernels::MakeVadTables();
  SileroState network{};
};

SpeechDetector::SpeechDetector(std::shared_ptr<const SileroModel> model)
    : state_(std::make_unique<State>(std::move(model))) {
  CHECK(state_->model != nullptr);
}
SpeechDetector::~SpeechDetector() = default;
SpeechDetector::SpeechDetector(SpeechDetector&&) noexcept = default;
SpeechDetector& SpeechDetector::operator=(SpeechDetector&&) noexcept = default;

float SpeechDetector::Push(std::span<const float, kVadBlock> samples) {
  const std::span<float> padded(state_->network.samples);
  // The context is the end of the block before, which still lies in front of its reflection.
  std::ranges::copy(padded.subspan(kVadInput - kVadContext, kVadContext), padded.begin());
  std::ranges::transform(samples, padded.begin() + kVadContext, [](float sample) {
    const bool counts = std::isfinite(sample) && std::abs(sample) >= kFaintest;
    return counts ? std::clamp(sample, -kLoudest, kLoudest) : 0.0F;
  });
  for (size_t i = 0; i < kVadReflect; ++i) padded[kVadInput + i] = padded[kVadInput - 2 - i];
  std::array<const float*, kVadFrames> frames;
  for (size_t i = 0; i < kVadFrames; ++i) frames[i] = padded.data() + i * kVadHop;
  state_->spectrum.vad_power(state_->tables, frames.data(), state_->network.power);
  return SileroForward(state_->set, state_->model->weights, state_->network);
}

void SpeechDetector::Reset() { state_->network = SileroState{}; }

}  // namespace verbatim::vad
