#include "base/byte_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

namespace verbatim {
namespace {

class FileSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name =
        (std::filesystem::temp_directory_path() / "byte_source_test_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Write(const std::string& text) const {
    std::ofstream(folder_ / "a.bin", std::ios::binary) << text;
    return folder_ / "a.bin";
  }

  std::filesystem::path folder_;
};

std::string Read(ByteSource& source, uint64_t offset, size_t count) {
  std::string bytes(count, '?');
  const auto got = source.ReadAt(offset, bytes, {});
  if (!got) return "error";
  bytes.resize(*got);
  return bytes;
}

TEST_F(FileSourceTest, ReadsFromAnyPlace) {
  const auto source = OpenFileSource(Write("0123456789"));
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), 10U);
  EXPECT_EQ((*source)->available(), 10U);
  EXPECT_EQ(Read(**source, 0, 10), "0123456789");
  EXPECT_EQ(Read(**source, 7, 2), "78");
  EXPECT_EQ(Read(**source, 2, 2), "23");
}

TEST_F(FileSourceTest, EndsAtItsEnd) {
  const auto source = OpenFileSource(Write("0123456789"));
  ASSERT_TRUE(source);
  EXPECT_EQ(Read(**source, 8, 100), "89");
  EXPECT_EQ(Read(**source, 10, 100), "");
  EXPECT_EQ(Read(**source, UINT64_MAX, 100), "");
}

TEST_F(FileSourceTest, KeepsTheFileWhenItsNameIsGone) {
  const auto path = Write("0123456789");
  const auto source = OpenFileSource(path);
  ASSERT_TRUE(source);
  std::filesystem::remove(path);
  EXPECT_EQ(Read(**source, 0, 3), "012");
}

TEST_F(FileSourceTest, MayBeEmpty) {
  const auto source = OpenFileSource(Write(""));
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), 0U);
  EXPECT_EQ(Read(**source, 0, 3), "");
}

TEST_F(FileSourceTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(OpenFileSource(folder_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(OpenFileSource(folder_).error().code, ErrorCode::kIo);
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto refused = OpenFileSource(pipe);  // and does not wait for a writer
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_THAT(refused.error().message, ::testing::Not(::testing::HasSubstr("pipe")));
}

}  // namespace
}  // namespace verbatim
