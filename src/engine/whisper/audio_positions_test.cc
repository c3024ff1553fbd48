#include "whisper/audio_positions.h"

#include <gtest/gtest.h>

namespace verbatim::whisper {
namespace {

TEST(AudioPositionsTest, AFullWindowHasAll) {
  EXPECT_EQ(AudioPositions::For(480000), AudioPositions::All());
  EXPECT_EQ(AudioPositions::All().count(), 1500U);
}

TEST(AudioPositionsTest, AShortClipHasFew) {
  const AudioPositions positions = AudioPositions::For(16000 * 9);
  EXPECT_GE(positions.exact, 550U);
  EXPECT_LT(positions.count(), 650U);
}

// Every length: audio and its margin one by one, groups to the very end, in order.
TEST(AudioPositionsTest, TheyCoverTheWindow) {
  for (size_t samples = 0; samples <= 480000; samples += 159) {
    const AudioPositions positions = AudioPositions::For(samples);
    ASSERT_EQ(positions.exact + positions.sampled * AudioPositions::kGroup, 1500U) << samples;
    ASSERT_GE(positions.exact, std::min<size_t>(1500, samples / 320 + 100)) << samples;
    for (size_t i = 1; i < positions.count(); ++i) {
      ASSERT_LT(positions.At(i - 1), positions.At(i));
    }
    ASSERT_LT(positions.At(positions.count() - 1), 1500U);
  }
}

}  // namespace
}  // namespace verbatim::whisper
