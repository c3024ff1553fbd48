// What the tests of this room share: the parts of a server around the jobs, with a real store and
// real uploads in a folder of its own, a clock that stands still and a fake engine.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "jobs/impl/job_center.h"
#include "jobs/test_clock.h"
#include "jobs/test_doubles.h"
#include "jobs/test_engine.h"
#include "metrics/metrics.h"
#include "store/events.h"
#include "store/transcripts.h"
#include "store/uploads.h"
#include "transcript/writers.h"
#include "upload/uploads.h"

namespace verbatim::jobs {

class TestServer {
 public:
  // Without threads, unless options give runners and the test calls Start.
  explicit TestServer(std::filesystem::path folder, JobsOptions options = {})
      : options_(std::move(options)), folder_(std::move(folder)) {
    Boot();
  }

  // Begins anew on what is on disk; what memory held is gone, as after kill -9.
  void Crash() {
    center_.reset();
    uploads_.reset();
    database_.reset();
    Boot();
  }

  JobCenter& jobs() { return *center_; }
  upload::Uploads& uploads() { return *uploads_; }
  FragileDatabase& database() { return *database_; }
  EngineCache& engines() { return *engines_; }
  metrics::Metrics& metrics() { return *metrics_; }
  FakeClock& clock() { return clock_; }
  FakeScript& script() { return *script_; }
  ListeningLog& log() { return log_; }

  // A complete upload of these bytes.
  std::string Upload(const std::string& bytes, const std::string& filename = "talk.wav",
                     const std::string& job_request = "") {
    const std::string id = Begin(bytes.size(), filename, job_request);
    if (!bytes.empty()) Append(id, bytes);
    return id;
  }
  std::string Begin(uint64_t length, const std::string& filename = "talk.wav",
                    const std::string& job_request = "") {
    upload::NewUpload request;
    request.length = length;
    request.filename = filename;
    request.job_request = job_request;
    return Must(uploads_->Create(request)).id;
  }
  void Append(const std::string& id, const std::string& bytes) {
    const uint64_t offset = Must(uploads_->Find(id)).offset;
    const auto receiver = Must(uploads_->Receive(id, offset, std::nullopt, [] {}));
    CHECK(receiver->Append(bytes));
    CHECK(receiver->Finish());
  }

  // A queued job, or what reuse made of it.
  store::Job Submit(const std::string& upload, const JobOptions& options = {}, int priority = 0) {
    JobRequest request;
    request.upload = upload;
    request.options = options;
    request.priority = priority;
    return Must(center_->Submit(request)).job;
  }

  store::Job Find(const std::string& id) {
    return *Must(database_->Read(
        [&](store::Connection& connection) { return store::FindJob(connection, id); }));
  }
  int64_t Count(store::JobState state) {
    return Must(database_->Read(
        [&](store::Connection& connection) { return store::CountJobs(connection, state); }));
  }
  bool Exists(const std::string& id) {
    return Must(database_->Read(
                    [&](store::Connection& connection) { return store::FindJob(connection, id); }))
        .has_value();
  }
  std::vector<store::Event> Events(const std::string& job) {
    return Must(database_->Read([&](store::Connection& connection) {
      return store::EventsAfter(connection, 0, 1'000'000, job);
    }));
  }
  std::vector<store::StoredWindow> Windows(const std::string& job) {
    return Must(database_->Read(
        [&](store::Connection& connection) { return store::WindowsOf(connection, job); }));
  }
  // Empty: there is none.
  std::string TranscriptJson(const std::string& job) {
    return Must(database_->Read([&](store::Connection& connection) {
             return store::FindTranscript(connection, job);
           }))
        .value_or("");
  }
  std::string Text(const std::string& job) {
    const auto transcript = transcript::ReadJson(TranscriptJson(job));
    return transcript ? transcript::PlainText(*transcript) : "";
  }

  template <typename T>
  static T Must(Result<T> result) {
    if (!result) fprintf(stderr, "unexpected: %s\n", result.error().message.c_str());
    CHECK(result);
    return *std::move(result);
  }

 private:
  void Boot() {
    database_ =
        std::make_unique<FragileDatabase>(Must(store::Database::Open(folder_ / "verbatim.db")));
    upload::UploadsOptions options;
    options.folder = folder_ / "uploads";
    options.limits.disk_reserve = 0;
    uploads_ = Must(upload::Uploads::Open(options, *database_, clock_, log_));
    center_ = std::make_unique<JobCenter>(
        options_, JobCenter::Parts{*database_, *uploads_, *engines_, *metrics_, clock_, log_});
    CHECK(center_->Recover());
    uploads_->OnComplete([this](store::Connection& connection, const store::Upload& upload) {
      return center_->SubmitFor(connection, upload);
    });
  }

  std::unique_ptr<EngineCache> MakeEngines() {
    EngineCacheOptions options;
    options.estimate = [this](const std::string&) { return script_->cost; };
    options.open = [this](const std::string& model) -> Result<std::unique_ptr<pipeline::Engine>> {
      ++script_->opened;
      if (script_->on_open) TRY_VOID(script_->on_open(model));
      return std::make_unique<FakeEngine>(script_);
    };
    return EngineCache::Make(options, log_);
  }

  const JobsOptions options_;
  const std::filesystem::path folder_;
  FakeClock clock_;
  ListeningLog log_;
  const std::shared_ptr<FakeScript> script_ = std::make_shared<FakeScript>();
  const std::unique_ptr<EngineCache> engines_ = MakeEngines();
  const std::unique_ptr<metrics::Metrics> metrics_ = metrics::Metrics::Make();
  std::unique_ptr<FragileDatabase> database_;
  std::unique_ptr<upload::Uploads> uploads_;
  std::unique_ptr<JobCenter> center_;
};

// `count` windows' worth of bytes, different for each seed.
inline std::string Speech(size_t count, unsigned seed = 0) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    std::string window = fmt::format("w{} s{}", i, seed);
    window.resize(kFakeWindowBytes, '~');
    bytes += window;
  }
  return bytes;
}

}  // namespace verbatim::jobs
