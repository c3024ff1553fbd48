// Directories that are no good model: each gives one clear error that names the file at fault.
#include "whisper/model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "kernels/cpu.h"
#include "tests/model_writer.h"
#include "tests/models.h"
#include "tests/tiny_tokenizer.h"

namespace verbatim::whisper {
namespace {

namespace fs = std::filesystem;

// A folder of links to a real model's files, of which a test replaces some.
class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kernels::PrepareThread();
    std::string pattern = (fs::temp_directory_path() / "model_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  void Link(const fs::path& model) {
    for (const char* name : {"model.bin", "config.json", "tokenizer.json"}) {
      fs::create_symlink(model / name, folder_ / name);
    }
  }
  void Write(const std::string& name, const std::string& bytes) {
    std::error_code error;
    fs::remove(folder_ / name, error);
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  void ExpectError(ErrorCode code, const std::string& words) {
    const auto model = Model::Open(folder_, {}, pool_);
    ASSERT_FALSE(model) << words;
    EXPECT_EQ(model.error().code, code) << model.error().message;
    EXPECT_NE(model.error().message.find(words), std::string::npos) << model.error().message;
    EXPECT_NE(model.error().message.find(folder_.string()), std::string::npos);
  }

  fs::path folder_;
  kernels::ThreadPool pool_{1};
};

class RealModelTest : public ModelTest {
 protected:
  void SetUp() override {
    const auto tiny = tests::TestModel("tiny.en");
    if (!tiny) GTEST_SKIP() << tests::ModelMissing("tiny.en");
    ModelTest::SetUp();
    Link(*tiny);
  }
};

TEST_F(RealModelTest, AWholeDirectoryOpens) {
  const auto model = Model::Open(folder_, {}, pool_);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->shape.width, 384U);
  EXPECT_EQ((*model)->shape.vocabulary, static_cast<size_t>((*model)->tokenizer.size()));
}

TEST_F(RealModelTest, EachMissingFileIsNamed) {
  for (const std::string name : {"tokenizer.json", "config.json", "model.bin"}) {
    fs::remove(folder_ / name);
    ExpectError(ErrorCode::kNotFound, name);
  }
}

TEST_F(RealModelTest, ATruncatedModelIsCorrupt) {
  const fs::path original = fs::read_symlink(folder_ / "model.bin");
  const auto size = static_cast<size_t>(fs::file_size(original));
  for (const size_t kept : {size_t{0}, size_t{100}, size_t{1} << 20, size - 1}) {
    std::string bytes(kept, '\0');
    std::ifstream(original, std::ios::binary)
        .read(bytes.data(), static_cast<std::streamsize>(kept));
    Write("model.bin", bytes);
    ExpectError(ErrorCode::kCorruptModel, "model.bin");
  }
}

TEST_F(RealModelTest, ADamagedConfigIsCorrupt) {
  Write("config.json", "{\"suppress_ids\": [1, 2");
  ExpectError(ErrorCode::kCorruptModel, "config.json");
  Write("config.json", R"({"suppress_ids":[],"suppress_ids_begin":[],"alignment_heads":[[99,0]]})");
  ExpectError(ErrorCode::kCorruptModel, "config.json names an alignment head");
  Write("config.json",
        R"({"suppress_ids":[60000],"suppress_ids_begin":[],"alignment_heads":[[1,0]]})");
  ExpectError(ErrorCode::kCorruptModel, "config.json suppresses a token");
}

TEST_F(RealModelTest, ADamagedTokenizerIsCorrupt) {
  Write("tokenizer.json", "{}");
  ExpectError(ErrorCode::kCorruptModel, "tokenizer.json");
}

TEST_F(RealModelTest, ATokenizerOfAnotherModelIsNoticed) {
  Write("tokenizer.json", tests::TinyTokenizerJson());
  ExpectError(ErrorCode::kCorruptModel, "tokenizer.json has");
  const auto base = tests::TestModel("base");
  if (!base) GTEST_SKIP() << tests::ModelMissing("base");
  fs::remove(folder_ / "tokenizer.json");
  fs::copy_file(*base / "tokenizer.json", folder_ / "tokenizer.json");
  ExpectError(ErrorCode::kCorruptModel, "tokenizer.json has 51865 tokens and model.bin 51864");
  // The other way round every token id is in range, and all of them but the text are wrong.
  fs::remove(folder_ / "model.bin");
  fs::create_symlink(*base / "model.bin", folder_ / "model.bin");
  fs::remove(folder_ / "config.json");
  fs::create_symlink(*base / "config.json", folder_ / "config.json");
  fs::remove(folder_ / "tokenizer.json");
  fs::copy_file(*tests::TestModel("tiny.en") / "tokenizer.json", folder_ / "tokenizer.json");
  ExpectError(ErrorCode::kCorruptModel, "tokenizer.json has 51864 tokens and model.bin 51865");
}

// Well-formed model files that are no Whisper model.
class ForeignModelTest : public ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    Write("config.json",
          R"({"suppress_ids":[],"suppress_ids_begin":[],"alignment_heads":[[0,0]]})");
    Write("tokenizer.json", tests::TinyTokenizerJson());
    // Empty tensors may have any shape: they cost nothing and say the sizes.
    model_.tensors = {{"encoder/conv1/weight", {64, 80, 0}, 0, ""},
                      {"decoder/embeddings/weight", {51864, 0}, 0, ""},
                      {"encoder/position_encodings/encodings", {1500, 0}, 0, ""},
                      {"decoder/position_encodings/encodings", {448, 0}, 0, ""},
                      {"encoder/num_heads", {}, 2, tests::BytesOf<int16_t>({1})},
                      {"encoder/layer_0/ffn/linear_0/weight", {0}, 0, ""},
                      {"decoder/layer_0/ffn/linear_0/weight", {0}, 0, ""}};
  }
  void ExpectRefused(const std::string& words) {
    Write("model.bin", ModelBytes(model_));
    ExpectError(ErrorCode::kCorruptModel, words);
  }

  tests::WrittenModel model_;
};

TEST_F(ForeignModelTest, SizesAreCheckedBeforeAnythingIsMade) {
  ExpectRefused("\"decoder/embeddings/weight\" has the shape [51864, 0] instead of [51864, 64]");
  model_.tensors[0].shape = {64, 1000, 0};
  ExpectRefused("1000 mel bands");
  model_.tensors[0].shape = {0xFFFFFFFF, 80, 0};
  ExpectRefused("a width of 4294967295");
  model_.tensors[0].shape = {24, 80, 0};
  ExpectRefused("attention heads of 24");
  model_.tensors[0].shape = {64, 80};
  model_.tensors[0].data = std::string(64 * 80 * 4, '\0');
  ExpectRefused("no Whisper model");
}

TEST_F(ForeignModelTest, HeadsPositionsLayersAndVocabularyAreChecked) {
  const tests::WrittenModel good = model_;
  for (const int16_t heads : {int16_t{0}, int16_t{-1}, int16_t{1000}}) {
    model_.tensors[4].data = tests::BytesOf<int16_t>({heads});
    ExpectRefused("attention heads is out of range");
  }
  model_ = good;
  model_.tensors[3].shape = {0xFFFFFFFF, 0};
  ExpectRefused("position encodings");
  model_ = good;
  model_.tensors[1].shape = {0xFFFFFFFF, 0};
  ExpectRefused("a vocabulary of 4294967295");
  model_ = good;
  model_.tensors.pop_back();
  ExpectRefused("no layers");
  model_.tensors.clear();
  ExpectRefused("no Whisper model");
}

}  // namespace
}  // namespace verbatim::whisper
