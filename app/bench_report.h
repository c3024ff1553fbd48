// What `verbatim bench` shows of its numbers. Pure: report in, text out.
#pragma once

#include <string>

#include "pipeline/bench.h"

namespace verbatim::app {

// A table for a person.
std::string BenchText(const std::string& model, const pipeline::BenchReport& report);

// The same as one JSON object, with a line end: docs/cli.md.
std::string BenchJson(const std::string& model, const pipeline::BenchReport& report);

// What was tried on this machine and what was chosen, for a person.
std::string CalibrationText(const std::string& model, const pipeline::CalibrationReport& report);

}  // namespace verbatim::app
