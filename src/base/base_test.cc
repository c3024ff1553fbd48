#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/contain.h"
#include "base/error.h"
#include "base/no_memory.h"
#include "base/sample_time.h"
#include "base/system_text.h"

namespace verbatim {
namespace {

using ::testing::HasSubstr;

TEST(ErrorTest, ContextStandsInFront) {
  const Error error = Error{ErrorCode::kIo, "no such device"}.WithContext("reading a.mp4");
  EXPECT_EQ(error.message, "reading a.mp4: no such device");
}

TEST(ErrorTest, CodesAreFoundByTheirNames) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(FindErrorCode(ErrorCodeName(code)), code) << ErrorCodeName(code);
  }
  EXPECT_FALSE(FindErrorCode("none"));
}

TEST(ErrorTest, SystemErrorsMapToWhatACallerCanDo) {
  EXPECT_EQ(SystemError(ENOENT, "opening x").code, ErrorCode::kNotFound);
  EXPECT_EQ(SystemError(ENOSPC, "writing x").code, ErrorCode::kOutOfSpace);
  EXPECT_EQ(SystemError(EMFILE, "opening x").code, ErrorCode::kBusy);
  EXPECT_EQ(SystemError(EAGAIN, "starting a process").code, ErrorCode::kBusy);
  EXPECT_EQ(SystemError(EACCES, "writing x").code, ErrorCode::kIo);
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(ErrorCode::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> Quarter(int value) { return Half(TRY(Half(value))); }

TEST(ErrorTest, TryYieldsOrReturns) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).error().message, "odd");
}

TEST(SampleTimeTest, RoundsToTheNearestMillisecond) {
  EXPECT_EQ(ToMilliseconds(SampleTime{7}), 0);
  EXPECT_EQ(ToMilliseconds(SampleTime{8}), 1);
  EXPECT_EQ(ToMilliseconds(SampleTime{16000}), 1000);
  EXPECT_EQ(ToMilliseconds(SampleTime{-8}), 0);
  EXPECT_EQ(ToMilliseconds(SampleTime{-9}), -1);
}

class AtomicFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / ("atomic_file_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path directory_;
};

TEST_F(AtomicFileTest, ReplacesTheWholeFileAndLeavesNothingElse) {
  ASSERT_TRUE(WriteFileAtomically(directory_ / "a.txt", "a long first version"));
  ASSERT_TRUE(WriteFileAtomically(directory_ / "a.txt", "second"));
  EXPECT_EQ(*ReadFile(directory_ / "a.txt", 100), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(AtomicFileTest, SaysWhatCouldNotBeWritten) {
  const Result<void> result = WriteFileAtomically(directory_ / "missing" / "a.txt", "x");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("missing/a.txt"));
}

TEST_F(AtomicFileTest, ReadRefusesWhatIsLargerThanAllowed) {
  ASSERT_TRUE(WriteFileAtomically(directory_ / "a.txt", "0123456789"));
  EXPECT_EQ(ReadFile(directory_ / "a.txt", 9).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(ReadFile(directory_ / "a.txt", 10));
}

TEST(SystemTextTest, WhatOpensButCantBeReadIsNone) {
  EXPECT_TRUE(ReadText("/proc/self/stat"));
  EXPECT_FALSE(ReadText("/proc/self/mem"));  // as of a process that ended in between
}

TEST(NoMemory, OfALibraryOfCEndsAsOurOwnDoes) {
  const auto need = [](bool is_done) { return Contain([is_done] { RequireMemory(is_done); }); };
  EXPECT_TRUE(need(true));
  EXPECT_EQ(need(false).error().code, ErrorCode::kBusy);
}

}  // namespace
}  // namespace verbatim
