// `verbatim doctor`: looks at everything that a run needs, and says what is wrong and what to do.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "exit_code.h"
#include "media_sandbox.h"

namespace verbatim::app {

// What was looked at, in the order in which people read it.
struct Finding {
  enum class State { kFine, kNote, kProblem };  // a note: it works, but could be better

  std::string check;  // "cpu", "memory", "sandbox seccomp"
  State state = State::kFine;
  std::string text;                    // what was found
  std::string advice;                  // what to do; empty: nothing
  ExitCode code = ExitCode::kSuccess;  // of a problem
};

// The greatest code of all problems.
ExitCode WorstOf(const std::vector<Finding>& findings);

// One line for each, with what to do below it.
std::string FindingsText(const std::vector<Finding>& findings);

// {"fine": true, "checks": [{"check", "state", "text", "advice"}]}.
std::string FindingsJson(const std::vector<Finding>& findings);

// Of the layers that hold, or why none is to be had. `mode`: what is asked for.
std::vector<Finding> SandboxFindings(const Result<sandbox::LayerReport>& report, SandboxMode mode);

// Prints what was found to standard output.
ExitCode Doctor(const DoctorArguments& arguments, const MediaSandbox& sandbox);

}  // namespace verbatim::app
