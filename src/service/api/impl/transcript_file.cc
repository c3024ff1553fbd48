#include "api/impl/transcript_file.h"

#include "api/impl/endpoint.h"

namespace verbatim::api {
namespace {

using transcript::Format;
using transcript::WordTimes;

template <typename Number>
Result<void> TakeNumber(const http::Request& request, std::string_view name, Number& number) {
  number = static_cast<Number>(TRY(QueryNumber(request, name, number, {0, 100'000})));
  return {};
}

}  // namespace

Result<FileShape> ReadFileShape(const http::Request& request, const jobs::JobOptions& job) {
  FileShape shape;
  shape.cues = job.cues;
  TRY_VOID(TakeNumber(request, "line_length_max", shape.cues.line_length_max));
  TRY_VOID(TakeNumber(request, "lines_max", shape.cues.lines_max));
  TRY_VOID(TakeNumber(request, "duration_min_ms", shape.cues.duration_min_ms));
  TRY_VOID(TakeNumber(request, "duration_max_ms", shape.cues.duration_max_ms));
  TRY_VOID(TakeNumber(request, "gap_min_ms", shape.cues.gap_min_ms));
  TRY_VOID(TakeNumber(request, "pause_break_ms", shape.cues.pause_break_ms));
  TRY_VOID(TakeNumber(request, "reading_speed_max", shape.cues.reading_speed_max));
  TRY_VOID(transcript::ValidateCueOptions(shape.cues));
  const bool has_words = TRY(QueryFlag(request, "words")).value_or(job.has_word_timestamps);
  shape.words = has_words ? WordTimes::kWrite : WordTimes::kOmit;
  return shape;
}

std::string_view ContentType(Format format) {
  switch (format) {
    case Format::kTxt: return "text/plain; charset=utf-8";
    case Format::kSrt: return "application/x-subrip; charset=utf-8";
    case Format::kVtt: return "text/vtt; charset=utf-8";
    case Format::kJson: return "application/json";
    case Format::kTsv: return "text/tab-separated-values; charset=utf-8";
  }
  return "application/octet-stream";
}

}  // namespace verbatim::api
