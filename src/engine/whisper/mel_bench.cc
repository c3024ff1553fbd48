// Time of one log-mel spectrogram of a full window of 30 s.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "whisper/mel.h"

namespace verbatim::whisper {
namespace {

void Compute(benchmark::State& state) {
  std::vector<float> samples(kWindowSamples);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = std::sin(static_cast<float>(i % 7919) * 0.1F);
  }
  const auto mels = static_cast<size_t>(state.range(0));
  MelSpectrogram spectrogram(mels);
  std::vector<float> mel(mels * kMelFrames);
  for (auto _ : state) {
    spectrogram.Compute(samples, mel);
    benchmark::DoNotOptimize(mel.data());
  }
}

BENCHMARK(Compute)->Arg(80)->Arg(128)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace verbatim::whisper
