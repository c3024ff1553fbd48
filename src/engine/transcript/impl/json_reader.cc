// Reads the JSON document back. Every field is checked; the messages name the place:
// "segments[3].start is no number".
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <exception>
#include <limits>

#include "transcript/impl/formats.h"
#include "transcript/segment_json.h"
#include "transcript/writers.h"

namespace verbatim::transcript {
namespace {

namespace json = boost::json;

Failure Wrong(std::string_view place, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} {}", place.empty() ? "the document" : place, what));
}

// A value and where it stands, for messages.
class Place {
 public:
  Place(const json::value& value, std::string path) : value_(&value), path_(std::move(path)) {}

  Result<Place> Field(std::string_view name) const {
    const json::object* object = value_->if_object();
    if (object == nullptr) return Wrong(path_, "is no object");
    const std::string path = path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
    const json::value* field = object->if_contains({name.data(), name.size()});
    if (field == nullptr) return Wrong(path, "is missing");
    return Place(*field, path);
  }

  Result<std::vector<Place>> Items() const {
    const json::array* array = value_->if_array();
    if (array == nullptr) return Wrong(path_, "is no list");
    std::vector<Place> items;
    items.reserve(array->size());
    for (size_t i = 0; i < array->size(); ++i) {
      items.emplace_back((*array)[i], fmt::format("{}[{}]", path_, i));
    }
    return items;
  }

  Result<std::string> Text() const {
    const json::string* text = value_->if_string();
    if (text == nullptr) return Wrong(path_, "is no text");
    return std::string(text->data(), text->size());
  }

  Result<double> Number() const {
    json::error_code error;
    const auto number = value_->to_number<double>(error);
    if (error || !std::isfinite(number)) return Wrong(path_, "is no number");
    return number;
  }

  Result<int64_t> Integer(int64_t min, int64_t max) const {
    json::error_code error;
    const auto number = value_->to_number<int64_t>(error);
    if (error) return Wrong(path_, "is no whole number");
    if (number < min || number > max) return Wrong(path_, "is out of range");
    return number;
  }

  Result<float> Measure() const {
    const double number = TRY(Number());
    if (std::abs(number) > 1e10) return Wrong(path_, "is out of range");
    return static_cast<float>(number);
  }

  // Seconds, to the nearest millisecond.
  Result<SampleTime> Time() const {
    const double seconds = TRY(Number());
    if (seconds < 0 || seconds > 1e9) return Wrong(path_, "is out of range");
    return std::chrono::milliseconds(std::llround(seconds * 1000));
  }

  // False if it is not there.
  Result<bool> FlagAt(std::string_view name) const {
    const json::object* object = value_->if_object();
    const json::value* field =
        object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
    if (field == nullptr) return false;
    if (const bool* flag = field->if_bool()) return *flag;
    return Wrong(fmt::format("{}.{}", path_, name), "is neither true nor false");
  }

  Result<CoverageKind> CoverageAt(std::string_view field) const {
    const std::string name = TRY(TextAt(field));
    for (const CoverageKind kind : {CoverageKind::kTranscribed, CoverageKind::kNoSpeech,
                                    CoverageKind::kUncertain, CoverageKind::kFailed}) {
      if (CoverageKindName(kind) == name) return kind;
    }
    return Wrong(fmt::format("{}.{}", path_, field), "is no known status");
  }

  // The same for a field of this object.
  Result<std::string> TextAt(std::string_view name) const { return TRY(Field(name)).Text(); }
  Result<SampleTime> TimeAt(std::string_view name) const { return TRY(Field(name)).Time(); }
  Result<float> MeasureAt(std::string_view name) const { return TRY(Field(name)).Measure(); }
  Result<std::vector<Place>> ItemsAt(std::string_view name) const {
    return TRY(Field(name)).Items();
  }
  Result<int64_t> IntegerAt(std::string_view name, int64_t min, int64_t max) const {
    return TRY(Field(name)).Integer(min, max);
  }

  const std::string& path() const { return path_; }

 private:
  const json::value* value_;
  std::string path_;
};

// A word is [text, start, end, probability].
Result<Word> ReadWord(const Place& place) {
  const std::vector<Place> parts = TRY(place.Items());
  if (parts.size() != 4) return Wrong(place.path(), "has not four parts");
  Word word;
  word.text = TRY(parts[0].Text());
  word.begin = TRY(parts[1].Time());
  word.end = TRY(parts[2].Time());
  word.probability = TRY(parts[3].Measure());
  return word;
}

Result<Segment> ReadSegment(const Place& place) {
  constexpr int64_t kTokenMax = std::numeric_limits<int32_t>::max();
  constexpr int64_t kTokenMin = std::numeric_limits<int32_t>::min();
  Segment segment;
  segment.begin = TRY(place.TimeAt("start"));
  segment.end = TRY(place.TimeAt("end"));
  segment.text = TRY(place.TextAt("text"));
  for (const Place& token : TRY(place.ItemsAt("tokens"))) {
    segment.tokens.push_back(static_cast<int32_t>(TRY(token.Integer(kTokenMin, kTokenMax))));
  }
  segment.temperature = TRY(place.MeasureAt("temperature"));
  segment.avg_logprob = TRY(place.MeasureAt("avg_logprob"));
  segment.compression_ratio = TRY(place.MeasureAt("compression_ratio"));
  segment.no_speech_prob = TRY(place.MeasureAt("no_speech_prob"));
  segment.window = TRY(place.IntegerAt("window", std::numeric_limits<int64_t>::min(),
                                       std::numeric_limits<int64_t>::max()));
  segment.is_edited = TRY(place.FlagAt("edited"));
  for (const Place& word : TRY(place.ItemsAt("word_data"))) {
    segment.words.push_back(TRY(ReadWord(word)));
  }
  return segment;
}

Result<std::vector<Segment>> ReadSegmentList(const Place& place) {
  std::vector<Segment> segments;
  for (const Place& item : TRY(place.Items())) segments.push_back(TRY(ReadSegment(item)));
  return segments;
}

Result<Change> ReadChange(const Place& place) {
  constexpr int64_t kIndexMax = std::numeric_limits<int32_t>::max();
  Change change;
  change.first = static_cast<size_t>(TRY(place.IntegerAt("first", 0, kIndexMax)));
  change.count = static_cast<size_t>(TRY(place.IntegerAt("count", 0, kIndexMax)));
  const Place segments = TRY(place.Field("segments"));
  change.segments = TRY(ReadSegmentList(segments));
  return change;
}

Result<CoverageSpan> ReadCoverage(const Place& place) {
  return CoverageSpan{.begin = TRY(place.TimeAt("start")),
                      .end = TRY(place.TimeAt("end")),
                      .kind = TRY(place.CoverageAt("status")),
                      .reason = TRY(place.TextAt("reason"))};
}

Result<Transcript> ReadTranscript(const Place& root) {
  TRY_VOID(root.IntegerAt("format_version", kJsonVersion, kJsonVersion));
  Transcript transcript;
  transcript.source = TRY(root.TextAt("source"));
  transcript.task = TRY(root.TextAt("task"));
  transcript.language = TRY(root.TextAt("language"));
  transcript.language_probability = TRY(root.MeasureAt("language_probability"));
  transcript.model = TRY(root.TextAt("model"));
  transcript.duration = TRY(root.TimeAt("duration"));
  const Place segments = TRY(root.Field("segments"));
  transcript.segments = TRY(ReadSegmentList(segments));
  for (const Place& span : TRY(root.ItemsAt("coverage"))) {
    transcript.coverage.push_back(TRY(ReadCoverage(span)));
  }
  for (const Place& warning : TRY(root.ItemsAt("warnings"))) {
    transcript.warnings.push_back(TRY(warning.Text()));
  }
  return transcript;
}

Result<CueOptions> ReadCueOptions(const Place& root) {
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  const Place cues = TRY(root.Field("cues"));
  CueOptions options;
  options.line_length_max = static_cast<int>(TRY(cues.IntegerAt("line_length_max", 0, kMax)));
  options.lines_max = static_cast<int>(TRY(cues.IntegerAt("lines_max", 0, kMax)));
  options.duration_min_ms = TRY(cues.IntegerAt("duration_min_ms", 0, kMax));
  options.duration_max_ms = TRY(cues.IntegerAt("duration_max_ms", 0, kMax));
  options.gap_min_ms = TRY(cues.IntegerAt("gap_min_ms", 0, kMax));
  options.pause_break_ms = TRY(cues.IntegerAt("pause_break_ms", 0, kMax));
  options.reading_speed_max = static_cast<int>(TRY(cues.IntegerAt("reading_speed_max", 0, kMax)));
  TRY_VOID(ValidateCueOptions(options));
  return options;
}

// The seam to Boost: its exceptions (out of memory, sizes beyond its limits) end here.
Result<json::value> Parse(std::string_view text) {
  try {
    json::error_code error;
    json::value value = json::parse({text.data(), text.size()}, error);
    if (error) return Wrong("the transcript is not valid JSON:", error.message());
    return value;
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInternal, fmt::format("reading JSON: {}", exception.what()));
  }
}

}  // namespace

Result<Transcript> ReadJson(std::string_view json) {
  const json::value value = TRY(Parse(json));
  return ReadTranscript(Place(value, ""));
}

Result<std::vector<Segment>> ReadSegments(std::string_view json) {
  const json::value value = TRY(Parse(json));
  return ReadSegmentList(Place(value, "segments"));
}

Result<Changes> ReadChanges(std::string_view json) {
  const json::value value = TRY(Parse(json));
  Changes changes;
  for (const Place& item : TRY(Place(value, "changes").Items())) {
    changes.push_back(TRY(ReadChange(item)));
  }
  return changes;
}

Result<CueOptions> ReadJsonCueOptions(std::string_view json) {
  const json::value value = TRY(Parse(json));
  return ReadCueOptions(Place(value, ""));
}

}  // namespace verbatim::transcript
