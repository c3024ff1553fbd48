// What clients of OpenAI's audio API ask for, and how its errors look. Pure: fields in, values out.
// Source: the types of the Python package `openai`, types/audio/transcription_create_params.py.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "api/form.h"
#include "base/error.h"
#include "http/message.h"
#include "jobs/job_options.h"

namespace verbatim::api {

enum class AnswerFormat { kJson, kText, kSrt, kVerboseJson, kVtt };

struct OpenAiRequest {
  jobs::JobOptions options;
  AnswerFormat format = AnswerFormat::kJson;
  bool has_segments = true;  // of verbose_json
  bool has_words = false;    // of verbose_json
  bool is_streaming = false;
};

struct OpenAiError {
  int status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::string param;  // empty: null
  std::string code;   // empty: null
};

// Reads a form's fields; those that mean nothing here are passed over. "whisper-1" is the server's
// default model.
std::expected<OpenAiRequest, OpenAiError> ReadOpenAiFields(const std::vector<FormField>& fields);

// How an error of the rooms below looks to such a client; secrets stay secret.
OpenAiError OpenAiErrorOf(const Error& error);

// For a job that failed: its code is the name of an ErrorCode.
OpenAiError OpenAiErrorOfJob(std::string_view code, std::string_view message);

OpenAiError NoSuchModel(std::string_view model);

// {"error":{"message":...,"type":...,"param":...,"code":...}}
std::string OpenAiErrorJson(const OpenAiError& error);
http::Response OpenAiErrorResponse(const OpenAiError& error);

}  // namespace verbatim::api
