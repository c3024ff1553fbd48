#include "exit_code.h"

#include <gtest/gtest.h>

namespace verbatim::app {
namespace {

struct Row {
  ErrorCode code;
  ExitCode arguments;
  ExitCode model;
  ExitCode file;
};

constexpr Row kRows[] = {
    {ErrorCode::kInvalidArgument, ExitCode::kUsage, ExitCode::kUsage, ExitCode::kUsage},
    {ErrorCode::kNotFound, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kConflict, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kTooLarge, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kBusy, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kUnsupportedMedia, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kCorruptMedia, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kCorruptModel, ExitCode::kModel, ExitCode::kModel, ExitCode::kModel},
    {ErrorCode::kCorruptDatabase, ExitCode::kInternal, ExitCode::kInternal, ExitCode::kInternal},
    {ErrorCode::kOutOfSpace, ExitCode::kOutOfSpace, ExitCode::kOutOfSpace, ExitCode::kOutOfSpace},
    {ErrorCode::kIo, ExitCode::kUsage, ExitCode::kModel, ExitCode::kFileFailed},
    {ErrorCode::kCancelled, ExitCode::kInterrupted, ExitCode::kInterrupted, ExitCode::kInterrupted},
    {ErrorCode::kInternal, ExitCode::kInternal, ExitCode::kInternal, ExitCode::kInternal},
};

TEST(ExitCodeTest, EveryCodeHasItsRow) {
  ASSERT_EQ(std::size(kRows), static_cast<size_t>(ErrorCode::kInternal) + 1);
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const Row& row = kRows[i];
    EXPECT_EQ(static_cast<size_t>(row.code), i);
    EXPECT_EQ(ExitCodeOf(row.code, Stage::kArguments), row.arguments) << ErrorCodeName(row.code);
    EXPECT_EQ(ExitCodeOf(row.code, Stage::kModel), row.model) << ErrorCodeName(row.code);
    EXPECT_EQ(ExitCodeOf(row.code, Stage::kFile), row.file) << ErrorCodeName(row.code);
  }
}

TEST(ExitCodeTest, TheWorstFileDecides) {
  EXPECT_EQ(Worse(ExitCode::kSuccess, ExitCode::kFileFailed), ExitCode::kFileFailed);
  EXPECT_EQ(Worse(ExitCode::kOutOfSpace, ExitCode::kFileFailed), ExitCode::kOutOfSpace);
}

}  // namespace
}  // namespace verbatim::app
