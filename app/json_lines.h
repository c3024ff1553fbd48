// The events of `--progress json`: one JSON object each, on one line, ended (docs/cli.md).
#pragma once

#include <boost/json/object.hpp>
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
std::string WarningLine(const std::string& message);
std::string ErrorLine(const Error& error);
std::string EndLine(const RunEnd& end);

const char* ComputeTypeName(pipeline::ComputeType type);  // as --compute-type has it
const char* AudioTypeName(pipeline::AudioType type);
const char* ShapeTypeName(const pipeline::Engine::Shape& shape);  // "mixed" if parts differ

// Of each part of the model, and of each choice where it came from.
boost::json::object FormatsObject(const pipeline::PartFormats& formats);
boost::json::object OriginsObject(const pipeline::Engine::Shape& shape);

}  // namespace verbatim::app
