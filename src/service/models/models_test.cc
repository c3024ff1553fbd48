#include "models/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "digest/digest.h"
#include "models/impl/checksums.h"

namespace verbatim::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ModelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("models_test_" + std::to_string(getpid()));
    fs::create_directories(root_);
    setenv("VERBATIM_MODEL_DIR", root_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("VERBATIM_MODEL_DIR");
    fs::remove_all(root_);
  }
  void Write(const fs::path& path, std::string_view bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  // A model without pinned sums, with sums recorded.
  void InstallSmall() {
    Checksums sums;
    for (const ModelFile& file : FindInCatalog("small")->files) {
      Write(root_ / "small" / file.name, "bytes of " + file.name);
      sums[file.name] = digest::Sha256("bytes of " + file.name);
    }
    ASSERT_TRUE(WriteChecksums(root_ / "small", sums));
  }
  fs::path root_;
};

TEST_F(ModelsTest, CatalogueIsConsistent) {
  std::set<std::string> names;
  for (const CatalogEntry& entry : Catalog()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.hub_repository.empty());
    EXPECT_EQ(entry.files.back().name, "model.bin") << "the large file comes last";
    for (const ModelFile& file : entry.files) {
      EXPECT_TRUE(file.sha256.empty() || file.sha256.size() == 64) << entry.name << file.name;
    }
    for (const Package& package : entry.packages) {  // never unpinned, from a second source
      for (const PackageMember& member : package.members) {
        const auto file = std::ranges::find(entry.files, member.file, &ModelFile::name);
        ASSERT_NE(file, entry.files.end());
        EXPECT_FALSE(file->sha256.empty());
      }
    }
  }
  EXPECT_EQ(names.size(), 10U);
}

TEST_F(ModelsTest, RootFollowsTheEnvironment) {
  EXPECT_EQ(ModelRoot(), root_);
  unsetenv("VERBATIM_MODEL_DIR");
  setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(ModelRoot(), "/cache/verbatim/models");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_THAT(ModelRoot().string(), HasSubstr(".cache/verbatim/models"));
}

TEST_F(ModelsTest, UnknownNamesAreToldTheChoices) {
  const Error error = FindModel("bass").error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("tiny, tiny.en, base, base.en, small"));
  EXPECT_EQ(FindModel("").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(FindModel("./none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Pull("bass", {}, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ModelsTest, FindsFoldersAndInstalledNames) {
  EXPECT_EQ(*FindModel(root_.string()), root_);
  EXPECT_EQ(FindModel("small").error().code, ErrorCode::kNotFound);
  InstallSmall();
  EXPECT_EQ(*FindModel("small"), root_ / "small");
  fs::remove(root_ / "small" / "vocabulary.txt");
  EXPECT_EQ(FindModel("small").error().code, ErrorCode::kNotFound);
}

TEST_F(ModelsTest, AFileOfAnotherSizeIsNotInstalled) {
  for (const ModelFile& file : FindInCatalog("tiny.en")->files) {
    Write(root_ / "tiny.en" / file.name, "x");
    fs::resize_file(root_ / "tiny.en" / file.name, file.size_bytes);
  }
  EXPECT_TRUE(IsInstalled("tiny.en"));
  EXPECT_EQ(Verify("tiny.en").error().code, ErrorCode::kCorruptModel) << "sizes right, bytes wrong";
  fs::resize_file(root_ / "tiny.en" / "model.bin", 1000);
  EXPECT_FALSE(IsInstalled("tiny.en"));
}

TEST_F(ModelsTest, VerifyNamesTheFirstWrongFile) {
  EXPECT_EQ(Verify("small").error().code, ErrorCode::kNotFound);
  InstallSmall();
  EXPECT_TRUE(Verify("small"));
  EXPECT_TRUE(Verify((root_ / "small").string())) << "folders with sums are compared too";
  Write(root_ / "small" / "model.bin", "bytes of model.bim");
  const Error error = Verify("small").error();
  EXPECT_EQ(error.code, ErrorCode::kCorruptModel);
  EXPECT_THAT(error.message, HasSubstr("small/model.bin is damaged"));
  fs::remove(root_ / "small" / "model.bin");
  EXPECT_THAT(Verify("small").error().message, HasSubstr("model.bin is missing"));
}

TEST_F(ModelsTest, WithoutSumsThereIsNothingToCompare) {
  InstallSmall();
  fs::remove(root_ / "small" / kChecksumsFile);
  EXPECT_EQ(Verify("small").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Verify(root_.string()).error().code, ErrorCode::kNotFound);
}

TEST_F(ModelsTest, ChecksumsPassOverForeignLines) {
  const std::string sum = digest::Sha256("abc");
  Write(root_ / kChecksumsFile, "# note\n" + sum + "  a b.txt\nshort  c\n" + sum + "\n\n" + sum);
  const Checksums read = *ReadChecksums(root_);
  EXPECT_EQ(read, (Checksums{{"a b.txt", sum}}));
}

}  // namespace
}  // namespace verbatim::models
