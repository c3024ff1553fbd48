#include "calibration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/atomic_file.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
using pipeline::AudioType;
using pipeline::ComputeType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CalibrationEntry Example(const std::string& cpu, const std::string& model) {
  return {{cpu, "avx512_bf16", 8, model, 145'000'000},
          {{ComputeType::kInt8, ComputeType::kF32, ComputeType::kBf16, AudioType::kHalf}, 4, 2, 8},
          {{1, 8, 7.25, 0}, {2, 4, 9.5, 250'000'000}}};
}

std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseCalibrations(text);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  return parsed.error().message;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class WarningsReporter : public Reporter {
 public:
  void OnPull(const std::string&, const models::PullProgress&) override {}
  void OnLoading(const std::string&) override {}
  void OnStart(const RunStart&) override {}
  void OnProgress(const pipeline::Progress&) override {}
  void OnSegment(size_t, const transcript::Segment&) override {}
  void OnFileDone(const FileDone&) override {}
  void OnFileFailed(const FileFailed&) override {}
  void OnWarning(const std::string& message) override { warnings.push_back(message); }
  void OnError(const Error&) override {}
  void OnEnd(const RunEnd&) override {}

  std::vector<std::string> warnings;
};

class CalibrationFileTest : public testing::Test {
 protected:
  CalibrationFileTest() {
    fs::create_directories(folder_ / "tiny");
    std::ofstream(folder_ / "tiny" / "model.bin") << "weights";
  }
  ~CalibrationFileTest() override { fs::remove_all(folder_); }

  std::optional<CalibrationEntry> Stored() {
    return StoredCalibration(path_.string(), folder_ / "tiny", reporter_);
  }

  // One for each test: they run at the same time.
  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("calibration_file_test." +
                      std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
  fs::path path_ = folder_ / "cache" / "calibration.json";
  WarningsReporter reporter_;
};

TEST(CalibrationTextTest, WhatIsWrittenIsReadBack) {
  const std::vector<CalibrationEntry> entries{Example("a \"CPU\"", "base"), Example("b", "tiny")};
  EXPECT_EQ(*ParseCalibrations(CalibrationJson(entries)), entries);
  EXPECT_THAT(*ParseCalibrations(CalibrationJson({})), IsEmpty());
}

TEST(CalibrationTextTest, DamageIsNamed) {
  const std::string good = CalibrationJson({Example("a", "base")});
  for (size_t length = 0; length + 2 < good.size(); ++length) {
    EXPECT_THAT(ErrorOf(good.substr(0, length)), HasSubstr("it is damaged")) << length;
  }
  const struct {
    const char *from, *to, *message;
  } cases[] = {
      {"verbatim calibration", "other", "it is no calibration"},
      {"\"format_version\":1", "\"format_version\":2", "another version"},
      {"\"entries\":[", "\"entries\":1,\"x\":[", "entries is no list"},
      {"\"cpu\":", "\"x\":", "cpu is missing"},
      {"\"cpu\":\"a\"", "\"cpu\":1", "cpu is no text"},
      {"\"cpus\":8", "\"cpus\":0", "cpus is no number in its range"},
      {"\"batch\":8", "\"batch\":-1", "batch is no number in its range"},
      {"\"batch\":8", "\"batch\":1e99", "batch is no number in its range"},
      {"\"encoder\":\"int8\"", "\"encoder\":\"auto\"", "encoder is no format"},
      {"\"attention\":\"f32\"", "\"attention\":\"int8\"", "attention is neither"},
      {"\"curve\":[", "\"curve\":1,\"x\":[", "curve is no list"},
      {"\"speed\":7.25E0", "\"speed\":-1", "speed is no number in its range"},
      {"\"speed\":7.25E0", "\"speed\":\"fast\"", "speed is no number in its range"},
      {"\"memory_bytes\":250000000", "\"memory_bytes\":1e99", "memory_bytes is no number"},
      {"\"workers\":2", "\"workers\":1", "curve is not in the order of workers"},
      {"\"audio\":\"half\"", "\"audio\":\"f32\"", "audio is neither"},
  };
  for (const auto& damage : cases) {
    EXPECT_THAT(ErrorOf(Replaced(good, damage.from, damage.to)), HasSubstr(damage.message));
  }
  EXPECT_EQ(ErrorOf("[]"), "it is no calibration");
}

TEST(CalibrationTextTest, FilesOfOlderVersionsHaveNoCurve) {
  const std::string text = CalibrationJson({Example("a", "base")});
  const size_t begin = text.find(",\"curve\":[");
  const size_t end = text.find(']', begin);
  ASSERT_NE(begin, std::string::npos);
  const auto entries = ParseCalibrations(text.substr(0, begin) + text.substr(end + 1));
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_EQ(entries->front().chosen, Example("a", "base").chosen);
  EXPECT_THAT(entries->front().curve, IsEmpty());
}

TEST_F(CalibrationFileTest, AnEntryReplacesThatOfItsKeyAlone) {
  const CalibrationEntry other = Example("b", "base");
  CalibrationEntry entry = Example("a", "base");
  ASSERT_TRUE(StoreCalibration(path_, entry));
  ASSERT_TRUE(StoreCalibration(path_, other));
  entry.chosen.batch = 1;
  ASSERT_TRUE(StoreCalibration(path_, entry));
  EXPECT_THAT(*ReadCalibrations(path_), ElementsAre(other, entry));
}

TEST_F(CalibrationFileTest, OnlyTheEntryOfThisMachineAndModelCounts) {
  EXPECT_FALSE(Stored());  // no file
  CalibrationEntry entry = Example("no such CPU", "tiny");
  ASSERT_TRUE(StoreCalibration(path_, entry));
  EXPECT_FALSE(Stored());
  entry.key = *measure::CalibrationKeyOf(folder_ / "tiny");
  ASSERT_TRUE(StoreCalibration(path_, entry));
  EXPECT_EQ(Stored(), entry);
  std::ofstream(folder_ / "tiny" / "model.bin") << "other weights";
  EXPECT_FALSE(Stored());
  EXPECT_THAT(reporter_.warnings, IsEmpty());
}

TEST_F(CalibrationFileTest, AFileThatCannotBeUsedIsOneWarningAndStays) {
  fs::create_directories(path_.parent_path());
  std::ofstream(path_) << "{\"format\": ";
  EXPECT_FALSE(Stored());
  EXPECT_THAT(reporter_.warnings, ElementsAre(HasSubstr("calibration.json: it is damaged")));
  const auto stored = StoreCalibration(path_, Example("a", "base"));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(*ReadFile(path_, 100), "{\"format\": ");
}

TEST(CalibrationPathTest, TheFlagComesBeforeTheVariable) {
  unsetenv("VERBATIM_CALIBRATION");
  EXPECT_EQ(CalibrationPath("")->filename(), "calibration.json");
  EXPECT_EQ(CalibrationPath("off"), std::nullopt);
  setenv("VERBATIM_CALIBRATION", "off", 1);
  EXPECT_EQ(CalibrationPath(""), std::nullopt);
  EXPECT_EQ(CalibrationPath("here.json"), fs::path("here.json"));
  setenv("VERBATIM_CALIBRATION", "there.json", 1);
  EXPECT_EQ(CalibrationPath(""), fs::path("there.json"));
  unsetenv("VERBATIM_CALIBRATION");
}

}  // namespace
}  // namespace verbatim::app
