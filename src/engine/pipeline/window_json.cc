#include "pipeline/window_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace verbatim::pipeline {
namespace {

namespace json = boost::json;
using transcript::CoverageKind;
using transcript::CoverageSpan;
using transcript::Segment;
using transcript::Word;
using vad::SpeechSegment;
using whisper::LanguageGuess;

// No recording is longer, and sums of times stay far from overflow.
constexpr int64_t kTimeMax = int64_t{1} << 50;
constexpr SampleTime kWindowTargetMin{5 * kSampleRate};

json::value Number(float number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return static_cast<double>(number);  // exact, and so is the way back
}

template <typename T, typename Encode>
json::array List(const std::vector<T>& items, const Encode& encode) {
  json::array array;
  array.reserve(items.size());
  for (const T& item : items) array.push_back(encode(item));
  return array;
}

json::value EncodeSpeech(const SpeechSegment& speech) {
  return {speech.begin.count(), speech.end.count(), Number(speech.probability_mean),
          Number(speech.probability_max)};
}

json::value EncodeCoverage(const CoverageSpan& span) {
  return {{"begin", span.begin.count()},
          {"end", span.end.count()},
          {"kind", CoverageKindName(span.kind)},
          {"reason", span.reason}};
}

json::value EncodeWord(const Word& word) {
  return {{"text", word.text},
          {"begin", word.begin.count()},
          {"end", word.end.count()},
          {"probability", Number(word.probability)}};
}

json::value EncodeSegment(const Segment& segment) {
  return {{"begin", segment.begin.count()},
          {"end", segment.end.count()},
          {"text", segment.text},
          {"words", List(segment.words, EncodeWord)},
          {"tokens", List(segment.tokens, [](int32_t token) { return json::value(token); })},
          {"window", segment.window},
          {"avg_logprob", Number(segment.avg_logprob)},
          {"compression_ratio", Number(segment.compression_ratio)},
          {"no_speech_prob", Number(segment.no_speech_prob)},
          {"temperature", Number(segment.temperature)}};
}

json::value EncodeGuess(const LanguageGuess& guess) {
  return {guess.token, Number(guess.probability)};
}

// A value and the name it stands under, for messages.
class Field {
 public:
  Field(const json::value& value, std::string_view name) : value_(&value), name_(name) {}

  Failure Wrong(std::string_view what) const {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" {}", name_, what));
  }

  // A field of an object.
  Result<Field> At(std::string_view name) const {
    const json::object* object = value_->if_object();
    if (object == nullptr) return Wrong("is no object");
    const json::value* value = object->if_contains({name.data(), name.size()});
    if (value == nullptr) return Wrong(fmt::format("has no \"{}\"", name));
    return Field(*value, name);
  }

  // What is read from a field of an object.
  template <typename T>
  Result<T> At(std::string_view name, Result<T> (Field::*read)() const) const {
    const Field field = TRY(At(name));
    return (field.*read)();
  }
  template <typename T>
  Result<std::vector<T>> ListAt(std::string_view name, Result<T> (*decode)(const Field&)) const {
    const Field field = TRY(At(name));
    return field.List(decode);
  }

  // A list of a fixed length.
  Result<std::vector<Field>> Items(size_t count) const {
    const json::array* array = value_->if_array();
    if (array == nullptr || array->size() != count)
      return Wrong(fmt::format("is no list of {}", count));
    std::vector<Field> items;
    for (const json::value& item : *array) items.emplace_back(item, name_);
    return items;
  }

  // A list of any length, each item decoded.
  template <typename T>
  Result<std::vector<T>> List(Result<T> (*decode)(const Field&)) const {
    const json::array* array = value_->if_array();
    if (array == nullptr) return Wrong("is no list");
    std::vector<T> items;
    items.reserve(array->size());
    for (const json::value& item : *array) items.push_back(TRY(decode(Field(item, name_))));
    return items;
  }

  Result<std::string> Text() const {
    const json::string* text = value_->if_string();
    if (text == nullptr) return Wrong("is no text");
    return std::string(text->data(), text->size());
  }

  Result<int64_t> Integer(int64_t min, int64_t max) const {
    const int64_t* integer = value_->if_int64();
    if (integer == nullptr || *integer < min || *integer > max)
      return Wrong(fmt::format("is no whole number from {} to {}", min, max));
    return *integer;
  }

  Result<int64_t> Index() const { return Integer(0, kTimeMax); }
  Result<SampleTime> Time() const { return SampleTime{TRY(Integer(0, kTimeMax))}; }

  Result<float> Float() const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (const json::string* text = value_->if_string()) {
      if (*text == "nan") return std::numeric_limits<float>::quiet_NaN();
      if (*text == "inf") return kInfinity;
      if (*text == "-inf") return -kInfinity;
    }
    if (!value_->is_number()) return Wrong("is no number");
    json::error_code error;
    const auto number = value_->to_number<double>(error);
    // Reading a number may be off in its last bits, which are far below a float's.
    constexpr double kMax = std::numeric_limits<float>::max();
    if (error || std::abs(number) > kMax * (1 + 1e-12)) return Wrong("is out of range");
    return static_cast<float>(std::clamp(number, -kMax, kMax));
  }

 private:
  const json::value* value_;
  std::string_view name_;
};

Result<std::pair<SampleTime, SampleTime>> DecodeTimes(const Field& field) {
  const SampleTime begin = TRY(field.At("begin", &Field::Time));
  const SampleTime end = TRY(field.At("end", &Field::Time));
  if (end < begin) return field.Wrong("ends before it begins");
  return std::pair(begin, end);
}

Result<SpeechSegment> DecodeSpeech(const Field& field) {
  const std::vector<Field> items = TRY(field.Items(4));
  return SpeechSegment{TRY(items[0].Time()), TRY(items[1].Time()), TRY(items[2].Float()),
                       TRY(items[3].Float())};
}

Result<split::Window> DecodeWindow(const Field& field) {
  split::Window window;
  window.index = TRY(field.At("index", &Field::Index));
  const Field segments = TRY(field.At("segments"));
  window.segments = TRY(segments.List(DecodeSpeech));
  if (window.segments.empty()) return segments.Wrong("are none");
  SampleTime before{0};
  for (const SpeechSegment& segment : window.segments) {
    if (segment.begin < before || segment.end <= segment.begin)
      return segments.Wrong("are out of order");
    before = segment.end;
  }
  return window;
}

Result<CoverageSpan> DecodeCoverage(const Field& field) {
  const auto [begin, end] = TRY(DecodeTimes(field));
  const Field kind = TRY(field.At("kind"));
  const std::string name = TRY(kind.Text());
  const std::string reason = TRY(field.At("reason", &Field::Text));
  for (const CoverageKind each : {CoverageKind::kTranscribed, CoverageKind::kNoSpeech,
                                  CoverageKind::kUncertain, CoverageKind::kFailed}) {
    if (CoverageKindName(each) == name) return CoverageSpan{begin, end, each, reason};
  }
  return kind.Wrong("is none that there is");
}

Result<Word> DecodeWord(const Field& field) {
  const auto [begin, end] = TRY(DecodeTimes(field));
  // First what can fail: GCC 12 leaks what an aggregate holds when TRY returns from its middle.
  std::string text = TRY(field.At("text", &Field::Text));
  const float probability = TRY(field.At("probability", &Field::Float));
  return Word{std::move(text), begin, end, probability};
}

Result<int32_t> DecodeToken(const Field& field) {
  return static_cast<int32_t>(TRY(field.Integer(0, std::numeric_limits<int32_t>::max())));
}

Result<Segment> DecodeSegment(const Field& field) {
  Segment segment;
  std::tie(segment.begin, segment.end) = TRY(DecodeTimes(field));
  segment.text = TRY(field.At("text", &Field::Text));
  const Field words = TRY(field.At("words"));
  segment.words = TRY(words.List(DecodeWord));
  if (segment.words.empty()) return words.Wrong("are none");
  segment.tokens = TRY(field.ListAt("tokens", DecodeToken));
  segment.window = TRY(field.At("window", &Field::Index));
  segment.avg_logprob = TRY(field.At("avg_logprob", &Field::Float));
  segment.compression_ratio = TRY(field.At("compression_ratio", &Field::Float));
  segment.no_speech_prob = TRY(field.At("no_speech_prob", &Field::Float));
  segment.temperature = TRY(field.At("temperature", &Field::Float));
  return segment;
}

Result<LanguageGuess> DecodeGuess(const Field& field) {
  const std::vector<Field> items = TRY(field.Items(2));
  return LanguageGuess{TRY(DecodeToken(items[0])), TRY(items[1].Float())};
}

Result<json::value> Parse(std::string_view text) {
  json::error_code error;
  json::value document = json::parse({text.data(), text.size()}, error);
  if (error) return Fail(ErrorCode::kInvalidArgument, "this is no JSON: " + error.message());
  return document;
}

}  // namespace

std::string EncodeWindowResult(const WindowResult& result) {
  return json::serialize(json::value{
      {"window",
       {{"index", result.window.index}, {"segments", List(result.window.segments, EncodeSpeech)}}},
      {"coverage", List(result.coverage, EncodeCoverage)},
      {"segments", List(result.segments, EncodeSegment)},
      {"language", result.language},
      {"language_probability", Number(result.language_probability)},
      {"language_guesses", List(result.language_guesses, EncodeGuess)}});
}

Result<WindowResult> DecodeWindowResult(std::string_view text) {
  const json::value document = TRY(Parse(text));
  const Field root(document, "result");
  WindowResult result;
  const Field window = TRY(root.At("window"));
  result.window = TRY(DecodeWindow(window));
  result.coverage = TRY(root.ListAt("coverage", DecodeCoverage));
  result.segments = TRY(root.ListAt("segments", DecodeSegment));
  result.language = TRY(root.At("language", &Field::Text));
  result.language_probability = TRY(root.At("language_probability", &Field::Float));
  result.language_guesses = TRY(root.ListAt("language_guesses", DecodeGuess));
  return result;
}

std::string EncodeSplitPlan(const split::SplitPlan& plan) {
  return json::serialize(json::value{{"window_target", plan.window_target.count()},
                                     {"gap_keep", plan.gap_keep.count()}});
}

Result<split::SplitPlan> DecodeSplitPlan(std::string_view text) {
  const json::value document = TRY(Parse(text));
  const Field root(document, "plan");
  const Field target = TRY(root.At("window_target"));
  const Field gap = TRY(root.At("gap_keep"));
  split::SplitPlan plan;
  plan.window_target =
      SampleTime{TRY(target.Integer(kWindowTargetMin.count(), kWindowLengthMax.count()))};
  plan.gap_keep = SampleTime{TRY(gap.Integer(0, kWindowLengthMax.count()))};
  return plan;
}

}  // namespace verbatim::pipeline
