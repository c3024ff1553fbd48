// Transcripts: in every format and revision, and what people change in them.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "api/impl/job_view.h"
#include "api/impl/transcript_file.h"
#include "api/problem.h"
#include "base/clock.h"
#include "editing/edit_json.h"
#include "editing/editing.h"
#include "fields/file_headers.h"
#include "store/revisions.h"
#include "transcript/writers.h"

namespace verbatim::api {
namespace {

using transcript::Format;

constexpr uint64_t kEditBytesMax = 16 << 20;
constexpr uint64_t kRestoreBytesMax = 4096;

Failure NoTranscript(const store::Job& job) {
  const std::string_view state = store::JobStateName(job.state);
  const bool is_pending = !store::IsFinal(job.state);
  return Fail(ErrorCode::kConflict,
              fmt::format("the job is {}; {}", state,
                          is_pending ? "its transcript is there when it has completed"
                                     : "it has no transcript"));
}

Result<int64_t> NewestOf(const Services& services, const store::Job& job) {
  const auto newest = TRY(services.database.Read(
      [&](store::Connection& connection) { return store::NewestRevision(connection, job.id); }));
  if (!newest) return NoTranscript(job);
  return *newest;
}

Result<store::StoredRevision> FindStored(const Services& services, const store::Job& job,
                                         int64_t number) {
  auto found = TRY(services.database.Read([&](store::Connection& connection) {
    return store::FindRevision(connection, job.id, number);
  }));
  if (found) return *std::move(found);
  return Fail(ErrorCode::kNotFound,
              fmt::format("there is no revision {}, or it is no longer kept", number));
}

// What a file is made of besides its revision.
std::string ShapeText(const Services& services, Format format, const FileShape& shape) {
  const transcript::CueOptions& cues = shape.cues;
  return fmt::format("{} {} {} {} {} {} {} {} {} {}", services.options.version,
                     transcript::FormatName(format), cues.line_length_max, cues.lines_max,
                     cues.duration_min_ms, cues.duration_max_ms, cues.gap_min_ms,
                     cues.pause_break_ms, cues.reading_speed_max,
                     shape.words == transcript::WordTimes::kWrite);
}

Result<http::Response> Show(const Services& services, const Call& call) {
  const http::Request& request = call.request();
  const std::string_view extension =
      std::string_view(request.path).substr(request.path.rfind('.') + 1);
  const std::optional<Format> format = transcript::ParseFormat(extension);
  if (!format) return Fail(ErrorCode::kNotFound, "there is no such format");
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  const jobs::JobOptions options = TRY(jobs::ParseJobOptions(view.job.options));
  const FileShape shape = TRY(ReadFileShape(request, options));
  const bool is_download = TRY(QueryFlag(request, "download")).value_or(false);
  const int64_t newest = TRY(NewestOf(services, view.job));
  const int64_t number = TRY(QueryNumber(request, "revision", newest, {0, INT64_MAX}));
  http::Response response = http::MakeResponse(200, ContentType(*format), "");
  response.headers.Set("Transcript-Revision", std::to_string(number));
  using fields::Disposition;
  response.headers.Set(
      "Content-Disposition",
      fields::ContentDisposition(is_download ? Disposition::kAttachment : Disposition::kInline,
                                 fields::TranscriptFilename(view.filename(), extension)));
  const std::string etag =
      fmt::format("\"r{}-{}\"", number, Fingerprint(ShapeText(services, *format, shape)));
  if (HasClientCopy(request, etag)) return NotModified(std::move(response), etag);
  const store::StoredRevision stored = TRY(FindStored(services, view.job, number));
  const transcript::Transcript whole = TRY(store::ReadRevision(stored));
  response.body = transcript::Render(whole, *format, shape.cues, shape.words);
  return Tagged(std::move(response), etag);
}

// The revision that a change builds on, as If-Match names it; or what the request is refused with.
std::expected<int64_t, http::Response> MatchedRevision(const http::Request& request) {
  const auto field = request.headers.Find("If-Match");
  if (!field) {
    return std::unexpected(ProblemForStatus(
        428, "say in If-Match which revision the change builds on, for example \"0\""));
  }
  std::string_view text = *field;
  int64_t number = -1;
  if (text.size() > 2 && text.starts_with('"') && text.ends_with('"')) {
    text = text.substr(1, text.size() - 2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) number = -1;
  }
  if (number >= 0) return number;
  return std::unexpected(ProblemForStatus(
      400, "If-Match: it must be the number of a revision in quotes, for example \"0\""));
}

http::Response StaleResponse(int64_t wanted, int64_t newest) {
  return ExtendedProblem(412,
                         fmt::format("the transcript has revision {} now, not {}: somebody changed "
                                     "it meanwhile",
                                     newest, wanted),
                         {{"revision", newest}});
}

double Seconds(SampleTime time) { return static_cast<double>(ToMilliseconds(time)) / 1000; }

// As transcript.json has it, so that 0.2F is 0.2 and not 0.200000003.
double Rounded(float measure) { return std::round(static_cast<double>(measure) * 1e4) / 1e4; }

boost::json::object SegmentObject(const transcript::Segment& segment, size_t id) {
  boost::json::array words;
  for (const transcript::Word& word : segment.words) {
    words.push_back(boost::json::object{{"word", word.text},
                                        {"start", Seconds(word.begin)},
                                        {"end", Seconds(word.end)},
                                        {"probability", Rounded(word.probability)}});
  }
  return {{"id", id},
          {"start", Seconds(segment.begin)},
          {"end", Seconds(segment.end)},
          {"text", segment.text},
          {"edited", segment.is_edited},
          {"words", std::move(words)}};
}

boost::json::array ChangeList(const transcript::Changes& changes) {
  boost::json::array list;
  size_t added = 0;
  size_t removed = 0;
  for (const transcript::Change& change : changes) {
    boost::json::array segments;
    size_t id = change.first + added - removed;
    for (const transcript::Segment& segment : change.segments) {
      segments.push_back(SegmentObject(segment, id++));
    }
    list.push_back(boost::json::object{
        {"first", change.first}, {"count", change.count}, {"segments", std::move(segments)}});
    added += change.segments.size();
    removed += change.count;
  }
  return list;
}

// The job's id, if it has a transcript.
Result<std::string> EditedJob(const Services& services, const Call& call) {
  const JobView view = TRY(FindJobView(services, call.parameter("id")));
  TRY(NewestOf(services, view.job));
  return view.job.id;
}

Result<http::Response> Change(const Services& services, const Call& call) {
  const auto revision = MatchedRevision(call.request());
  if (!revision) return revision.error();
  const std::string job = TRY(EditedJob(services, call));
  const editing::Edit edit = TRY(editing::ParseEdit(call.body));
  const editing::Outcome outcome =
      TRY(editing::Editor(services.database, services.clock).Change({job, *revision}, edit));
  if (outcome.is_stale) return StaleResponse(*revision, outcome.revision);
  return JsonResponse(200,
                      {{"revision", outcome.revision}, {"changes", ChangeList(outcome.changes)}});
}

Result<http::Response> Restore(const Services& services, const Call& call) {
  const auto revision = MatchedRevision(call.request());
  if (!revision) return revision.error();
  const std::string job = TRY(EditedJob(services, call));
  const int64_t wanted = TRY(editing::ParseRestore(call.body));
  const editing::Outcome outcome =
      TRY(editing::Editor(services.database, services.clock).Restore({job, *revision}, wanted));
  if (outcome.is_stale) return StaleResponse(*revision, outcome.revision);
  return JsonResponse(200, {{"revision", outcome.revision}});
}

Result<http::Response> ListRevisions(const Services& services, const Call& call) {
  const std::string job = TRY(EditedJob(services, call));
  const auto limit = static_cast<size_t>(TRY(QueryNumber(call.request(), "limit", 50, {1, 1000})));
  const int64_t before = TRY(QueryNumber(call.request(), "before", INT64_MAX, {1, INT64_MAX}));
  std::vector<store::Revision> found =
      TRY(services.database.Read([&](store::Connection& connection) {
        return store::Revisions(connection, job, before, limit + 1);
      }));
  boost::json::value next = nullptr;
  if (found.size() > limit) {
    found.resize(limit);
    next = fmt::format("/api/jobs/{}/transcript/revisions?limit={}&before={}", job, limit,
                       found.back().number);
  }
  boost::json::array revisions;
  for (const store::Revision& revision : found) {
    revisions.push_back(boost::json::object{{"revision", revision.number},
                                            {"time", UtcText(revision.time_ms)},
                                            {"summary", revision.summary},
                                            {"segments_changed", revision.segments_changed}});
  }
  return JsonResponse(200, {{"revisions", std::move(revisions)}, {"next", std::move(next)}});
}

}  // namespace

void AddTranscriptRoutes(const Services& services, std::vector<http::Route>& routes) {
  for (const std::string_view format : {"srt", "vtt", "txt", "json", "tsv"}) {
    AddEndpoint(services, routes, "GET", fmt::format("/api/jobs/{{id}}/transcript.{}", format),
                Show);
  }
  AddEndpoint(services, routes, "PATCH", "/api/jobs/{id}/transcript", Change, kEditBytesMax);
  AddEndpoint(services, routes, "GET", "/api/jobs/{id}/transcript/revisions", ListRevisions);
  AddEndpoint(services, routes, "POST", "/api/jobs/{id}/transcript/restore", Restore,
              kRestoreBytesMax);
}

}  // namespace verbatim::api
