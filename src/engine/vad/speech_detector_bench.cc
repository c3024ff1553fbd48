// Time per block of 32 ms: real speech, and silence, which must not be slower.
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>

#include "vad/speech_detector.h"

namespace verbatim::vad {
namespace {

void Push(benchmark::State& state, float loudness) {
  SpeechDetector detector(BuiltInSilero());
  std::array<float, kVadBlock> block{};
  float phase = 0;
  for (auto _ : state) {
    for (float& sample : block) sample = loudness * std::sin(phase += 0.05F);
    benchmark::DoNotOptimize(detector.Push(block));
  }
}

BENCHMARK_CAPTURE(Push, tone, 0.1F);
BENCHMARK_CAPTURE(Push, silence, 0.0F);
BENCHMARK_CAPTURE(Push, denormal, 1e-39F);

}  // namespace
}  // namespace verbatim::vad
