#include "exit_code.h"

#include <algorithm>

namespace verbatim::app {

ExitCode ExitCodeOf(ErrorCode code, Stage stage) {
  switch (code) {
    case ErrorCode::kCancelled: return ExitCode::kInterrupted;
    case ErrorCode::kOutOfSpace: return ExitCode::kOutOfSpace;
    case ErrorCode::kCorruptDatabase:
    case ErrorCode::kInternal: return ExitCode::kInternal;
    case ErrorCode::kInvalidArgument: return ExitCode::kUsage;
    case ErrorCode::kCorruptModel: return ExitCode::kModel;
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kTooLarge:
    case ErrorCode::kBusy:
    case ErrorCode::kUnsupportedMedia:
    case ErrorCode::kCorruptMedia:
    case ErrorCode::kIo: break;
  }
  switch (stage) {
    case Stage::kArguments: return ExitCode::kUsage;
    case Stage::kModel: return ExitCode::kModel;
    case Stage::kFile: return ExitCode::kFileFailed;
  }
  return ExitCode::kInternal;
}

ExitCode Worse(ExitCode left, ExitCode right) { return std::max(left, right); }

}  // namespace verbatim::app
