#include "api/impl/openai_request.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "api/problem.h"
#include "pipeline/languages.h"

namespace verbatim::api {
namespace {

constexpr std::array<std::pair<std::string_view, AnswerFormat>, 5> kFormats = {{
    {"json", AnswerFormat::kJson},
    {"text", AnswerFormat::kText},
    {"srt", AnswerFormat::kSrt},
    {"verbose_json", AnswerFormat::kVerboseJson},
    {"vtt", AnswerFormat::kVtt},
}};

using Read = std::optional<OpenAiError>;  // none: all is well

OpenAiError Wrong(std::string_view param, std::string_view message) {
  return {400, fmt::format("{}: {}", param, message), "invalid_request_error", std::string(param),
          "invalid_value"};
}

Read ReadModel(const std::string& value, OpenAiRequest& request) {
  if (value != "whisper-1") request.options.model = value;
  return std::nullopt;
}

Read ReadLanguage(const std::string& value, OpenAiRequest& request) {
  if (value.empty()) return std::nullopt;
  Result<std::string> language = pipeline::ParseLanguage(value);
  if (!language) return Wrong("language", language.error().message);
  request.options.language = std::move(*language);
  return std::nullopt;
}

Read ReadFormat(const std::string& value, OpenAiRequest& request) {
  for (const auto& [name, format] : kFormats) {
    if (name != value) continue;
    request.format = format;
    return std::nullopt;
  }
  return Wrong("response_format",
               fmt::format("Invalid value: '{}'. Supported values are: 'json', 'text', 'srt', "
                           "'verbose_json' and 'vtt'.",
                           value));
}

// 0 means what it means at OpenAI: higher ones are tried where 0 fails.
Read ReadTemperature(const std::string& value, OpenAiRequest& request) {
  float temperature = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), temperature);
  const bool is_number = error == std::errc() && end == value.data() + value.size();
  if (!is_number || !(temperature >= 0 && temperature <= 1)) {
    return Wrong("temperature",
                 fmt::format("Invalid value: '{}'. A number from 0 to 1 is needed.", value));
  }
  if (temperature > 0) request.options.temperatures = {temperature};
  return std::nullopt;
}

Read ReadFlag(const std::string& value, OpenAiRequest& request) {
  const bool is_true = value == "true" || value == "True" || value == "1";
  const bool is_false = value == "false" || value == "False" || value == "0" || value.empty();
  if (!is_true && !is_false) {
    return Wrong("stream", fmt::format("Invalid value: '{}'. It must be true or false.", value));
  }
  request.is_streaming = is_true;
  return std::nullopt;
}

// The whole list; without any, segments are given.
Read ReadGranularities(const std::vector<FormField>& fields, OpenAiRequest& request) {
  bool has_segments = false;
  bool has_any = false;
  for (const FormField& field : fields) {
    if (!field.name.starts_with("timestamp_granularities")) continue;
    has_any = true;
    if (field.value == "word") {
      request.has_words = true;
    } else if (field.value == "segment") {
      has_segments = true;
    } else {
      return Wrong("timestamp_granularities",
                   fmt::format("Invalid value: '{}'. Supported values are: 'word' and 'segment'.",
                               field.value));
    }
  }
  if (has_any) request.has_segments = has_segments;
  if (has_any && request.format != AnswerFormat::kVerboseJson) {
    return Wrong("timestamp_granularities", "These need response_format 'verbose_json'.");
  }
  request.options.has_word_timestamps = request.has_words;
  return std::nullopt;
}

Read ReadField(const FormField& field, OpenAiRequest& request) {
  if (field.name == "model") return ReadModel(field.value, request);
  if (field.name == "language") return ReadLanguage(field.value, request);
  if (field.name == "response_format") return ReadFormat(field.value, request);
  if (field.name == "temperature") return ReadTemperature(field.value, request);
  if (field.name == "stream") return ReadFlag(field.value, request);
  if (field.name == "prompt") request.options.prompt = field.value;
  if (field.name == "hotwords") request.options.hotwords = field.value;
  if (field.name == "keywords" || field.name == "keywords[]") {
    std::string& hotwords = request.options.hotwords;
    hotwords += (hotwords.empty() ? "" : ", ") + field.value;
  }
  return std::nullopt;
}

}  // namespace

std::expected<OpenAiRequest, OpenAiError> ReadOpenAiFields(const std::vector<FormField>& fields) {
  OpenAiRequest request;
  for (const FormField& field : fields) {
    if (Read wrong = ReadField(field, request)) return std::unexpected(std::move(*wrong));
  }
  if (Read wrong = ReadGranularities(fields, request)) return std::unexpected(std::move(*wrong));
  // The same checks as for any other job.
  const Result<jobs::JobOptions> checked =
      jobs::ParseJobOptions(jobs::JobOptionsJson(request.options));
  if (!checked) return std::unexpected(OpenAiErrorOf(checked.error()));
  return request;
}

OpenAiError OpenAiErrorOf(const Error& error) {
  OpenAiError shown{StatusOf(error.code), PublicDetail(error), "invalid_request_error", "",
                    std::string(ErrorCodeName(error.code))};
  if (error.code == ErrorCode::kUnsupportedMedia || error.code == ErrorCode::kCorruptMedia) {
    shown.status = 400;
    shown.param = "file";
  }
  if (shown.status >= 500) shown.type = "server_error";
  return shown;
}

OpenAiError OpenAiErrorOfJob(std::string_view code, std::string_view message) {
  const std::optional<ErrorCode> known = FindErrorCode(code);
  if (known) return OpenAiErrorOf({*known, std::string(message)});
  return {500, std::string(message), "server_error", "", std::string(code)};
}

OpenAiError NoSuchModel(std::string_view model) {
  return {404, fmt::format("The model '{}' does not exist", model), "invalid_request_error",
          "model", "model_not_found"};
}

std::string OpenAiErrorJson(const OpenAiError& error) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? boost::json::value(nullptr)
                        : boost::json::value(boost::json::string_view(text));
  };
  const boost::json::object shown{{"message", error.message},
                                  {"type", error.type},
                                  {"param", text_or_null(error.param)},
                                  {"code", text_or_null(error.code)}};
  return boost::json::serialize(boost::json::object{{"error", shown}});
}

http::Response OpenAiErrorResponse(const OpenAiError& error) {
  http::Response response =
      http::MakeResponse(error.status, "application/json", OpenAiErrorJson(error) + "\n");
  if (error.status == 503) response.headers.Set("Retry-After", "5");
  return response;
}

}  // namespace verbatim::api
