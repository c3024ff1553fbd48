#include "media/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verbatim::media {
namespace {

TEST(Library, NamesItselfAndKnowsTheUsualSound) {
  EXPECT_THAT(LibraryVersion(), ::testing::MatchesRegex("FFmpeg [0-9n].*"));
  EXPECT_THAT(MissingDecoders(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace verbatim::media
