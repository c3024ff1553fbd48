#include "nn/kv_cache.h"

#include <gtest/gtest.h>

#include <array>

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

}  // namespace
}  // namespace verbatim::nn
