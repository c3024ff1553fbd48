#include "nn/tensor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace verbatim::nn {
namespace {

// Numbers as bytes, at an odd address as files have them.
template <typename Number>
class OddBytes {
 public:
  explicit OddBytes(const std::vector<Number>& numbers)
      : bytes_(numbers.size() * sizeof(Number) + 1) {
    if (!numbers.empty()) {
      std::memcpy(bytes_.data() + 1, numbers.data(), numbers.size() * sizeof(Number));
    }
  }
  std::span<const std::byte> view() const { return std::span(bytes_).subspan(1); }

 private:
  std::vector<std::byte> bytes_;
};

TEST(TensorView, CountsFromItsShape) {
  EXPECT_EQ(TensorView{}.count(), 1U);  // a single number
  EXPECT_EQ(TensorView{}.rows(), 1U);
  const TensorView cube{{2, 3, 5}, NumberFormat::kF32, {}, {}};
  EXPECT_EQ(cube.count(), 30U);
  EXPECT_EQ(cube.rows(), 2U);
  EXPECT_EQ(cube.row_size(), 15U);
  const TensorView empty{{0, 3}, NumberFormat::kF32, {}, {}};
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.row_size(), 0U);
}

TEST(TensorView, EveryFormatBecomesFloats) {
  const OddBytes<float> f32({1.5F, -2.25F, 3e-39F});
  EXPECT_EQ((TensorView{{3}, NumberFormat::kF32, f32.view(), {}}.ToFloats()),
            (std::vector<float>{1.5F, -2.25F, 3e-39F}));
  const OddBytes<int8_t> i8({-128, 0, 127});
  EXPECT_EQ((TensorView{{3}, NumberFormat::kI8, i8.view(), {}}.ToFloats()),
            (std::vector<float>{-128, 0, 127}));
  const OddBytes<int16_t> i16({-32768, 1, 32767});
  EXPECT_EQ((TensorView{{3}, NumberFormat::kI16, i16.view(), {}}.ToFloats()),
            (std::vector<float>{-32768, 1, 32767}));
  const OddBytes<int32_t> i32({-70000, 2, 1 << 20});
  EXPECT_EQ((TensorView{{3}, NumberFormat::kI32, i32.view(), {}}.ToFloats()),
            (std::vector<float>{-70000, 2, 1 << 20}));
  // One, minus two, the largest, the smallest denormal, infinity.
  const OddBytes<uint16_t> f16({0x3C00, 0xC000, 0x7BFF, 0x0001, 0x7C00});
  EXPECT_EQ((TensorView{{5}, NumberFormat::kF16, f16.view(), {}}.ToFloats()),
            (std::vector<float>{1, -2, 65504, 0x1p-24F, std::numeric_limits<float>::infinity()}));
}

TEST(TensorView, HalvesLongerThanAChunkAreWhole) {
  std::vector<uint16_t> halves(2500);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(0x3C00 + i % 1024);
  const OddBytes<uint16_t> bytes(halves);
  const std::vector<float> floats =
      TensorView{{2500}, NumberFormat::kF16, bytes.view(), {}}.ToFloats();
  for (size_t i = 0; i < floats.size(); ++i) {
    ASSERT_EQ(floats[i], 1 + static_cast<float>(i % 1024) / 1024) << i;
  }
}

TEST(TensorView, ScalesDivideTheirRows) {
  const OddBytes<int8_t> numbers({10, -20, 30, 40, -50, 60});
  const OddBytes<float> scales({10, 4, 0.5F});
  const TensorView tensor{{3, 2}, NumberFormat::kI8, numbers.view(), scales.view()};
  EXPECT_EQ(tensor.ToFloats(), (std::vector<float>{1, -2, 7.5F, 10, -100, 120}));
  std::vector<float> last(2);
  tensor.CopyRows(2, 1, last.data());
  EXPECT_EQ(last, (std::vector<float>{-100, 120}));
}

TEST(TensorView, CopyRowsTakesARange) {
  const OddBytes<int16_t> numbers({1, 2, 3, 4, 5, 6, 7, 8});
  const TensorView tensor{{4, 2}, NumberFormat::kI16, numbers.view(), {}};
  std::vector<float> middle(5, -1);
  tensor.CopyRows(1, 2, middle.data());
  EXPECT_EQ(middle, (std::vector<float>{3, 4, 5, 6, -1}));
}

TEST(TensorView, EmptyTensorsGiveNoFloats) {
  for (const NumberFormat format : {NumberFormat::kF32, NumberFormat::kI8, NumberFormat::kI16,
                                    NumberFormat::kI32, NumberFormat::kF16}) {
    EXPECT_TRUE((TensorView{{0}, format, {}, {}}.ToFloats().empty()));
    EXPECT_TRUE((TensorView{{3, 0}, format, {}, {}}.ToFloats().empty()));
  }
}

}  // namespace
}  // namespace verbatim::nn
