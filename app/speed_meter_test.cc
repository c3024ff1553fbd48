#include "speed_meter.h"

#include <gtest/gtest.h>

namespace verbatim::app {
namespace {

using namespace std::chrono_literals;

TEST(SpeedMeterTest, CountsTheAudioOfAllFiles) {
  const SpeedMeter::TimePoint start{100s};
  SpeedMeter meter;
  meter.Start(start);
  EXPECT_EQ(meter.Measure({0, SampleTime{0}, {}, 0}, start), 0);
  EXPECT_DOUBLE_EQ(meter.Measure({0, SampleTime{16000 * 10}, {}, 0}, start + 1s), 10);
  EXPECT_DOUBLE_EQ(meter.Measure({1, SampleTime{16000 * 30}, {}, 0}, start + 2s), 20);
  EXPECT_DOUBLE_EQ(meter.Measure({0, SampleTime{16000 * 20}, {}, 0}, start + 2s), 25);
  EXPECT_DOUBLE_EQ(meter.Measure({0, SampleTime{16000 * 15}, {}, 0}, start + 2s), 25)
      << "never backwards";
}

}  // namespace
}  // namespace verbatim::app
