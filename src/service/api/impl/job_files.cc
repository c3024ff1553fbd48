#include "api/impl/job_files.h"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/impl/endpoint.h"
#include "api/impl/job_view.h"
#include "fields/byte_range.h"
#include "fields/file_headers.h"
#include "jobs/job_options.h"
#include "store/transcripts.h"
#include "transcript/writers.h"

namespace verbatim::api {
namespace {

using fields::ByteRange;
using fields::ContentDisposition;
using fields::Disposition;
using transcript::Format;
using transcript::WordTimes;

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

template <typename Number>
Result<void> TakeNumber(const http::Request& request, std::string_view name, Number& number) {
  number = static_cast<Number>(TRY(QueryNumber(request, name, number, {0, 100'000})));
  return {};
}

// The job's shape of subtitles, and what the address says instead.
Result<transcript::CueOptions> ReadCues(const http::Request& request, transcript::CueOptions cues) {
  TRY_VOID(TakeNumber(request, "line_length_max", cues.line_length_max));
  TRY_VOID(TakeNumber(request, "lines_max", cues.lines_max));
  TRY_VOID(TakeNumber(request, "duration_min_ms", cues.duration_min_ms));
  TRY_VOID(TakeNumber(request, "duration_max_ms", cues.duration_max_ms));
  TRY_VOID(TakeNumber(request, "gap_min_ms", cues.gap_min_ms));
  TRY_VOID(TakeNumber(request, "pause_break_ms", cues.pause_break_ms));
  TRY_VOID(TakeNumber(request, "reading_speed_max", cues.reading_speed_max));
  TRY_VOID(transcript::ValidateCueOptions(cues));
  return cues;
}

Result<std::string> StoredTranscript(const Services& services, const store::Job& job) {
  const auto stored = TRY(services.database.Read(
      [&](store::Connection& connection) { return store::FindTranscript(connection, job.id); }));
  if (stored) return *stored;
  const std::string_view state = store::JobStateName(job.state);
  const bool is_pending = !store::IsFinal(job.state);
  return Fail(ErrorCode::kConflict,
              fmt::format("the job is {}; {}", state,
                          is_pending ? "its transcript is there when it has completed"
                                     : "it has no transcript"));
}

Result<http::Response> ShowTranscript(const Services& services, const Call& call) {
  const http::Request& request = call.request();
  const std::string_view extension =
      std::string_view(request.path).substr(request.path.rfind('.') + 1);
  const std::optional<Format> format = transcript::ParseFormat(extension);
  if (!format) return Fail(ErrorCode::kNotFound, "there is no such format");
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  const std::string stored = TRY(StoredTranscript(services, view.job));
  const jobs::JobOptions options = TRY(jobs::ParseJobOptions(view.job.options));
  const transcript::CueOptions cues = TRY(ReadCues(request, options.cues));
  const bool has_words = TRY(QueryFlag(request, "words")).value_or(options.has_word_timestamps);
  const bool is_download = TRY(QueryFlag(request, "download")).value_or(false);
  Result<transcript::Transcript> whole = transcript::ReadJson(stored);
  if (!whole) {
    return Fail(ErrorCode::kInternal, "a stored transcript: " + whole.error().message);
  }
  const WordTimes words = has_words ? WordTimes::kWrite : WordTimes::kOmit;
  http::Response response = http::MakeResponse(200, ContentType(*format),
                                               transcript::Render(*whole, *format, cues, words));
  const Disposition disposition = is_download ? Disposition::kAttachment : Disposition::kInline;
  response.headers.Set(
      "Content-Disposition",
      ContentDisposition(disposition, fields::TranscriptFilename(view.filename(), extension)));
  return WithEtag(request, std::move(response));
}

struct Media {
  store::Upload upload;
  std::shared_ptr<ByteSource> source;
  uint64_t size = 0;
};

Result<Media> FindMedia(const Services& services, std::string_view id) {
  JobView view = TRY(FindJobView(services, id));
  if (!view.upload) return Fail(ErrorCode::kNotFound, "the job's media is no longer there");
  Media media;
  media.upload = std::move(*view.upload);
  media.source = TRY(services.uploads.OpenSource(view.job.upload));
  const std::optional<uint64_t> size = media.source->size();
  if (media.upload.state == store::UploadState::kReceiving || !size) {
    return Fail(ErrorCode::kConflict, "the media is still being received");
  }
  media.size = *size;
  return media;
}

// A part may only be sent if the client's other parts are of the same file (RFC 9110, 13.1.5).
ByteRange RangeFor(const http::Request& request, const std::string& etag, uint64_t size) {
  const auto condition = request.headers.Find("If-Range");
  if (condition && *condition != etag) return {ByteRange::Kind::kWhole, 0, size};
  return fields::ReadRange(request.headers.Find("Range"), size);
}

http::Response MediaHead(const store::Upload& upload, const std::string& etag) {
  http::Response head = http::MakeResponse(200, fields::MediaType(upload.filename), "");
  head.headers.Set("Accept-Ranges", "bytes");
  head.headers.Set("ETag", etag);
  head.headers.Set("Cache-Control", "private, no-cache");
  head.headers.Set("Content-Disposition",
                   ContentDisposition(Disposition::kAttachment, upload.filename));
  head.headers.Set("X-Content-Type-Options", "nosniff");
  head.headers.Set("Content-Security-Policy", "sandbox; default-src 'none'");
  return head;
}

http::Task<void> SendMedia(const Services& services, http::Exchange& exchange) {
  std::function<Result<Media>()> find = [&] {
    return FindMedia(services, exchange.parameter("id"));
  };
  Result<Media> media = co_await exchange.Offload(std::move(find));
  if (!media) {
    Error error = std::move(media).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  const http::Request& request = exchange.request();
  const std::string etag = "\"" + media->upload.sha256 + "\"";
  http::Response head = MediaHead(media->upload, etag);
  const auto known = request.headers.Find("If-None-Match");
  if (known && NamesEtag(*known, etag)) {
    head.status = 304;
    head.headers.Remove("Content-Type");
    co_await exchange.Send(std::move(head));
    co_return;
  }
  const ByteRange range = RangeFor(request, etag, media->size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    head.status = 416;
    head.headers.Set("Content-Range", fmt::format("bytes */{}", media->size));
    co_await exchange.Send(std::move(head));
    co_return;
  }
  if (range.kind == ByteRange::Kind::kPart) {
    head.status = 206;
    head.headers.Set("Content-Range", fmt::format("bytes {}-{}/{}", range.offset,
                                                  range.offset + range.length - 1, media->size));
  }
  std::shared_ptr<ByteSource> source = std::move(media->source);
  co_await exchange.SendSource(std::move(head), std::move(source), range.offset, range.length);
}

}  // namespace

void AddJobFileRoutes(const Services& services, std::vector<http::Route>& routes) {
  for (const std::string_view format : {"srt", "vtt", "txt", "json", "tsv"}) {
    AddEndpoint(services, routes, "GET", fmt::format("/api/jobs/{{id}}/transcript.{}", format),
                ShowTranscript);
  }
  AddStreaming(services, routes, "GET", "/api/jobs/{id}/media", SendMedia);
}

}  // namespace verbatim::api
