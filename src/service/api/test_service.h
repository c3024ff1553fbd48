// What the tests of this room share: the whole service over real sockets, with an engine that says
// what it is told to, in a folder of its own.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/test_engine.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "jobs/jobs.h"
#include "metrics/metrics.h"
#include "settings/kept_settings.h"
#include "store/jobs.h"
#include "store/test_database.h"
#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::api {

// A served service, from database to socket.
class RunningService {
 public:
  explicit RunningService(fields::SiteRules site = {}) {
    database_ = Must(store::Database::Open(folder_.path() / "verbatim.db"));
    EXPECT_TRUE(settings::KeepIn(*database_, settings_, clock_, log_));
    events_ = Must(EventHub::Open(*database_, 64));
    upload::UploadsOptions upload_options;
    upload_options.folder = folder_.path() / "uploads";
    upload_options.limits.size_max = 100'000;
    upload_options.limits.disk_reserve = 0;
    uploads_ = Must(upload::Uploads::Open(upload_options, *database_, clock_, log_));
    jobs::EngineCacheOptions engine_options;
    engine_options.open = [this](const std::string&) -> Result<std::unique_ptr<pipeline::Engine>> {
      return std::make_unique<ScriptedEngine>(script);
    };
    engines_ = jobs::EngineCache::Make(std::move(engine_options), log_);
    forecaster_ = Must(history::Forecaster::Open(
        {*database_, clock_, log_, [](const std::string&) { return uint64_t{145'000'000}; }}));
    jobs::JobsOptions job_options;
    job_options.runs = forecaster_->Events();
    jobs_ = Must(
        jobs::Jobs::Open(job_options, *database_, *uploads_, *engines_, *metrics_, clock_, log_));
    uploads_->OnComplete([this](store::Connection& connection, const store::Upload& upload) {
      return jobs_->SubmitFor(connection, upload);
    });
    services_.reset(
        new Services{{.version = "1.2.3", .default_model = "base", .site = std::move(site)},
                     *database_,
                     *uploads_,
                     *jobs_,
                     *engines_,
                     *metrics_,
                     *events_,
                     clock_,
                     log_,
                     settings_,
                     {.settings = &settings_}});
    access_ = Must(access::Access::Open(*database_, clock_, log_));
    services_->access = access_.get();
    recorder_ = std::make_unique<history::Recorder>(*database_, log_);
    tuning_ =
        std::make_unique<history::Tuning>(history::TuningParts{settings_, *database_, log_, {}});
    services_->recorder = recorder_.get();
    services_->forecaster = forecaster_.get();
    services_->tuning = tuning_.get();
    jobs_->Start();
    http::ServerOptions options;
    SetUpServer(*services_, options);
    server_ =
        std::make_unique<tests::RunningHttpServer>(std::move(options), MakeRoutes(*services_));
  }
  ~RunningService() {
    script.Release();
    server_.reset();
    jobs_->Stop(std::chrono::seconds(5));
  }
  RunningService(const RunningService&) = delete;
  RunningService& operator=(const RunningService&) = delete;

  Script script;

  const Services& services() const { return *services_; }
  access::Access& access() { return *access_; }
  history::Recorder& recorder() { return *recorder_; }
  uint16_t port() const { return server_->port(); }

  tests::RawResponse Ask(std::string_view method, std::string_view target,
                         std::string_view headers = "", std::string_view body = "") const {
    tests::RawHttpClient client(port());
    CHECK(client.Send(RequestText(method, target, headers, body)));
    const auto response = client.ReceiveResponse(std::string(method));
    EXPECT_TRUE(response) << method << " " << target << ": no answer";
    return response.value_or(tests::RawResponse{});
  }

  tests::RawResponse Get(std::string_view target, std::string_view headers = "") const {
    return Ask("GET", target, headers);
  }

  tests::RawResponse PostJson(std::string_view target, std::string_view json) const {
    return Ask("POST", target, "Content-Type: application/json\r\n", json);
  }

  // Changes settings, as JSON; what comes of it.
  boost::json::value Patch(std::string_view json) const {
    const tests::RawResponse response =
        Ask("PATCH", "/api/performance/settings", "Content-Type: application/json\r\n", json);
    EXPECT_EQ(response.status, 200) << response.body;
    return boost::json::parse(response.body);
  }

  static std::string RequestText(std::string_view method, std::string_view target,
                                 std::string_view headers, std::string_view body) {
    std::string text =
        fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}", method, target, headers);
    const bool has_body = method != "GET" && method != "HEAD" && method != "DELETE";
    if (has_body) text += fmt::format("Content-Length: {}\r\n", body.size());
    return text + "\r\n" + std::string(body);
  }

  // An upload that is complete.
  std::string PutFile(std::string_view bytes = "sound", std::string_view name = "talk.wav") const {
    upload::NewUpload request;
    request.length = bytes.size();
    request.filename = name;
    const store::Upload upload = Must(uploads_->Create(request));
    auto receiver = Must(uploads_->Receive(upload.id, 0, std::nullopt, [] {}));
    CHECK(receiver->Append(bytes));
    CHECK(receiver->Finish());
    return upload.id;
  }

  // A job of such an upload, as JSON.
  boost::json::value Submit(std::string_view more = "") const {
    const tests::RawResponse response =
        PostJson("/api/jobs", fmt::format(R"({{"upload":"{}"{}}})", PutFile(), more));
    EXPECT_EQ(response.status, 202) << response.body;
    return boost::json::parse(response.body);
  }

  // Waits for the end of a job, by the events of the ledger; returns its state.
  std::string End(const std::string& id) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto job = Must(database_->Read(
          [&](store::Connection& connection) { return store::FindJob(connection, id); }));
      if (!job) return "none";
      if (store::IsFinal(job->state)) return std::string(store::JobStateName(job->state));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return "still working";
  }

  // A job that has completed; its id.
  std::string Completed() const {
    std::string id(Submit().at("id").as_string());
    EXPECT_EQ(End(id), "completed");
    return id;
  }

 private:
  template <typename T>
  static T Must(Result<T> result) {
    EXPECT_TRUE(result) << result.error().message;
    return std::move(*result);
  }

  const store::TemporaryFolder folder_;
  SystemClock clock_;
  QuietLog log_;
  settings::Live settings_;
  std::unique_ptr<metrics::Metrics> metrics_ = metrics::Metrics::Make();
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<EventHub> events_;
  std::unique_ptr<upload::Uploads> uploads_;
  std::unique_ptr<jobs::EngineCache> engines_;
  std::unique_ptr<history::Forecaster> forecaster_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<history::Tuning> tuning_;
  std::unique_ptr<history::Recorder> recorder_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<tests::RunningHttpServer> server_;
};

// Fields and a file as a form with the boundary "x".
inline constexpr std::string_view kFormType = "Content-Type: multipart/form-data; boundary=x\r\n";
inline std::string Form(const std::vector<std::pair<std::string, std::string>>& fields,
                        std::optional<std::string_view> file = "sound") {
  std::string form;
  for (const auto& [name, value] : fields) {
    form += fmt::format("--x\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name,
                        value);
  }
  if (file) {
    form += fmt::format(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"talk.wav\"\r\n"
        "Content-Type: audio/wav\r\n\r\n{}\r\n",
        *file);
  }
  return form + "--x--\r\n";
}

}  // namespace verbatim::api
