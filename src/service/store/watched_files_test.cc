#include "store/watched_files.h"

#include <gtest/gtest.h>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

class WatchedFilesTest : public ::testing::Test, protected TestDatabase {};

TEST_F(WatchedFilesTest, AreKnownByTheirPaths) {
  ASSERT_TRUE(Write(PutWatchedFile, WatchedFile{"a/talk.mp4", 1000, 5, "upload", false}));
  ASSERT_TRUE(Write(PutWatchedFile, WatchedFile{"b.mp4", 7, 6, "", true}));
  const std::string path = "a/talk.mp4";
  EXPECT_EQ((*Read(FindWatchedFile, path))->size, 1000U);
  EXPECT_FALSE(Read(FindWatchedFile, std::string("c.mp4"))->has_value());
  EXPECT_EQ(Read(PendingWatchedFiles)->at(0).upload, "upload");
  ASSERT_TRUE(Write(PutWatchedFile, WatchedFile{path, 2000, 9, "upload", true}));
  EXPECT_EQ((*Read(FindWatchedFile, path))->mtime_ns, 9);
  EXPECT_TRUE(Read(PendingWatchedFiles)->empty());
}

}  // namespace
}  // namespace verbatim::store
