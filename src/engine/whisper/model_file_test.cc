#include "whisper/model_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/model_writer.h"

namespace verbatim::whisper {
namespace {

using tests::BytesOf;
using tests::ModelBytes;
using tests::WrittenModel;

// One tensor of each format, scales, a single number, and an alias.
WrittenModel SmallModel() {
  return {.tensors = {{"a/weight", {2, 3}, 0, BytesOf<float>({1, 2, 3, 4, 5, 6})},
                      {"b/weight", {2, 2}, 1, BytesOf<int8_t>({10, -20, 30, -40})},
                      {"b/weight_scale", {2}, 0, BytesOf<float>({10, 4})},
                      {"c", {2}, 2, BytesOf<int16_t>({-5, 6})},
                      {"d", {}, 3, BytesOf<int32_t>({8})},
                      {"e", {1, 2, 1}, 4, BytesOf<uint16_t>({0x3C00, 0xC000})}},
          .aliases = {{"z/weight", "a/weight"}}};
}

Result<ModelFile> Parse(const std::string& bytes) {
  return ModelFile::Parse(std::as_bytes(std::span(bytes)));
}

void ExpectCorrupt(const std::string& bytes, std::string_view words) {
  const Result<ModelFile> file = Parse(bytes);
  ASSERT_FALSE(file) << words;
  EXPECT_EQ(file.error().code, ErrorCode::kCorruptModel);
  EXPECT_NE(file.error().message.find(words), std::string::npos) << file.error().message;
}

WrittenModel OneTensor(std::vector<uint32_t> shape, std::string data, int64_t size = -1) {
  return {.tensors = {{"t", std::move(shape), 0, std::move(data), size}}};
}

TEST(ModelFileTest, ReadsEveryFormat) {
  const std::string bytes = ModelBytes(SmallModel());
  const Result<ModelFile> file = Parse(bytes);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->spec(), "WhisperSpec");
  EXPECT_EQ(file->Find("a/weight")->ToFloats(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(file->Find("b/weight")->ToFloats(), (std::vector<float>{1, -2, 7.5F, -10}));
  EXPECT_EQ(file->Find("c")->ToFloats(), (std::vector<float>{-5, 6}));
  EXPECT_EQ(file->Find("d")->ToFloats(), std::vector<float>{8});
  EXPECT_EQ(file->Find("e")->ToFloats(), (std::vector<float>{1, -2}));
  EXPECT_EQ(file->Find("z/weight")->ToFloats(), file->Find("a/weight")->ToFloats());
  EXPECT_EQ(file->Find("y"), nullptr);
}

TEST(ModelFileTest, GetSaysWhatDoesNotFit) {
  const std::string bytes = ModelBytes(SmallModel());
  const Result<ModelFile> file = Parse(bytes);
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->Get("a/weight", std::vector<size_t>{2, 3}));
  const auto other = file->Get("a/weight", std::vector<size_t>{3, 2});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "\"a/weight\" has the shape [2, 3] instead of [3, 2]");
  const auto missing = file->Get("q", std::vector<size_t>{1});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "\"q\" is missing");
}

TEST(ModelFileTest, EveryTruncationIsNoticed) {
  const std::string bytes = ModelBytes(SmallModel());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string cut = bytes.substr(0, length);  // ends where its memory ends
    const Result<ModelFile> file = Parse(cut);
    ASSERT_FALSE(file) << length;
    EXPECT_EQ(file.error().code, ErrorCode::kCorruptModel);
    EXPECT_FALSE(file.error().message.empty());
  }
}

// Every value of every byte: an error, or tensors that can be read.
TEST(ModelFileTest, EveryChangedByteGivesAResult) {
  const std::string bytes = ModelBytes(SmallModel());
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      const Result<ModelFile> file = Parse(changed);
      if (!file) {
        ++refused;
        ASSERT_EQ(file.error().code, ErrorCode::kCorruptModel);
        continue;
      }
      for (const char* name : {"a/weight", "b/weight", "b/weight_scale", "c", "d", "e"}) {
        const nn::TensorView* tensor = file->Find(name);
        if (tensor == nullptr) continue;
        ASSERT_EQ(tensor->ToFloats().size(), tensor->count());
      }
    }
  }
  EXPECT_GT(refused, bytes.size() * 64);  // names and numbers may change unnoticed, structure not
}

TEST(ModelFileTest, WrongVersionIsNamed) {
  ExpectCorrupt(ModelBytes({.version = 5}), "version 6 (the first number is 5)");
  ExpectCorrupt("\x89PNG\r\n\x1a\n0123456789", "not a CTranslate2 model");
}

TEST(ModelFileTest, SizesMustFitTheShape) {
  ExpectCorrupt(ModelBytes(OneTensor({2}, std::string(8, 'x'), 4)), "not what its shape needs");
  ExpectCorrupt(ModelBytes(OneTensor({2}, std::string(8, 'x'), 12)), "not what its shape needs");
  ExpectCorrupt(ModelBytes(OneTensor({3}, std::string(8, 'x'), 12)), "too early");
}

TEST(ModelFileTest, OverflowingShapesAreRefused) {
  constexpr uint32_t kMax = 0xFFFFFFFF;
  ExpectCorrupt(ModelBytes(OneTensor({kMax, kMax, kMax}, "")), "beyond all bounds");
  // 2^64 numbers, and 2^62 numbers of four bytes: both wrap around to a size of 0.
  ExpectCorrupt(ModelBytes(OneTensor({1U << 31, 1U << 31, 4}, "")), "beyond all bounds");
  ExpectCorrupt(ModelBytes(OneTensor({1U << 31, 1U << 31}, "")), "not what its shape needs");
  ExpectCorrupt(ModelBytes(OneTensor({1, 1, 1, 1, 1}, "abcd")), "5 dimensions");
  ExpectCorrupt(ModelBytes(OneTensor({kMax}, "", 0xFFFFFFFC)), "not what its shape needs");
}

TEST(ModelFileTest, UnknownNumberFormatIsRefused) {
  ExpectCorrupt(ModelBytes({.tensors = {{"t", {1}, 5, "abcd"}}}), "unknown number format 5");
}

TEST(ModelFileTest, AliasesOfNothingAreRefused) {
  ExpectCorrupt(ModelBytes({.aliases = {{"a", "b"}}}), "an alias names \"b\"");
}

TEST(ModelFileTest, BytesAfterTheEndAreRefused) {
  ExpectCorrupt(ModelBytes({.after = "xyz"}), "3 bytes follow");
}

TEST(ModelFileTest, HugeCountsEndWithTheFile) {
  std::string bytes;
  tests::AppendNumber(bytes, uint32_t{6});
  tests::AppendName(bytes, "WhisperSpec");
  tests::AppendNumber(bytes, uint32_t{3});
  tests::AppendNumber(bytes, uint32_t{0xFFFFFFFF});
  ExpectCorrupt(bytes, "too early");
}

TEST(ModelFileTest, NamesMustEndInZero) {
  std::string bytes;
  tests::AppendNumber(bytes, uint32_t{6});
  tests::AppendNumber(bytes, uint16_t{3});
  ExpectCorrupt(bytes + "abc", "does not end in zero");
  std::string empty = bytes.substr(0, 4);
  tests::AppendNumber(empty, uint16_t{0});
  ExpectCorrupt(empty + "abc", "does not end in zero");
}

TEST(ModelFileTest, ScalesThatDoNotFitAreLeftAlone) {
  WrittenModel model = SmallModel();
  model.tensors[2] = {"b/weight_scale", {3}, 0, BytesOf<float>({10, 4, 2})};
  const std::string bytes = ModelBytes(model);
  const Result<ModelFile> file = Parse(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->Find("b/weight")->ToFloats(), (std::vector<float>{10, -20, 30, -40}));
}

class ModelFileOnDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "model_file_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  std::filesystem::path Write(const std::string& bytes) const {
    const std::filesystem::path path = folder_ / "model.bin";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(ModelFileOnDiskTest, TensorsOutliveTheirMove) {
  Result<ModelFile> file = ModelFile::Open(Write(ModelBytes(SmallModel())));
  ASSERT_TRUE(file) << file.error().message;
  const ModelFile moved = *std::move(file);
  EXPECT_EQ(moved.Find("c")->ToFloats(), (std::vector<float>{-5, 6}));
}

TEST_F(ModelFileOnDiskTest, ErrorsNameTheFile) {
  const auto missing = ModelFile::Open(folder_ / "model.bin");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("model.bin"), std::string::npos);
  for (const std::string& bytes : {std::string(), std::string("\6\0\0\0", 4)}) {
    const auto broken = ModelFile::Open(Write(bytes));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::kCorruptModel);
    EXPECT_NE(broken.error().message.find("model.bin"), std::string::npos);
  }
  const auto directory = ModelFile::Open(folder_);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::kCorruptModel);
}

}  // namespace
}  // namespace verbatim::whisper
