#include "calibration_file.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <functional>
#include <limits>
#include <utility>

#include "base/atomic_file.h"
#include "json_lines.h"
#include "models/models.h"
#include "text.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using measure::CalibrationKey;
using measure::WorkerPoint;
using pipeline::AudioType;
using pipeline::Calibration;
using pipeline::ComputeType;
using pipeline::PartFormats;

constexpr char kFormat[] = "verbatim calibration";
constexpr int kFormatVersion = 1;
constexpr uint64_t kFileSizeMax = 1 << 20;

Failure Wrong(std::string_view name, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, std::string(name) + " " + std::string(what));
}

Result<const json::value*> Field(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  const json::value* field =
      object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
  if (field == nullptr) return Wrong(name, "is missing");
  return field;
}

Result<std::string> Text(const json::value& value, std::string_view name) {
  const json::string* text = TRY(Field(value, name))->if_string();
  if (text == nullptr) return Wrong(name, "is no text");
  return std::string(text->data(), text->size());
}

Result<uint64_t> Number(const json::value& value, std::string_view name, uint64_t max) {
  json::error_code error;
  const auto number = TRY(Field(value, name))->to_number<uint64_t>(error);
  if (error || number < 1 || number > max) return Wrong(name, "is no number in its range");
  return number;
}

Result<int> Count(const json::value& value, std::string_view name) {
  constexpr uint64_t kCountMax = 1 << 16;
  return static_cast<int>(TRY(Number(value, name, kCountMax)));
}

Result<ComputeType> Type(const json::value& value, std::string_view name) {
  const std::string text = TRY(Text(value, name));
  for (const ComputeType type : {ComputeType::kInt8, ComputeType::kBf16, ComputeType::kF32}) {
    if (text == ComputeTypeName(type)) return type;
  }
  return Wrong(name, "is no format of numbers");
}

Result<PartFormats> ReadFormats(const json::value& value) {
  PartFormats formats;
  formats.encoder = TRY(Type(value, "encoder"));
  formats.attention = TRY(Type(value, "attention"));
  if (formats.attention == ComputeType::kInt8) return Wrong("attention", "is neither bf16 nor f32");
  formats.decoder = TRY(Type(value, "decoder"));
  const std::string audio = TRY(Text(value, "audio"));
  if (audio != AudioTypeName(AudioType::kInt8) && audio != AudioTypeName(AudioType::kHalf)) {
    return Wrong("audio", "is neither int8 nor half");
  }
  formats.audio = audio == AudioTypeName(AudioType::kInt8) ? AudioType::kInt8 : AudioType::kHalf;
  return formats;
}

Result<WorkerPoint> ReadPoint(const json::value& value) {
  constexpr uint64_t kMemoryMax = uint64_t{1} << 50;
  constexpr double kSpeedMax = 1e6;
  WorkerPoint point;
  point.workers = TRY(Count(value, "workers"));
  point.threads = TRY(Count(value, "threads"));
  json::error_code error;
  point.speed = TRY(Field(value, "speed"))->to_number<double>(error);
  if (error || !(point.speed > 0) || point.speed > kSpeedMax) {
    return Wrong("speed", "is no number in its range");
  }
  if (Field(value, "memory_bytes")) {
    point.memory_bytes = TRY(Number(value, "memory_bytes", kMemoryMax));
  }
  return point;
}

// Files of older versions have none.
Result<std::vector<WorkerPoint>> ReadCurve(const json::value& value) {
  std::vector<WorkerPoint> curve;
  const Result<const json::value*> field = Field(value, "curve");
  if (!field) return curve;
  const json::array* array = (*field)->if_array();
  if (array == nullptr) return Wrong("curve", "is no list");
  for (const json::value& point : *array) curve.push_back(TRY(ReadPoint(point)));
  if (!std::ranges::is_sorted(curve, std::ranges::less_equal{}, &WorkerPoint::workers)) {
    return Wrong("curve", "is not in the order of workers");
  }
  return curve;
}

Result<CalibrationEntry> ReadEntry(const json::value& value) {
  CalibrationEntry entry;
  CalibrationKey& key = entry.key;
  key.cpu = TRY(Text(value, "cpu"));
  key.instruction_set = TRY(Text(value, "instruction_set"));
  key.cpus = TRY(Count(value, "cpus"));
  key.model = TRY(Text(value, "model"));
  key.model_bytes = TRY(Number(value, "model_bytes", std::numeric_limits<uint64_t>::max()));
  const json::value* formats = TRY(Field(value, "formats"));
  entry.chosen.formats = TRY(ReadFormats(*formats));
  entry.chosen.workers = TRY(Count(value, "workers"));
  entry.chosen.threads = TRY(Count(value, "threads"));
  entry.chosen.batch = TRY(Count(value, "batch"));
  entry.curve = TRY(ReadCurve(value));
  return entry;
}

json::array CurveArray(const std::vector<WorkerPoint>& curve) {
  json::array array;
  for (const WorkerPoint& point : curve) {
    json::object object{
        {"workers", point.workers}, {"threads", point.threads}, {"speed", point.speed}};
    if (point.memory_bytes > 0) object["memory_bytes"] = point.memory_bytes;
    array.push_back(std::move(object));
  }
  return array;
}

json::object EntryObject(const CalibrationEntry& entry) {
  return {{"cpu", ToValidUtf8(entry.key.cpu)},
          {"instruction_set", entry.key.instruction_set},
          {"cpus", entry.key.cpus},
          {"model", ToValidUtf8(entry.key.model)},
          {"model_bytes", entry.key.model_bytes},
          {"formats", FormatsObject(entry.chosen.formats)},
          {"workers", entry.chosen.workers},
          {"threads", entry.chosen.threads},
          {"batch", entry.chosen.batch},
          {"curve", CurveArray(entry.curve)}};
}

// As it stands in the file.
CalibrationKey Stored(CalibrationKey key) {
  key.cpu = ToValidUtf8(key.cpu);
  key.model = ToValidUtf8(key.model);
  return key;
}

}  // namespace

std::optional<fs::path> CalibrationPath(const std::string& flag) {
  const char* variable = std::getenv("VERBATIM_CALIBRATION");
  const std::string said = !flag.empty() ? flag : variable != nullptr ? variable : "";
  if (said == "off") return std::nullopt;
  return said.empty() ? models::CacheRoot() / "calibration.json" : fs::path(said);
}

std::string CalibrationJson(const std::vector<CalibrationEntry>& entries) {
  json::array array;
  for (const CalibrationEntry& entry : entries) array.push_back(EntryObject(entry));
  const json::object object{
      {"format", kFormat}, {"format_version", kFormatVersion}, {"entries", std::move(array)}};
  return json::serialize(object) + "\n";
}

Result<std::vector<CalibrationEntry>> ParseCalibrations(std::string_view text) {
  json::error_code error;
  const json::value document = json::parse({text.data(), text.size()}, error);
  if (error) return Fail(ErrorCode::kInvalidArgument, "it is damaged: " + error.message());
  if (const Result<std::string> format = Text(document, "format"); !format || *format != kFormat) {
    return Fail(ErrorCode::kInvalidArgument, "it is no calibration");
  }
  if (TRY(Count(document, "format_version")) != kFormatVersion) {
    return Fail(ErrorCode::kInvalidArgument, "another version of Verbatim made it");
  }
  const json::array* array = TRY(Field(document, "entries"))->if_array();
  if (array == nullptr) return Wrong("entries", "is no list");
  std::vector<CalibrationEntry> entries;
  for (const json::value& value : *array) entries.push_back(TRY(ReadEntry(value)));
  return entries;
}

Result<std::vector<CalibrationEntry>> ReadCalibrations(const fs::path& path) {
  const auto in_context = [&path](Error error) {
    return Failure(std::move(error).WithContext("the calibration " + path.string()));
  };
  Result<std::string> text = ReadFile(path, kFileSizeMax);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::vector<CalibrationEntry>();
  if (!text) return in_context(std::move(text).error());
  Result<std::vector<CalibrationEntry>> entries = ParseCalibrations(*text);
  if (!entries) return in_context(std::move(entries).error());
  return entries;
}

Result<void> StoreCalibration(const fs::path& path, const CalibrationEntry& entry) {
  std::vector<CalibrationEntry> entries = TRY(ReadCalibrations(path));
  const CalibrationKey key = Stored(entry.key);
  std::erase_if(entries, [&key](const CalibrationEntry& old) { return old.key == key; });
  entries.push_back({key, entry.chosen, entry.curve});
  std::error_code error;  // writing says what is wrong
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  return WriteFileAtomically(path, CalibrationJson(entries));
}

std::optional<CalibrationEntry> StoredCalibration(const std::string& flag,
                                                  const fs::path& model_directory,
                                                  Reporter& reporter) {
  const std::optional<fs::path> path = CalibrationPath(flag);
  if (!path) return std::nullopt;
  const Result<std::vector<CalibrationEntry>> entries = ReadCalibrations(*path);
  if (!entries) {
    reporter.OnWarning(entries.error().message + "; it is not used");
    return std::nullopt;
  }
  if (entries->empty()) return std::nullopt;
  const Result<CalibrationKey> key = measure::CalibrationKeyOf(model_directory);
  if (!key) return std::nullopt;  // opening the model says it better
  const auto found = std::ranges::find(*entries, Stored(*key), &CalibrationEntry::key);
  if (found == entries->end()) return std::nullopt;
  return *found;
}

std::optional<Calibration> ChosenIn(const std::optional<CalibrationEntry>& entry) {
  if (!entry) return std::nullopt;
  return entry->chosen;
}

}  // namespace verbatim::app
