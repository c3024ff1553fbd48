// What `verbatim bench` shows of its numbers. Pure: report in, text out.
#pragma once

#include <string>

#include "measure/bench.h"
#include "measure/calibration.h"

namespace verbatim::app {

// A table for a person.
std::string BenchText(const std::string& model, const measure::BenchReport& report);

// The same as one JSON object, with a line end: docs/cli.md.
std::string BenchJson(const std::string& model, const measure::BenchReport& report);

// What was tried on this machine and what was chosen, for a person.
std::string CalibrationText(const std::string& model, const measure::CalibrationReport& report);

}  // namespace verbatim::app
