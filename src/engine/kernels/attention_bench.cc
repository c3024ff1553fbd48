// Attention of one head and one block of queries beside the same by oneDNN's products (f32), and
// beside the most that the CPU's instruction can do. The three take turns, and the shortest time of
// each counts, so that other work on the machine spoils no proportion.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/vector.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace verbatim::kernels {
namespace {

constexpr size_t kDepth = 64;
constexpr size_t kStride = 1536;  // of a row of `base`: queries, keys and values of 8 heads
constexpr size_t kOut = 512;
constexpr size_t kRounds = 1000;

// Operations of one call of a Limit function.
constexpr size_t kSums = 24;
constexpr double kOperationsF32Avx2 = 2.0 * 8 * (kSums / 2) * kRounds;
constexpr double kOperationsF32 = 2.0 * 16 * kSums * kRounds;
constexpr double kOperationsBf16 = 2 * kOperationsF32;
constexpr double kOperationsTiles = 2.0 * 16 * 16 * 32 * 4 * kRounds;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void LimitF32Avx2() {
  __m256 sums[kSums / 2];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const __m256 factor = _mm256_set1_ps(0.5F);
  for (size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(factor, factor, sum);
  }
  for (__m256& sum : sums) benchmark::DoNotOptimize(sum);
}

__attribute__((target("avx512f"))) void LimitF32() {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const __m512 factor = _mm512_set1_ps(0.5F);
  for (size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 24
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(factor, factor, sum);
  }
  for (__m512& sum : sums) benchmark::DoNotOptimize(sum);
}

__attribute__((target("avx512f,avx512bf16"))) void LimitBf16() {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const auto factor = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3F003F00));
  for (size_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 24
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, factor, factor);
  }
  for (__m512& sum : sums) benchmark::DoNotOptimize(sum);
}

__attribute__((target("amx-tile,amx-bf16"))) void LimitTiles() {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } shape;
  __asm__ volatile("ldtilecfg %0" : : "m"(shape));
  for (size_t i = 0; i < kRounds; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}
#endif

struct Limit {
  void (*run)();
  double operations;
};

// The plain set has no limit worth a name.
Limit LimitOf(InstructionSet set, AttentionFormat format) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAmx && format == AttentionFormat::kBf16) {
    return {LimitTiles, kOperationsTiles};
  }
  if (format == AttentionFormat::kBf16) return {LimitBf16, kOperationsBf16};
  if (set >= InstructionSet::kAvx512) return {LimitF32, kOperationsF32};
  if (set != InstructionSet::kPlain) return {LimitF32Avx2, kOperationsF32Avx2};
#endif
  return {[] {}, 0};
}

// Billions of operations a second, of the fastest call.
class Rate {
 public:
  template <typename Work>
  double Measure(double operations, Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best_ = std::max(best_, operations / taken.count() / 1e9);
    return taken.count();
  }
  double best() const { return best_; }

 private:
  double best_ = 0;
};

class OneDnn {
 public:
  OneDnn(const float* qkv, size_t positions)
      : qkv_(qkv),
        positions_(positions),
        keys_(positions, kDepth, positions),
        values_(kDepth, positions, kDepth),
        scores_(kRowBlock * positions) {
    keys_.Pack({qkv + kOut, kStride, 1}, 0);
    values_.Pack({qkv + 2 * kOut, 1, kStride}, 0);
  }

  void Attend(const VectorKernels& kernels, float* out) {
    keys_.Multiply({qkv_, kStride, kRowBlock, nullptr, scores_.data(), positions_, Finish::kStore},
                   0);
    for (size_t row = 0; row < kRowBlock; ++row) {
      kernels.softmax(scores_.data() + row * positions_, positions_);
    }
    values_.Multiply({scores_.data(), positions_, kRowBlock, nullptr, out, kOut, Finish::kStore},
                     0);
  }

 private:
  const float* qkv_;
  size_t positions_;
  PackedMatrix keys_, values_;
  std::vector<float> scores_;
};

void Attend(benchmark::State& state, InstructionSet set, AttentionFormat format) {
  if (!IsSupported(set)) return state.SkipWithError("not on this CPU");
  PrepareThread();
  const AttentionKernels& kernels = *AttentionKernelsFor(set, format);
  const AttentionShape shape{kDepth, static_cast<size_t>(state.range(0))};
  std::vector<float> qkv(std::max(shape.positions, kRowBlock) * kStride), out(kRowBlock * kOut);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.5F);
  for (float& value : qkv) value = normal(random);
  Aligned<float> packed(kernels.packed_words(shape)), scratch(kernels.scratch_words(shape));
  OneDnn other(qkv.data(), shape.positions);
  const Limit limit = LimitOf(set, format);
  const double operations =
      4.0 * static_cast<double>(kRowBlock) * static_cast<double>(shape.positions) * kDepth;
  Rate packing, attending, by_onednn, at_limit;
  for (auto _ : state) {
    packing.Measure(2.0 * static_cast<double>(shape.positions) * kDepth, [&] {
      kernels.pack({qkv.data() + kOut, qkv.data() + 2 * kOut, kStride}, shape, {0, shape.positions},
                   packed.data());
    });
    state.SetIterationTime(attending.Measure(operations, [&] {
      kernels.attend({qkv.data(), kStride, kRowBlock, out.data(), kOut}, shape, packed.data(),
                     scratch.data());
    }));
    by_onednn.Measure(operations, [&] { other.Attend(KernelsFor(set), out.data()); });
    at_limit.Measure(limit.operations, limit.run);
  }
  state.counters["Gop/s"] = attending.best();
  state.counters["of_limit"] = attending.best() / at_limit.best();
  state.counters["of_oneDNN"] = attending.best() / by_onednn.best();
  state.counters["packed_G/s"] = packing.best();  // billions of numbers
}

int AddBenchmarks() {
  const auto add = [](InstructionSet set, AttentionFormat format) {
    const std::string name = "Attend/" + std::string(InstructionSetName(set));
    const bool is_bf16 = format == AttentionFormat::kBf16;
    benchmark::RegisterBenchmark((name + (is_bf16 ? "/bf16" : "/f32")).c_str(), Attend, set, format)
        ->Arg(1500)
        ->Arg(500)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  };
  for (InstructionSet set : {InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    add(set, AttentionFormat::kF32);
  }
  add(InstructionSet::kAvx512Bf16, AttentionFormat::kBf16);
  add(InstructionSet::kAmx, AttentionFormat::kBf16);
  return 0;
}

[[maybe_unused]] const int kAdded = AddBenchmarks();

}  // namespace
}  // namespace verbatim::kernels
