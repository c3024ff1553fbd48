// GET /api/export.zip: the transcripts of many jobs as one archive, sent as it is made.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "api/impl/job_view.h"
#include "api/impl/transcript_file.h"
#include "archive/entry_names.h"
#include "archive/zip_writer.h"
#include "base/random_id.h"
#include "fields/file_headers.h"
#include "store/revisions.h"
#include "transcript/writers.h"

namespace verbatim::api {
namespace {

using transcript::Format;

constexpr size_t kJobsMax = 2000;
constexpr std::string_view kSkippedName = "skipped.txt";

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

Result<std::vector<Format>> ReadFormats(const http::Request& request) {
  std::vector<Format> formats;
  for (const std::string& name : Split(request.Query("formats").value_or("srt"))) {
    const std::optional<Format> format = transcript::ParseFormat(name);
    if (!format) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("formats: \"{}\" is none of srt, vtt, txt, json, tsv", name));
    }
    if (std::ranges::find(formats, *format) == formats.end()) formats.push_back(*format);
  }
  if (formats.empty()) return Fail(ErrorCode::kInvalidArgument, "formats: one is needed");
  return formats;
}

Result<std::vector<std::string>> NamedJobs(const Services& services, std::string_view list) {
  std::vector<std::string> jobs;
  for (const std::string& id : Split(list)) {
    TRY(FindJobView(services, id));
    if (std::ranges::find(jobs, id) == jobs.end()) jobs.push_back(id);
    if (jobs.size() > kJobsMax) break;
  }
  return jobs;
}

Result<std::vector<std::string>> JobsOf(const Services& services, std::string_view tag) {
  store::JobQuery query;
  query.tag = tag;
  query.count = kJobsMax + 1;
  const std::vector<store::Job> found = TRY(services.database.Read(
      [&](store::Connection& connection) { return store::ListJobs(connection, query); }));
  std::vector<std::string> jobs;
  for (const store::Job& job : found) jobs.push_back(job.id);
  return jobs;
}

// The ids of the jobs that the address asks for.
Result<std::vector<std::string>> ReadJobs(const Services& services, const http::Request& request) {
  const auto named = request.Query("jobs");
  const auto tag = request.Query("tag");
  const bool is_all = TRY(QueryFlag(request, "all")).value_or(false);
  if ((named ? 1 : 0) + (tag ? 1 : 0) + (is_all ? 1 : 0) != 1 || (tag && tag->empty())) {
    return Fail(ErrorCode::kInvalidArgument,
                "say which jobs with one of jobs=ID,ID, tag=NAME and all=true");
  }
  std::vector<std::string> jobs =
      TRY(named ? NamedJobs(services, *named) : JobsOf(services, tag.value_or("")));
  if (jobs.size() <= kJobsMax) return jobs;
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("these are more than {} jobs: narrow them down with jobs or tag", kJobsMax));
}

// Makes the archive job by job, on the blocking pool.
class Export {
 public:
  static Result<std::unique_ptr<Export>> Open(const Services& services,
                                              const http::Request& request) {
    std::unique_ptr<Export> made(new Export(services, request));
    TRY(ReadFileShape(request, jobs::JobOptions()));
    made->formats_ = TRY(ReadFormats(request));
    made->jobs_ = TRY(ReadJobs(services, request));
    made->zip_ = TRY(archive::ZipWriter::Open());
    made->names_.Unique(kSkippedName.substr(0, kSkippedName.rfind('.')));
    return made;
  }

  // The archive's next bytes, with one job more; empty: there are no more.
  Result<std::string> Next() {
    while (next_ < jobs_.size()) {
      TRY_VOID(AddJob(jobs_[next_++]));
      std::string bytes = zip_->Take();
      if (!bytes.empty()) return bytes;
    }
    if (is_finished_) return "";
    is_finished_ = true;
    if (!skipped_.empty()) {
      TRY_VOID(zip_->Add({std::string(kSkippedName), services_.clock.WallMs()}, skipped_));
    }
    TRY_VOID(zip_->Finish());
    return zip_->Take();
  }

 private:
  Export(const Services& services, const http::Request& request)
      : services_(services), request_(request) {}

  // A job that is gone by now is none.
  Result<void> AddJob(const std::string& id) {
    const Result<JobView> view = FindJobView(services_, id);
    if (!view && view.error().code == ErrorCode::kNotFound) return {};
    if (!view) return Failure(view.error());
    const std::string name = NameOf(*view);
    const auto stored = TRY(services_.database.Read([&](store::Connection& connection) {
      return store::FindRevision(connection, id, std::nullopt);
    }));
    if (!stored) {
      Skip(*view, fmt::format("the job is {}", store::JobStateName(view->job.state)));
      return {};
    }
    const jobs::JobOptions options = TRY(jobs::ParseJobOptions(view->job.options));
    const Result<FileShape> shape = ReadFileShape(request_, options);
    if (!shape) {
      Skip(*view, shape.error().message);
      return {};
    }
    const transcript::Transcript whole = TRY(store::ReadRevision(*stored));
    const std::string stem = names_.Unique(name);
    for (const Format format : formats_) {
      const archive::ZipWriter::Entry entry{
          fmt::format("{}.{}", stem, transcript::FormatName(format)), view->job.finished_ms};
      TRY_VOID(zip_->Add(entry, transcript::Render(whole, format, shape->cues, shape->words)));
    }
    return {};
  }

  static std::string NameOf(const JobView& view) {
    if (!view.job.title.empty()) return view.job.title;
    return fields::Stem(view.filename());
  }

  void Skip(const JobView& view, std::string_view why) {
    skipped_ += fmt::format("{} ({}): {}\n", archive::SafeName(NameOf(view)), view.job.id, why);
  }

  const Services& services_;
  const http::Request& request_;
  std::vector<Format> formats_;
  std::vector<std::string> jobs_;
  size_t next_ = 0;  // of the jobs
  std::unique_ptr<archive::ZipWriter> zip_;
  archive::EntryNames names_;
  std::string skipped_;
  bool is_finished_ = false;
};

http::Response ZipHead() {
  http::Response head = http::MakeResponse(200, "application/zip", "");
  head.headers.Set("Content-Disposition",
                   fields::ContentDisposition(fields::Disposition::kAttachment, "transcripts.zip"));
  return head;
}

// What fails in the middle cuts the answer off, so that nobody takes a part for the whole.
http::Task<void> SendZip(const Services& services, http::Exchange& exchange) {
  std::function<Result<std::unique_ptr<Export>>()> open = [&] {
    return Export::Open(services, exchange.request());
  };
  Result<std::unique_ptr<Export>> opened = co_await exchange.Offload(std::move(open));
  if (!opened) {
    Error error = std::move(opened).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  Export& work = **opened;
  http::Response head = ZipHead();
  Result<void> sent = co_await exchange.Begin(std::move(head));
  while (sent) {
    std::function<Result<std::string>()> next = [&work] { return work.Next(); };
    const Result<std::string> bytes = co_await exchange.Offload(std::move(next));
    if (!bytes) {
      LogSecret(services, exchange.request(), bytes.error());
      co_return;
    }
    if (bytes->empty()) break;
    sent = co_await exchange.Write(*bytes);
  }
  if (sent) co_await exchange.End();
}

}  // namespace

void AddExportRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddStreaming(services, routes, "GET", "/api/export.zip", SendZip);
}

}  // namespace verbatim::api
