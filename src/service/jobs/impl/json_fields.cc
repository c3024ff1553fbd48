#include "jobs/impl/json_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace verbatim::jobs {
namespace {

namespace json = boost::json;

constexpr size_t kShownMax = 60;

// Without cutting a UTF-8 sequence in two.
std::string Shortened(std::string text) {
  if (text.size() <= kShownMax) return text;
  size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

Failure WrongField(std::string_view name, const json::value& value, std::string_view allowed) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is {}; {}", name, Shortened(json::serialize(value)), allowed));
}

Result<json::object> ParseJsonObject(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return Fail(ErrorCode::kInvalidArgument, "no valid JSON: " + error.message());
  json::object* object = value.if_object();
  if (object == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "the JSON must be an object: {...}");
  }
  return std::move(*object);
}

Result<void> ReadJsonFields(const json::object& object, std::string_view place,
                            std::span<const JsonField> fields) {
  for (const json::key_value_pair& entry : object) {
    const std::string_view key(entry.key().data(), entry.key().size());
    const std::string name = fmt::format("{}{}", place, key);
    const auto field = std::ranges::find(fields, name, &JsonField::name);
    if (field == fields.end()) {
      std::vector<std::string> names;
      for (const JsonField& known : fields) names.push_back(known.name);
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("there is no field {}; choose from: {}", Shortened(name),
                              fmt::join(names, ", ")));
    }
    if (entry.value().is_null()) continue;
    TRY_VOID(field->read(entry.value()));
  }
  return {};
}

JsonField TextField(std::string name, std::string* into, size_t bytes_max) {
  auto read = [name, into, bytes_max](const json::value& value) -> Result<void> {
    const json::string* text = value.if_string();
    if (text == nullptr || text->size() > bytes_max) {
      return WrongField(name, value,
                        fmt::format("it must be a text of at most {} bytes", bytes_max));
    }
    into->assign(text->data(), text->size());
    return {};
  };
  return {std::move(name), std::move(read)};
}

JsonField BoolField(std::string name, bool* into) {
  auto read = [name, into](const json::value& value) -> Result<void> {
    const bool* flag = value.if_bool();
    if (flag == nullptr) return WrongField(name, value, "it must be true or false");
    *into = *flag;
    return {};
  };
  return {std::move(name), std::move(read)};
}

JsonField ChoiceField(std::string name, std::vector<std::string> choices,
                      std::function<void(size_t)> take) {
  auto read = [name, choices = std::move(choices),
               take = std::move(take)](const json::value& value) -> Result<void> {
    const json::string* text = value.if_string();
    for (size_t i = 0; text != nullptr && i < choices.size(); ++i) {
      if (*text != choices[i]) continue;
      take(i);
      return {};
    }
    return WrongField(name, value, fmt::format("choose from: {}", fmt::join(choices, ", ")));
  };
  return {std::move(name), std::move(read)};
}

JsonField IntegerField(std::string name, IntegerRange range, std::function<void(int64_t)> take) {
  auto read = [name, range, take = std::move(take)](const json::value& value) -> Result<void> {
    json::error_code error;
    const auto number = value.to_number<int64_t>(error);
    if (error || number < range.min || number > range.max) {
      return WrongField(
          name, value,
          fmt::format("it must be a whole number from {} to {}", range.min, range.max));
    }
    take(number);
    return {};
  };
  return {std::move(name), std::move(read)};
}

}  // namespace verbatim::jobs
