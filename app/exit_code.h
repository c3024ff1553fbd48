// The program's exit codes, in one table with docs/cli.md.
#pragma once

#include "base/error.h"

namespace verbatim::app {

enum class ExitCode {
  kSuccess = 0,
  kFileFailed = 1,     // a file could not be read, transcribed or written; the others were
  kUsage = 2,          // a flag or a value is wrong; nothing was done
  kModel = 3,          // the model is missing, damaged, or could not be fetched
  kOutOfSpace = 4,     // a disk is full
  kInternal = 70,      // a bug
  kInterrupted = 130,  // Ctrl-C
  kTerminated = 143,   // asked to end (SIGTERM, SIGHUP)
};

// What was being done when the error came.
enum class Stage { kArguments, kModel, kFile };

ExitCode ExitCodeOf(ErrorCode code, Stage stage);

// Of two, the one the program ends with: the greater.
ExitCode Worse(ExitCode left, ExitCode right);

}  // namespace verbatim::app
