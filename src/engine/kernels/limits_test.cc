#include "kernels/limits.h"

#include <gtest/gtest.h>

#include "kernels/cpu.h"

namespace verbatim::kernels {
namespace {

// No machine that runs these tests is outside of these.
constexpr double kSlowest = 1e8;
constexpr double kFastest = 1e16;

class LimitsTest : public testing::Test {
 protected:
  void SetUp() override { PrepareThread(); }
  ThreadPool pool_{2};
};

TEST_F(LimitsTest, ProductsHaveARate) {
  const double f32 = MeasureProducts(NumberFormat::kF32, pool_);
  EXPECT_GT(f32, kSlowest);
  EXPECT_LT(f32, kFastest);
}

TEST_F(LimitsTest, NarrowFormatsHaveARateOrNone) {
  for (NumberFormat format : {NumberFormat::kBf16, NumberFormat::kInt8}) {
    const double rate = MeasureProducts(format, pool_);
    EXPECT_GE(rate, 0);
    EXPECT_LT(rate, kFastest);
  }
}

TEST_F(LimitsTest, MemoryHasARate) {
  EXPECT_GT(MeasureCopy(pool_), kSlowest);
  EXPECT_GT(MeasureReading(1 << 20, pool_), kSlowest);
  EXPECT_GT(MeasureReading(0, pool_), kSlowest);
}

}  // namespace
}  // namespace verbatim::kernels
