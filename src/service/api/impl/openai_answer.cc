#include "api/impl/openai_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <cmath>
#include <map>

#include "pipeline/languages.h"
#include "transcript/writers.h"

namespace verbatim::api {
namespace {

using transcript::Format;
using transcript::Segment;
using transcript::Transcript;
using transcript::Word;
using transcript::WordTimes;

std::string Quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text));
}

// Unit: seconds, to the millisecond.
double Seconds(SampleTime time) { return static_cast<double>(ToMilliseconds(time)) / 1000; }

// JSON knows no infinities.
double Finite(float number) { return std::isfinite(number) ? static_cast<double>(number) : 0.0; }

// "de" -> "german": OpenAI writes languages in full.
std::string LanguageName(std::string_view code) {
  std::string name = pipeline::LanguageTitle(code);
  for (char& letter : name) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return name;
}

std::string SegmentObject(size_t id, int64_t seek, const Segment& segment) {
  std::string tokens;
  for (const int32_t token : segment.tokens) {
    tokens += fmt::format("{}{}", tokens.empty() ? "" : ",", token);
  }
  return fmt::format(
      R"({{"id":{},"seek":{},"start":{},"end":{},"text":{},"tokens":[{}],"temperature":{:.3g},)"
      R"("avg_logprob":{:.6g},"compression_ratio":{:.6g},"no_speech_prob":{:.6g}}})",
      id, seek, Seconds(segment.begin), Seconds(segment.end), Quoted(segment.text), tokens,
      Finite(segment.temperature), Finite(segment.avg_logprob), Finite(segment.compression_ratio),
      Finite(segment.no_speech_prob));
}

std::string SegmentArray(const Transcript& transcript) {
  std::map<int64_t, int64_t> seeks;  // of each window: where its text begins, in steps of 10 ms
  std::string array;
  for (size_t i = 0; i < transcript.segments.size(); ++i) {
    const Segment& segment = transcript.segments[i];
    const auto seek = seeks.try_emplace(segment.window, ToMilliseconds(segment.begin) / 10);
    array += (i == 0 ? "" : ",") + SegmentObject(i, seek.first->second, segment);
  }
  return "[" + array + "]";
}

std::string WordArray(const Transcript& transcript) {
  std::string array;
  for (const Segment& segment : transcript.segments) {
    for (const Word& word : segment.words) {
      const size_t begin = std::min(word.text.find_first_not_of(' '), word.text.size());
      array += fmt::format(R"({}{{"word":{},"start":{},"end":{}}})", array.empty() ? "" : ",",
                           Quoted(std::string_view(word.text).substr(begin)), Seconds(word.begin),
                           Seconds(word.end));
    }
  }
  return "[" + array + "]";
}

// Whole seconds, rounded up, as OpenAI bills them.
std::string Usage(const Transcript& transcript) {
  const int64_t seconds = (ToMilliseconds(transcript.duration) + 999) / 1000;
  return fmt::format(R"({{"type":"duration","seconds":{}}})", seconds);
}

std::string VerboseJson(const Transcript& transcript, const OpenAiRequest& request) {
  const bool is_translation = transcript.task == "translate";
  std::string json =
      fmt::format(R"({{"task":{},"language":{},"duration":{},"text":{})", Quoted(transcript.task),
                  Quoted(is_translation ? "english" : LanguageName(transcript.language)),
                  Seconds(transcript.duration), Quoted(PlainText(transcript)));
  if (request.has_words) json += ",\"words\":" + WordArray(transcript);
  if (request.has_segments) json += ",\"segments\":" + SegmentArray(transcript);
  return json + ",\"usage\":" + Usage(transcript) + "}\n";
}

std::string PlainJson(const Transcript& transcript) {
  return fmt::format("{{\"text\":{},\"usage\":{}}}\n", Quoted(PlainText(transcript)),
                     Usage(transcript));
}

std::string Event(const boost::json::object& data) {
  return "data: " + boost::json::serialize(data) + "\n\n";
}

}  // namespace

http::Response OpenAiAnswer(const Transcript& transcript, const OpenAiRequest& request) {
  const auto rendered = [&](Format format) {
    return http::MakeResponse(
        200, "text/plain; charset=utf-8",
        transcript::Render(transcript, format, request.options.cues, WordTimes::kOmit));
  };
  switch (request.format) {
    case AnswerFormat::kJson:
      return http::MakeResponse(200, "application/json", PlainJson(transcript));
    case AnswerFormat::kVerboseJson:
      return http::MakeResponse(200, "application/json", VerboseJson(transcript, request));
    case AnswerFormat::kText:
      return http::MakeResponse(200, "text/plain; charset=utf-8", PlainText(transcript) + "\n");
    case AnswerFormat::kSrt: return rendered(Format::kSrt);
    case AnswerFormat::kVtt: return rendered(Format::kVtt);
  }
  return http::Response{500, {}, ""};
}

std::string DeltaEvent(std::string_view delta) {
  return Event({{"type", "transcript.text.delta"}, {"delta", delta}});
}

std::string DoneEvent(std::string_view text) {
  return Event({{"type", "transcript.text.done"}, {"text", text}});
}

std::string ErrorEvent(const OpenAiError& error) {
  return "data: " + OpenAiErrorJson(error) + "\n\n";
}

}  // namespace verbatim::api
