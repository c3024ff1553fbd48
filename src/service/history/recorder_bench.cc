// What history costs: everything that is done each second, and once a minute. A second of either
// has 1,000,000 us, so 10,000 us each second would be 1 % of a core.
#include <benchmark/benchmark.h>

#include "history/recorder.h"
#include "history/sample.h"
#include "store/test_database.h"

namespace verbatim::history {
namespace {

Reading Look() {
  Reading reading;
  reading.resources =
      performance::ReadResources({.root = "/", .folder = "/tmp", .is_frequent = true});
  reading.cpu_s = ProcessCpuSeconds();
  return reading;
}

void EachSecond(benchmark::State& state) {
  const store::TemporaryFolder folder;
  const auto database = *store::Database::Open(folder.path() / "verbatim.db");
  QuietLog log;
  Recorder recorder(*database, log);
  Reading before = Look();
  int64_t seconds = 0;
  for (auto _ : state) {
    Reading now = Look();
    now.steady_ms = ++seconds * 1000;
    now.wall_ms = 1'700'000'000'000 + now.steady_ms;
    const auto sample = MakeSample(before, now);
    if (sample) recorder.Add(*sample, now.steady_ms);
    benchmark::DoNotOptimize(SampleJson(sample.value_or(Sample{})));
    before = now;
  }
}
BENCHMARK(EachSecond)->Unit(benchmark::kMicrosecond);

// A month of minutes, as a chart asks for it.
void ReadMonth(benchmark::State& state) {
  const store::TemporaryFolder folder;
  const auto database = *store::Database::Open(folder.path() / "verbatim.db");
  QuietLog log;
  Recorder recorder(*database, log);
  constexpr int64_t kMonth = int64_t{30} * 86'400;
  constexpr int64_t kBegin = 1'700'000'000;
  for (int64_t second = 0; second < kMonth; second += kMinuteStep) {
    Sample sample;
    sample.time_ms = (kBegin + second) * 1000;
    for (double& value : sample.values) value = static_cast<double>(second % 977);
    recorder.Add(sample, second * 1000);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(recorder.Read({kBegin, kBegin + kMonth, state.range(0)}));
  }
}
BENCHMARK(ReadMonth)->Arg(kMinuteStep)->Arg(kHourStep)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace verbatim::history
