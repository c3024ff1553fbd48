#include "json_lines.h"

#include <boost/json.hpp>
#include <cmath>

#include "base/sample_time.h"
#include "text.h"

namespace verbatim::app {
namespace {

namespace json = boost::json;

std::string Line(const json::object& event) { return json::serialize(event) + "\n"; }

// Milliseconds are exact enough, and do not print as 12.299999999999999.
double Rounded(double number) { return std::round(number * 1000) / 1000; }

double Seconds(SampleTime time) { return static_cast<double>(ToMilliseconds(time)) / 1000; }

json::array Strings(const std::vector<std::string>& strings) {
  json::array array;
  for (const std::string& text : strings) array.emplace_back(ToValidUtf8(text));
  return array;
}

}  // namespace

const char* ComputeTypeName(pipeline::ComputeType type) {
  switch (type) {
    case pipeline::ComputeType::kAuto: return "auto";
    case pipeline::ComputeType::kInt8: return "int8";
    case pipeline::ComputeType::kBf16: return "bf16";
    case pipeline::ComputeType::kF32: return "f32";
  }
  return "auto";
}

const char* AudioTypeName(pipeline::AudioType type) {
  return type == pipeline::AudioType::kInt8 ? "int8" : "half";
}

const char* ShapeTypeName(const pipeline::Engine::Shape& shape) {
  return shape.compute_type == pipeline::ComputeType::kAuto ? "mixed"
                                                            : ComputeTypeName(shape.compute_type);
}

const char* OriginName(pipeline::Origin origin) {
  switch (origin) {
    case pipeline::Origin::kRule: return "rule";
    case pipeline::Origin::kCalibration: return "calibration";
    case pipeline::Origin::kOptions: return "options";
  }
  return "rule";
}

json::object FormatsObject(const pipeline::PartFormats& formats) {
  return {{"encoder", ComputeTypeName(formats.encoder)},
          {"attention", ComputeTypeName(formats.attention)},
          {"decoder", ComputeTypeName(formats.decoder)},
          {"audio", AudioTypeName(formats.audio)}};
}

json::object OriginsObject(const pipeline::Engine::Shape& shape) {
  return {{"formats", OriginName(shape.formats_from)},
          {"workers", OriginName(shape.workers_from)},
          {"threads", OriginName(shape.threads_from)},
          {"batch", OriginName(shape.batch_from)}};
}

const char* StageName(models::PullStage stage) {
  switch (stage) {
    case models::PullStage::kWaiting: return "waiting";
    case models::PullStage::kDownloading: return "downloading";
    case models::PullStage::kVerifying: return "verifying";
  }
  return "downloading";
}

json::value OrNull(double number) { return number > 0 ? json::value(Rounded(number)) : nullptr; }

std::string StartLine(const RunStart& start) {
  return Line({{"event", "start"},
               {"version", VERBATIM_VERSION},
               {"model", ToValidUtf8(start.model)},
               {"compute_type", ShapeTypeName(start.shape)},
               {"workers", start.shape.workers},
               {"threads", start.shape.threads},
               {"batch", start.shape.batch},
               {"formats", FormatsObject(start.shape.formats)},
               {"chosen_by", OriginsObject(start.shape)},
               {"files", Strings(start.files)}});
}

std::string ProgressJson(const pipeline::Progress& progress, double speed, double seconds_left) {
  return Line(
      {{"event", "progress"},
       {"file", progress.file},
       {"position", Seconds(progress.position)},
       {"duration", OrNull(Seconds(progress.duration))},
       {"share", Rounded(progress.share)},
       {"speed", OrNull(speed)},
       {"eta", seconds_left < 0 ? json::value(nullptr) : json::value(Rounded(seconds_left))}});
}

std::string SegmentLine(size_t file, const transcript::Segment& segment) {
  return Line({{"event", "segment"},
               {"file", file},
               {"start", Seconds(segment.begin)},
               {"end", Seconds(segment.end)},
               {"text", ToValidUtf8(segment.text)}});
}

std::string FileDoneLine(const FileDone& done) {
  const double speed = done.elapsed_seconds > 0 ? done.duration_seconds / done.elapsed_seconds : 0;
  return Line({{"event", "file_done"},
               {"file", done.file},
               {"path", ToValidUtf8(done.path)},
               {"duration", Rounded(done.duration_seconds)},
               {"elapsed", Rounded(done.elapsed_seconds)},
               {"speed", OrNull(speed)},
               {"words", done.word_count},
               {"language", ToValidUtf8(done.language)},
               {"outputs", Strings(done.outputs)},
               {"warnings", Strings(done.warnings)}});
}

std::string FileFailedLine(const FileFailed& failed) {
  return Line({{"event", "file_failed"},
               {"file", failed.file},
               {"path", ToValidUtf8(failed.path)},
               {"code", ErrorCodeName(failed.error.code)},
               {"message", ToValidUtf8(failed.error.message)}});
}

std::string PullJson(const std::string& model, const models::PullProgress& progress) {
  return Line({{"event", "pull"},
               {"model", model},
               {"stage", StageName(progress.stage)},
               {"file", progress.file},
               {"done_bytes", progress.done_bytes},
               {"total_bytes", progress.total_bytes > 0 ? json::value(progress.total_bytes)
                                                        : json::value(nullptr)}});
}

std::string WarningLine(const std::string& message) {
  return Line({{"event", "warning"}, {"message", ToValidUtf8(message)}});
}

std::string ErrorLine(const Error& error) {
  return Line({{"event", "error"},
               {"code", ErrorCodeName(error.code)},
               {"message", ToValidUtf8(error.message)}});
}

std::string EndLine(const RunEnd& end) {
  return Line({{"event", "done"},
               {"files", end.file_count},
               {"failed", end.failed_count},
               {"elapsed", Rounded(end.elapsed_seconds)},
               {"exit_code", static_cast<int>(end.exit_code)}});
}

}  // namespace verbatim::app
