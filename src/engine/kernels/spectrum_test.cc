#include "kernels/spectrum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

namespace verbatim::kernels {
namespace {

// The definition: the power of one bin of one windowed frame.
double DirectPower(const float* frame, size_t size, size_t bin) {
  std::complex<double> sum = 0;
  for (size_t i = 0; i < size; ++i) {
    const double turn = 2 * std::numbers::pi / static_cast<double>(size);
    const double hann = 0.5 - 0.5 * std::cos(turn * static_cast<double>(i));
    sum += std::polar(hann * static_cast<double>(frame[i]),
                      -turn * static_cast<double>(i * bin % size));
  }
  return std::norm(sum);
}

class SpectrumTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!IsSupported(GetParam()))
      GTEST_SKIP() << "this CPU lacks " << InstructionSetName(GetParam());
  }
  const SpectrumKernels& Kernels() { return SpectrumKernelsFor(GetParam()); }
};

// Frames that overlap, at odd places.
template <size_t kSize, size_t kGroup>
void ExpectDefinition(void (*compute)(const SpectrumTables<kSize>&, const float* const*, float*),
                      const SpectrumTables<kSize>& tables) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 0.3F);
  std::vector<float> sound(4000);
  for (float& sample : sound) sample = normal(random);
  const float* frames[kGroup];
  for (size_t i = 0; i < kGroup; ++i) frames[i] = sound.data() + i * 101 + 1;
  constexpr size_t kBins = kSize / 2 + 1;
  std::vector<float> power(kBins * kGroup + 1, NAN);
  compute(tables, frames, power.data() + 1);
  for (size_t frame = 0; frame < kGroup; ++frame) {
    double energy = 0;
    for (size_t i = 0; i < kSize; ++i) energy += std::pow(frames[frame][i], 2);
    for (size_t bin = 0; bin < kBins; ++bin) {
      // A sum of kSize products has a rounding error of its norm, times a few roundings.
      const double expected = DirectPower(frames[frame], kSize, bin);
      const double error = 16.0 * std::numeric_limits<float>::epsilon() * std::sqrt(energy);
      ASSERT_NEAR(std::sqrt(static_cast<double>(power[1 + bin * kGroup + frame])),
                  std::sqrt(expected), error)
          << "bin " << bin << ", frame " << frame;
    }
  }
}

TEST_P(SpectrumTest, MelPowerIsTheDefinitions) {
  ExpectDefinition<kMelFft, kMelGroup>(Kernels().mel_power, MakeMelTables());
}

TEST_P(SpectrumTest, VadPowerIsTheDefinitions) {
  ExpectDefinition<kVadFft, kVadGroup>(Kernels().vad_power, MakeVadTables());
}

TEST_P(SpectrumTest, AFrameDoesNotDependOnThoseBeside) {
  std::vector<float> sound(3000);
  for (size_t i = 0; i < sound.size(); ++i) sound[i] = std::sin(static_cast<float>(i * i % 977));
  const float* frames[kMelGroup];
  for (size_t i = 0; i < kMelGroup; ++i) frames[i] = sound.data() + i * 160;
  std::vector<float> power((kMelFft / 2 + 1) * kMelGroup);
  Kernels().mel_power(MakeMelTables(), frames, power.data());
  for (size_t i = 0; i < kMelGroup; ++i) frames[i] = sound.data() + 3 * 160;
  std::vector<float> alike(power.size());
  Kernels().mel_power(MakeMelTables(), frames, alike.data());
  for (size_t i = 0; i < power.size(); ++i) ASSERT_EQ(alike[i], power[i / 16 * 16 + 3]) << i;
}

TEST_P(SpectrumTest, BandLogsAreTheDefinitions) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> exponent(-14, 6);
  std::vector<float> power((kMelFft / 2 + 1) * kMelGroup);
  for (float& value : power) value = std::pow(10.0F, exponent(random));
  const std::vector<float> weights = {0.25F, 1, 0.5F};
  const std::vector<SpectrumBand> bands = {{0, 1, weights.data()},
                                           {7, 3, weights.data()},
                                           {199, 2, weights.data() + 1},
                                           {5, 0, nullptr}};
  std::vector<float> logs(bands.size() * kMelGroup);
  Kernels().band_logs(bands.data(), bands.size(), power.data(), logs.data());
  for (size_t i = 0; i < logs.size(); ++i) {
    const SpectrumBand& band = bands[i / kMelGroup];
    double sum = 0;
    for (size_t bin = 0; bin < band.bins; ++bin) {
      sum += static_cast<double>(band.weights[bin] *
                                 power[(band.first_bin + bin) * kMelGroup + i % kMelGroup]);
    }
    ASSERT_NEAR(logs[i], std::log10(std::max(sum, 1e-10)), 2e-6) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, SpectrumTest, ::testing::ValuesIn(kInstructionSets),
                         [](const auto& set) {
                           return std::string(InstructionSetName(set.param));
                         });

}  // namespace
}  // namespace verbatim::kernels
