// The events of `--progress json`: one JSON object each, on one line, ended (docs/cli.md).
#pragma once

#include <string>

#include "report.h"

namespace verbatim::app {

// Each makes one line. Unit: seconds; negative `seconds_left` and a `speed` of 0 are unknown.
std::string StartLine(const RunStart& start);
std::string ProgressJson(const pipeline::Progress& progress, double speed, double seconds_left);
std::string SegmentLine(size_t file, const transcript::Segment& segment);
std::string FileDoneLine(const FileDone& done);
std::string FileFailedLine(const FileFailed& failed);
std::string PullJson(const std::string& model, const models::PullProgress& progress);
std::string ErrorLine(const Error& error);
std::string EndLine(const RunEnd& end);

const char* ComputeTypeName(pipeline::ComputeType type);  // as --compute-type has it

}  // namespace verbatim::app
