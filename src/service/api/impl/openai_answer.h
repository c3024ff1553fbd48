// Transcripts as OpenAI's audio API gives them. Pure.
// Source: the types of the Python package `openai`, types/audio/transcription*.py.
#pragma once

#include <string>
#include <string_view>

#include "api/impl/openai_request.h"
#include "http/message.h"
#include "transcript/transcript.h"

namespace verbatim::api {

// The whole answer in the format asked for.
http::Response OpenAiAnswer(const transcript::Transcript& transcript, const OpenAiRequest& request);

// One server-sent event each: more text, and the end.
std::string DeltaEvent(std::string_view delta);
std::string DoneEvent(std::string_view text);
std::string ErrorEvent(const OpenAiError& error);

}  // namespace verbatim::api
