#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/aligned.h"

namespace verbatim::kernels {
namespace {

// Words that begin at a cache line, with a guard behind them.
class Words {
 public:
  explicit Words(size_t size) : size_(size), data_(size + kGuard) {
    std::fill_n(data_.data(), size + kGuard, kUntouched);
  }
  float* data() { return data_.data(); }
  bool IsGuardUntouched() const {
    return std::all_of(data_.data() + size_, data_.data() + data_.size(),
                       [](float word) { return word == kUntouched; });
  }

 private:
  static constexpr size_t kGuard = 32;
  static constexpr float kUntouched = 12345;
  size_t size_;
  Aligned<float> data_;
};

// Rows as the encoder has them: queries, keys and values of one head side by side in wider rows.
struct Head {
  AttentionShape shape;
  size_t rows = 0;
  size_t stride = 0;
  std::vector<float> qkv;

  float* Query(size_t row) { return qkv.data() + row * stride + 1; }
  float* Key(size_t row) { return Query(row) + shape.depth; }
  float* Value(size_t row) { return Key(row) + shape.depth; }
};

struct Case {
  InstructionSet set;
  AttentionFormat format;
};

class AttentionTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const auto [set, format] = GetParam();
    if (!IsSupported(set)) GTEST_SKIP() << "this CPU lacks " << InstructionSetName(set);
    fast_ = AttentionKernelsFor(set, format);
    ASSERT_NE(fast_, nullptr);
  }

  Head Noise(const AttentionShape& shape, size_t rows, float query_scale) {
    Head head{shape, rows, 3 * shape.depth + 5, {}};
    std::normal_distribution<float> normal;
    head.qkv.resize(std::max(rows, shape.positions) * head.stride);
    for (float& value : head.qkv) value = normal(random_);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t d = 0; d < shape.depth; ++d) head.Query(row)[d] *= query_scale;
    }
    return head;
  }

  // [rows, depth]; packs in two ranges, attends to rows [first, first + count).
  static std::vector<float> Attend(const AttentionKernels& kernels, Head& head, size_t first,
                                   size_t count) {
    const AttentionShape& shape = head.shape;
    Words packed(kernels.packed_words(shape)), scratch(kernels.scratch_words(shape));
    const AttentionRows rows{head.Key(0), head.Value(0), head.stride};
    const size_t half = shape.positions / 2 / kernels.group * kernels.group;
    kernels.pack(rows, shape, {half, shape.positions}, packed.data());
    kernels.pack(rows, shape, {0, half}, packed.data());
    std::vector<float> out((count + 1) * (shape.depth + 3), 7);
    kernels.attend({head.Query(first), head.stride, count, out.data(), shape.depth + 3}, shape,
                   packed.data(), scratch.data());
    EXPECT_TRUE(packed.IsGuardUntouched() && scratch.IsGuardUntouched());
    std::vector<float> dense;
    for (size_t row = 0; row <= count; ++row) {
      const float* begin = out.data() + row * (shape.depth + 3);
      const size_t used = row < count ? shape.depth : 0;
      EXPECT_TRUE(std::all_of(begin + used, begin + shape.depth + 3,
                              [](float value) { return value == 7; }));
      dense.insert(dense.end(), begin, begin + used);
    }
    return dense;
  }

  // In bf16 a query and a key are off by at most 2^-9 of themselves: so a score by 2^-8 of the sum
  // of its products' magnitudes, and typically by far less, as rounding errors have either sign. A
  // score that is off by x moves a weight by x, and weights and values are rounded themselves.
  float Tolerance(const Head& head, float query_scale) {
    const float spread = std::sqrt(static_cast<float>(head.shape.depth)) * query_scale;
    if (GetParam().format == AttentionFormat::kBf16) return 0x1p-7F * (1 + spread);
    return 1e-5F * (1 + spread);
  }

  const AttentionKernels& Truth() {
    return *AttentionKernelsFor(InstructionSet::kPlain, AttentionFormat::kF32);
  }

  const AttentionKernels* fast_ = nullptr;
  std::mt19937 random_{42};
};

TEST_P(AttentionTest, AgreesWithTheTruth) {
  for (size_t positions : {1, 2, 15, 16, 31, 32, 33, 100, 449, 1500}) {
    for (size_t depth : {16, 48, 64, 80, 128}) {
      const float query_scale = 1 / std::sqrt(static_cast<float>(depth));
      Head head = Noise({depth, positions}, 25, query_scale);
      const auto fast = Attend(*fast_, head, 0, 25), truth = Attend(Truth(), head, 0, 25);
      for (size_t i = 0; i < truth.size(); ++i) {
        ASSERT_NEAR(fast[i], truth[i], Tolerance(head, query_scale))
            << positions << ' ' << depth << ' ' << i;
      }
    }
  }
}

TEST_P(AttentionTest, RowsAreIndependent) {
  Head head = Noise({64, 333}, 31, 0.2F);
  const auto all = Attend(*fast_, head, 0, 31);
  for (size_t count : {1, 5, 6, 7, 12, 13}) {
    for (size_t first : {0, 1, 11, 17}) {
      const auto some = Attend(*fast_, head, first, count);
      ASSERT_EQ(std::memcmp(some.data(), all.data() + first * 64, some.size() * sizeof(float)), 0)
          << first << ' ' << count;
    }
  }
}

TEST_P(AttentionTest, EqualScoresGiveTheMean) {
  for (size_t positions : {1, 7, 64, 501}) {
    Head head = Noise({64, positions}, 3, 0);  // all scores are 0
    const auto fast = Attend(*fast_, head, 0, 3), truth = Attend(Truth(), head, 0, 3);
    for (size_t i = 0; i < truth.size(); ++i) {
      ASSERT_NEAR(fast[i], truth[i], Tolerance(head, 0)) << positions;
    }
  }
}

// One score above all others takes all the weight, however large or small the numbers are.
TEST_P(AttentionTest, ExtremeScoresPickTheirValue) {
  for (float scale : {1e2F, 1e4F, 1e8F}) {
    for (float offset : {-1.0F, 0.0F, 1.0F}) {
      Head head = Noise({64, 77}, 2, 0);
      for (size_t t = 0; t < 77; ++t) std::fill_n(head.Key(t), 64, 0.0F);
      for (size_t t = 0; t < 77; ++t) head.Key(t)[3] = t == 70 ? offset + 1 : offset;
      head.Query(0)[3] = head.Query(1)[3] = scale;
      const auto fast = Attend(*fast_, head, 0, 2);
      for (size_t i = 0; i < fast.size(); ++i) {
        const float value = head.Value(70)[i % 64];
        ASSERT_NEAR(fast[i], value, 0x1p-8F * std::abs(value)) << scale << ' ' << offset;
      }
    }
  }
}

// Scores of -10,000 everywhere are as good as any others.
TEST_P(AttentionTest, VeryNegativeScores) {
  Head head = Noise({64, 77}, 2, 0);
  for (size_t t = 0; t < 77; ++t) head.Key(t)[0] = t % 2 == 0 ? -1.0F : -2.0F;
  head.Query(0)[0] = head.Query(1)[0] = 10000;
  const auto fast = Attend(*fast_, head, 0, 2), truth = Attend(Truth(), head, 0, 2);
  for (size_t i = 0; i < truth.size(); ++i) ASSERT_NEAR(fast[i], truth[i], Tolerance(head, 0));
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (InstructionSet set : kInstructionSets) cases.push_back({set, AttentionFormat::kF32});
  cases.push_back({InstructionSet::kAvx512Bf16, AttentionFormat::kBf16});
  cases.push_back({InstructionSet::kAmx, AttentionFormat::kBf16});
  return cases;
}

// A repeated position is as good as so many copies of it.
TEST_P(AttentionTest, RepeatedPositionsCountAsOften) {
  constexpr size_t kOnce = 45, kRepeated = 7, kRepeats = 5;
  Head few = Noise({64, kOnce + kRepeated, kRepeated, kRepeats}, 13, 0.3F);
  Head all = Noise({64, kOnce + kRepeated * kRepeats}, 13, 0);
  for (size_t t = 0; t < all.shape.positions; ++t) {
    const size_t from = t < kOnce ? t : kOnce + (t - kOnce) / kRepeats;
    std::copy_n(few.Key(from), 128, all.Key(t));
    if (t < 13) std::copy_n(few.Query(t), 64, all.Query(t));
  }
  const std::vector<float> expected = Attend(Truth(), all, 0, 13);
  const std::vector<float> out = Attend(*fast_, few, 0, 13);
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(out[i], expected[i], Tolerance(few, 0.3F)) << i;
}

INSTANTIATE_TEST_SUITE_P(Sets, AttentionTest, ::testing::ValuesIn(Cases()), [](const auto& test) {
  const bool is_bf16 = test.param.format == AttentionFormat::kBf16;
  return std::string(InstructionSetName(test.param.set)) + (is_bf16 ? "_in_bf16" : "_in_f32");
});

TEST(AttentionKernelsForTest, TheLastSetsHaveBf16) {
  for (InstructionSet set : kInstructionSets) {
    if (!IsSupported(set)) continue;
    EXPECT_NE(AttentionKernelsFor(set, AttentionFormat::kF32), nullptr);
    EXPECT_EQ(AttentionKernelsFor(set, AttentionFormat::kBf16) != nullptr,
              set >= InstructionSet::kAvx512Bf16);
  }
}

}  // namespace
}  // namespace verbatim::kernels
