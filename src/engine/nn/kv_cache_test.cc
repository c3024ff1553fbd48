#include "nn/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace verbatim::nn {
namespace {

// Rows write their own number at each position; a history is then readable as the sequence of
// numbers.
std::vector<float> History(const SelfCache& cache, size_t row, size_t length) {
  std::vector<float> seen;
  for (size_t position = 0; position < length; ++position)
    seen.push_back(*cache.SeenKey(1, row, position));
  return seen;
}

void Write(SelfCache& cache, size_t row, size_t position, float value) {
  cache.Own(row, position);
  *cache.Key(1, row, position) = value;
  *cache.Value(1, row, position) = -value;
}

TEST(SelfCacheTest, BranchesShareHistoryAndThenDiffer) {
  SelfCache cache({2, 4, 10}, 3);
  Write(cache, 0, 0, 10);
  const std::array<uint16_t, 3> rows = {0, 1, 2};
  cache.Branch(rows, std::array<uint16_t, 3>{0, 0, 0}, 1);
  for (size_t row = 0; row < 3; ++row) Write(cache, row, 1, static_cast<float>(20 + row));
  cache.Branch(rows, std::array<uint16_t, 3>{2, 2, 0}, 2);
  for (size_t row = 0; row < 3; ++row) Write(cache, row, 2, static_cast<float>(30 + row));
  EXPECT_EQ(History(cache, 0, 3), (std::vector<float>{10, 22, 30}));
  EXPECT_EQ(History(cache, 1, 3), (std::vector<float>{10, 22, 31}));
  EXPECT_EQ(History(cache, 2, 3), (std::vector<float>{10, 20, 32}));
  EXPECT_EQ(*cache.SeenValue(1, 2, 1), -20);
}

TEST(SelfCacheTest, SwappingBeamsKeepsBothHistories) {
  SelfCache cache({2, 4, 10}, 2);
  Write(cache, 0, 0, 1);
  Write(cache, 1, 0, 2);
  cache.Branch(std::array<uint16_t, 2>{0, 1}, std::array<uint16_t, 2>{1, 0}, 1);
  EXPECT_EQ(History(cache, 0, 1), std::vector<float>{2});
  EXPECT_EQ(History(cache, 1, 1), std::vector<float>{1});
}

float ToFloat(uint16_t half) {
  float value = 0;
  kernels::HalfToFloat(&half, 1, &value);
  return value;
}

TEST(CrossCacheTest, StoreTransposesKeysAndKeepsValues) {
  constexpr size_t kHeads = 2, kDepth = 4, kPositions = 6;
  const kernels::VectorKernels& kernels = kernels::KernelsFor(kernels::InstructionSet::kPlain);
  CrossCache cache({1, kHeads, kDepth, kPositions}, 2, kernels);
  std::vector<float> block(3 * 2 * kHeads * kDepth);
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<float>(i);
  cache.Store(1, 0, block.data(), 2, 3);
  for (size_t row = 0; row < 3; ++row) {
    for (size_t head = 0; head < kHeads; ++head) {
      for (size_t d = 0; d < kDepth; ++d) {
        const size_t at = row * 2 * kHeads * kDepth + head * kDepth + d;
        EXPECT_EQ(ToFloat(cache.KeysT(1, 0, head)[d * cache.stride() + 2 + row]), block[at]);
        EXPECT_EQ(ToFloat(cache.Values(1, 0, head)[(2 + row) * kDepth + d]),
                  block[at + kHeads * kDepth]);
      }
    }
  }
}

// Blocks of two windows, heads and layers find their own places: with one position that is far
// likelier than all others, a head's output is that position's value.
TEST(Int8CrossCacheTest, AttendsToWhatWasStored) {
  constexpr size_t kHeads = 2, kDepth = 16, kPositions = 40, kWidth = kHeads * kDepth;
  Int8CrossCache cache({2, kHeads, kDepth, kPositions}, 2,
                       kernels::Int8AttentionKernelsFor(kernels::InstructionSet::kPlain));
  const auto value_at = [](size_t slot, size_t layer, size_t head, size_t position) {
    return static_cast<float>(1000 * slot + 100 * layer + 50 * head + position + 1);
  };
  for (size_t part = 0; part < 8; ++part) {
    const size_t slot = part / 4, layer = part / 2 % 2, begin = part % 2 * 32;
    const size_t rows = std::min<size_t>(32, kPositions - begin);
    std::vector<float> block(rows * 2 * kWidth);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t head = 0; head < kHeads; ++head) {
        float* key = block.data() + row * 2 * kWidth + head * kDepth;
        key[(begin + row) % kDepth] = begin + row < kDepth ? 100 : -100;
        std::fill_n(key + kWidth, kDepth, value_at(slot, layer, head, begin + row));
      }
    }
    cache.Store(slot, layer, block.data(), begin, rows);
  }
  std::vector<float> query(kDepth), out(kDepth), scratch(cache.scratch_size());
  query[3] = 1;
  for (size_t part = 0; part < 8; ++part) {
    cache.Attend(part / 4, part / 2 % 2, part % 2,
                 {.queries = query.data(),
                  .stride = kDepth,
                  .rows = 1,
                  .positions = kPositions,
                  .out = out.data(),
                  .out_stride = kDepth},
                 scratch.data());
    const float expected = value_at(part / 4, part / 2 % 2, part % 2, 3);
    for (float number : out) EXPECT_NEAR(number, expected, 1e-3F * expected);
  }
}

TEST(Int8CrossCacheTest, TakesHalfTheMemory) {
  const AudioShape shape{6, 8, 64, 1500};
  const auto set = kernels::InstructionSet::kPlain;
  const CrossCache half(shape, 1, kernels::KernelsFor(set));
  const Int8CrossCache int8(shape, 1, kernels::Int8AttentionKernelsFor(set));
  EXPECT_LE(static_cast<double>(int8.LayerBytes()), 0.55 * static_cast<double>(half.LayerBytes()));
}

}  // namespace
}  // namespace verbatim::nn
