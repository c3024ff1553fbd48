#include "editing/edit_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

namespace verbatim::editing {
namespace {

namespace json = boost::json;
using transcript::ChangeDraft;
using transcript::SegmentDraft;
using transcript::Word;

constexpr size_t kChangesMax = 10'000;
constexpr size_t kSummaryCharactersMax = 200;
constexpr int64_t kIndexMax = std::numeric_limits<int32_t>::max();
constexpr double kSecondsMax = 1e9;

Failure Wrong(const std::string& place, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", place, what));
}

Result<json::object> ParseObject(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return Fail(ErrorCode::kInvalidArgument, "the body is no JSON: " + error.message());
  json::object* object = value.if_object();
  if (object == nullptr) return Fail(ErrorCode::kInvalidArgument, "the body is no JSON object");
  return std::move(*object);
}

// An object of the body and where it stands, for messages: "changes[3].segments[0].".
class Fields {
 public:
  static Result<Fields> Open(const json::value& value, std::string place,
                             std::initializer_list<std::string_view> names) {
    const json::object* object = value.if_object();
    if (object == nullptr) return Wrong(place, "it is no object");
    return Open(*object, place + ".", names);
  }
  static Result<Fields> Open(const json::object& object, std::string prefix,
                             std::initializer_list<std::string_view> names) {
    for (const json::key_value_pair& field : object) {
      const std::string_view name(field.key().data(), field.key().size());
      if (std::ranges::find(names, name) != names.end()) continue;
      return Wrong(prefix + std::string(name.substr(0, 60)), "there is no such field");
    }
    return Fields(object, std::move(prefix));
  }

  std::string PlaceOf(std::string_view name) const { return prefix_ + std::string(name); }

  // Null if it is not there.
  const json::value* Find(std::string_view name) const {
    return object_->if_contains({name.data(), name.size()});
  }

  Result<int64_t> Integer(std::string_view name) const {
    const json::value* value = Find(name);
    json::error_code error;
    const int64_t number = value == nullptr ? -1 : value->to_number<int64_t>(error);
    if (!error && number >= 0 && number <= kIndexMax) return number;
    return Wrong(PlaceOf(name), "a whole number from 0 is needed");
  }

  Result<double> Number(std::string_view name, double max) const {
    const json::value* value = Find(name);
    json::error_code error;
    const double number = value == nullptr ? -1 : value->to_number<double>(error);
    if (!error && number >= 0 && number <= max) return number;
    return Wrong(PlaceOf(name), fmt::format("a number from 0 to {} is needed", max));
  }

  Result<SampleTime> Time(std::string_view name) const {
    return std::chrono::milliseconds(std::llround(TRY(Number(name, kSecondsMax)) * 1000));
  }

  Result<std::string> Text(std::string_view name) const {
    const json::value* value = Find(name);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr) return Wrong(PlaceOf(name), "a text is needed");
    return std::string(text->data(), text->size());
  }

  // `read` makes an item of a value and its place.
  template <typename Item, typename Read>
  Result<std::vector<Item>> List(std::string_view name, Read read) const {
    const json::value* value = Find(name);
    const json::array* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr) return Wrong(PlaceOf(name), "a list is needed");
    std::vector<Item> items;
    for (const json::value& item : *list) {
      items.push_back(TRY(read(item, fmt::format("{}[{}]", PlaceOf(name), items.size()))));
    }
    return items;
  }

 private:
  Fields(const json::object& object, std::string prefix)
      : object_(&object), prefix_(std::move(prefix)) {}

  const json::object* object_;
  std::string prefix_;
};

Result<Word> ReadWord(const json::value& value, std::string place) {
  const Fields fields =
      TRY(Fields::Open(value, std::move(place), {"word", "start", "end", "probability"}));
  Word word;
  word.text = TRY(fields.Text("word"));
  word.begin = TRY(fields.Time("start"));
  word.end = TRY(fields.Time("end"));
  word.probability = 1;
  if (fields.Find("probability") != nullptr) {
    word.probability = static_cast<float>(TRY(fields.Number("probability", 1)));
  }
  return word;
}

Result<SegmentDraft> ReadSegment(const json::value& value, std::string place) {
  const Fields fields =
      TRY(Fields::Open(value, std::move(place), {"start", "end", "text", "words"}));
  SegmentDraft segment;
  segment.begin = TRY(fields.Time("start"));
  segment.end = TRY(fields.Time("end"));
  segment.text = TRY(fields.Text("text"));
  if (fields.Find("words") != nullptr) {
    segment.words = TRY(fields.List<Word>("words", ReadWord));
  }
  return segment;
}

Result<ChangeDraft> ReadChange(const json::value& value, std::string place) {
  const Fields fields = TRY(Fields::Open(value, std::move(place), {"first", "count", "segments"}));
  ChangeDraft change;
  change.first = static_cast<size_t>(TRY(fields.Integer("first")));
  change.count = static_cast<size_t>(TRY(fields.Integer("count")));
  change.segments = TRY(fields.List<SegmentDraft>("segments", ReadSegment));
  if (change.count == 0 && change.segments.empty()) {
    return Wrong(fields.PlaceOf("segments"), "nothing is replaced by nothing");
  }
  return change;
}

Result<std::string> ReadSummary(const Fields& fields) {
  if (fields.Find("summary") == nullptr) return "";
  std::string summary = TRY(fields.Text("summary"));
  const auto characters = static_cast<size_t>(std::ranges::count_if(
      summary, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
  if (characters <= kSummaryCharactersMax) return summary;
  return Wrong("summary", fmt::format("it has {} characters; {} are allowed", characters,
                                      kSummaryCharactersMax));
}

}  // namespace

Result<Edit> ParseEdit(std::string_view text) {
  const json::object object = TRY(ParseObject(text));
  const Fields fields = TRY(Fields::Open(object, "", {"changes", "summary"}));
  Edit edit;
  edit.summary = TRY(ReadSummary(fields));
  edit.changes = TRY(fields.List<ChangeDraft>("changes", ReadChange));
  if (edit.changes.empty() || edit.changes.size() > kChangesMax) {
    return Wrong("changes",
                 fmt::format("there are {}; 1 to {} are needed", edit.changes.size(), kChangesMax));
  }
  return edit;
}

Result<int64_t> ParseRestore(std::string_view text) {
  const json::object object = TRY(ParseObject(text));
  return TRY(Fields::Open(object, "", {"revision"})).Integer("revision");
}

}  // namespace verbatim::editing
