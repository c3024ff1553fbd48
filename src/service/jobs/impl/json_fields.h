// Objects of JSON from outside, read field by field: every field is known and of its type and
// range, or the error says which is not, what it is and what it may be.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::jobs {

struct JsonField {
  std::string name;
  std::function<Result<void>(const boost::json::value&)> read;
};

// Errors: kInvalidArgument if the text is no JSON object.
Result<boost::json::object> ParseJsonObject(std::string_view json);

// Reads all fields of an object; null leaves a field as it is. `place` stands before names in
// messages: "subtitles.". Errors: kInvalidArgument for a name that is not among the fields; those
// of the fields.
Result<void> ReadJsonFields(const boost::json::object& object, std::string_view place,
                            std::span<const JsonField> fields);

// Fields of the usual types. `name` is the whole one, for messages. Errors: kInvalidArgument.
JsonField TextField(std::string name, std::string* into, size_t bytes_max);
JsonField BoolField(std::string name, bool* into);
JsonField ChoiceField(std::string name, std::vector<std::string> choices,
                      std::function<void(size_t choice)> take);

struct IntegerRange {
  int64_t min = 0;
  int64_t max = 0;
};
JsonField IntegerField(std::string name, IntegerRange range, std::function<void(int64_t)> take);

// "NAME is VALUE; ALLOWED", with a long value cut short.
Failure WrongField(std::string_view name, const boost::json::value& value,
                   std::string_view allowed);

}  // namespace verbatim::jobs
