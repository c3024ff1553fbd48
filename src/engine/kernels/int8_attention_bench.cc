// Attention over a window's keys and values as 8-bit integers beside half floats. Near: one head
// again and again. Far: many heads in turn, more than a cache holds.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "kernels/aligned.h"
#include "kernels/cpu.h"
#include "kernels/int8_attention.h"
#include "kernels/vector.h"

namespace verbatim::kernels {
namespace {

constexpr size_t kDepth = 64;
constexpr size_t kPositions = 1500;
constexpr size_t kStride = 1504;

InstructionSet Set() {
  PrepareThread();
  const Result<InstructionSet> set = ChooseInstructionSet();
  CHECK(set.has_value());
  return *set;
}

// Numbers that look like noise and spread the softmax over many positions.
std::vector<float> Noise(size_t count, float scale) {
  std::vector<float> values(count);
  uint32_t random = 1;
  for (float& value : values) {
    random = random * 1664525 + 1013904223;
    value = (static_cast<float>(random >> 8) * 0x1p-23F - 1) * scale;
  }
  return values;
}

void Report(benchmark::State& state, size_t rows) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(rows));
}

void Half(benchmark::State& state) {
  const auto heads = static_cast<size_t>(state.range(0));
  const auto rows = static_cast<size_t>(state.range(1));
  const VectorKernels& kernels = KernelsFor(Set());
  Aligned<uint16_t> keys(heads * kDepth * kStride), values(heads * kDepth * kPositions);
  const std::vector<float> noise = Noise(kDepth * kStride, 1);
  for (size_t head = 0; head < heads; ++head) {
    kernels.to_half(noise.data(), kDepth * kStride, keys.data() + head * kDepth * kStride);
    kernels.to_half(noise.data(), kDepth * kPositions, values.data() + head * kDepth * kPositions);
  }
  const std::vector<float> queries = Noise(rows * kDepth, 0.5F);
  std::vector<float> scores(kPositions), out(rows * kDepth);
  size_t head = 0;
  for (auto _ : state) {
    for (size_t row = 0; row < rows; ++row) {
      kernels.attention_scores(queries.data() + row * kDepth, keys.data() + head * kDepth * kStride,
                               {kDepth, kStride, kPositions}, scores.data());
      kernels.softmax(scores.data(), kPositions);
      kernels.attention_mix(scores.data(), values.data() + head * kDepth * kPositions, kPositions,
                            kDepth, out.data() + row * kDepth);
    }
    head = (head + 1) % heads;
    benchmark::ClobberMemory();
  }
  Report(state, rows);
}

void Int8(benchmark::State& state) {
  const auto heads = static_cast<size_t>(state.range(0));
  const auto rows = static_cast<size_t>(state.range(1));
  const Int8AttentionKernels& kernels = Int8AttentionKernelsFor(Set());
  const Int8HeadShape shape{kDepth, kPositions};
  Aligned<std::byte> stored(heads * shape.head_bytes());
  const std::vector<float> noise = Noise(kPositions * 2 * kDepth, 1);
  for (size_t head = 0; head < heads; ++head) {
    kernels.store({noise.data(), noise.data() + kDepth, 2 * kDepth, 0, kPositions}, shape,
                  stored.data() + head * shape.head_bytes());
  }
  const std::vector<float> queries = Noise(rows * kDepth, 0.5F);
  std::vector<float> out(rows * kDepth);
  Aligned<float> scratch(shape.scratch_size());
  size_t head = 0;
  for (auto _ : state) {
    kernels.attend({queries.data(), kDepth, rows, kPositions, out.data(), kDepth, nullptr, 0},
                   shape, stored.data() + head * shape.head_bytes(), scratch.data());
    head = (head + 1) % heads;
    benchmark::ClobberMemory();
  }
  Report(state, rows);
}

void StoreRows(benchmark::State& state) {
  const Int8AttentionKernels& kernels = Int8AttentionKernelsFor(Set());
  const Int8HeadShape shape{kDepth, kPositions};
  Aligned<std::byte> stored(shape.head_bytes());
  const std::vector<float> noise = Noise(kPositions * 2 * kDepth, 1);
  for (auto _ : state) {
    kernels.store({noise.data(), noise.data() + kDepth, 2 * kDepth, 0, kPositions}, shape,
                  stored.data());
    benchmark::ClobberMemory();
  }
  Report(state, kPositions);
}

void Shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"heads", "queries"});
  for (int64_t heads : {1, 512}) {
    for (int64_t queries : {1, 2, 5, 8}) bench->Args({heads, queries});
  }
  bench->UseRealTime()->Threads(1)->Threads(2);
}

BENCHMARK(Half)->Apply(Shapes);
BENCHMARK(Int8)->Apply(Shapes);
BENCHMARK(StoreRows);

}  // namespace
}  // namespace verbatim::kernels
