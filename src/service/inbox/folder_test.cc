#include "inbox/impl/folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "inbox/inbox.h"
#include "store/test_database.h"

namespace verbatim::inbox {
namespace {

namespace fs = std::filesystem;

class FolderTest : public ::testing::Test {
 protected:
  void Add(const char* path) {
    fs::create_directories((folder() / path).parent_path());
    std::ofstream(folder() / path) << "bytes";
  }
  fs::path folder() const { return folder_.path() / "in"; }
  std::string Stem(const fs::path& output, const std::string& path) {
    return ResultStem(folder(), output, path)->lexically_relative(folder_.path()).string();
  }

  store::TemporaryFolder folder_;
};

TEST_F(FolderTest, MediaAreFoundInAllFoldersAndNothingElse) {
  for (const char* path : {"a.mp4", "B.MKV", "deep/er/c.wav", "a.srt", "notes.txt", ".hidden.mp4",
                           ".trash/d.mp4", "noending"}) {
    Add(path);
  }
  fs::create_symlink(folder() / "a.mp4", folder() / "link.mp4");
  const auto files = MediaFiles(folder());
  ASSERT_TRUE(files) << files.error().message;
  std::string names;
  for (const auto& [path, state] : *files) {
    names += path + " ";
    EXPECT_EQ(state.size, 5U);
    EXPECT_EQ(StateOf(folder() / path), state);
  }
  EXPECT_EQ(names, "B.MKV a.mp4 deep/er/c.wav ");
  EXPECT_FALSE(MediaFiles(folder() / "none"));
  EXPECT_EQ(StateOf(folder() / "none"), std::nullopt);
}

TEST_F(FolderTest, ResultsMeetInNoName) {
  for (const char* path : {"a/talk.mp4", "a/talk.txt", "b/talk.mp4", "b/talk.mkv"}) Add(path);
  EXPECT_EQ(Stem("", "a/talk.mp4"), "in/a/talk");
  EXPECT_EQ(Stem("", "b/talk.mp4"), "in/b/talk.mp4");
  EXPECT_EQ(Stem(folder_.path() / "out", "a/talk.mp4"), "out/a/talk");
  EXPECT_TRUE(fs::is_directory(folder_.path() / "out/a"));
}

TEST_F(FolderTest, FormatsAreAListOfNames) {
  using transcript::Format;
  EXPECT_EQ(*ParseFormats("txt,srt,txt"), (std::vector<Format>{Format::kTxt, Format::kSrt}));
  for (const char* bad : {"", "doc", "srt,doc", "srt, txt"}) EXPECT_FALSE(ParseFormats(bad)) << bad;
}

}  // namespace
}  // namespace verbatim::inbox
