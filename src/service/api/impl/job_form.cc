#include "api/impl/job_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>

#include "api/impl/endpoint.h"

namespace verbatim::api {
namespace {

// Options whose value is text, also where it looks like a number.
constexpr std::array<std::string_view, 6> kTexts = {"model",  "language", "task",
                                                    "prompt", "hotwords", "title"};
constexpr size_t kKeyBytesMax = 255;

boost::json::value PlainText(const std::string& text) {
  return boost::json::value(boost::json::string_view(text));
}

boost::json::value TextOrJson(const std::string& text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  return error ? PlainText(text) : value;
}

boost::json::value ListOf(std::string_view text,
                          boost::json::value (*value_of)(const std::string&)) {
  boost::json::array list;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    list.push_back(value_of(std::string(text.substr(0, comma))));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

boost::json::value ValueOf(const FormField& field) {
  if (std::ranges::find(kTexts, field.name) != kTexts.end()) {
    return PlainText(field.value);
  }
  const bool is_list = field.name == "formats" || field.name == "temperatures";
  if (is_list && !field.value.starts_with('[')) return ListOf(field.value, TextOrJson);
  if (field.name == "tags" && !field.value.starts_with('[')) return ListOf(field.value, PlainText);
  return TextOrJson(field.value);
}

}  // namespace

Result<boost::json::object> RequestOfFields(const std::vector<FormField>& fields) {
  boost::json::object request;
  for (const FormField& field : fields) {
    if (field.name != "options") continue;
    Result<boost::json::object> options = ParseObject(field.value);
    if (!options) return Failure(std::move(options).error().WithContext("options"));
    request = std::move(*options);
  }
  for (const FormField& field : fields) {
    if (field.name != "options") request[field.name] = ValueOf(field);
  }
  return request;
}

Result<jobs::JobRequest> ParseRequestObject(const boost::json::object& request) {
  return jobs::ParseJobRequest(boost::json::serialize(request));
}

Result<std::string> IdempotencyKey(const http::Request& request) {
  const auto field = request.headers.Find("Idempotency-Key");
  if (!field) return "";
  std::string_view key = *field;
  // The draft of the IETF has it as a quoted string; most clients send it bare.
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) {
    key = key.substr(1, key.size() - 2);
  }
  const bool is_printable =
      std::ranges::all_of(key, [](char letter) { return letter > 0x20 && letter < 0x7f; });
  if (!key.empty() && key.size() <= kKeyBytesMax && is_printable) return std::string(key);
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("Idempotency-Key: must have 1 to {} printable ASCII letters", kKeyBytesMax));
}

}  // namespace verbatim::api
