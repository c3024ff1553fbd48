#include "serve_command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "access/access.h"
#include "access_control.h"
#include "access_log.h"
#include "api/api.h"
#include "backup/data_folder.h"
#include "base/clock.h"
#include "base/contain.h"
#include "base/log.h"
#include "calibration_file.h"
#include "certificate_watch.h"
#include "control_socket.h"
#include "history_keeper.h"
#include "http/server.h"
#include "inbox/inbox.h"
#include "jobs/engine_cache.h"
#include "jobs/jobs.h"
#include "ledger.h"
#include "listen_address.h"
#include "memory_control.h"
#include "metrics/metrics.h"
#include "model_command.h"
#include "models/models.h"
#include "performance/basis.h"
#include "performance/watch.h"
#include "performance_basis.h"
#include "pipeline/memory.h"
#include "report.h"
#include "server_settings.h"
#include "service_options.h"
#include "settings/kept_settings.h"
#include "settings/live.h"
#include "settings/settings.h"
#include "store/database.h"
#include "upload/uploads.h"
#include "webhook/webhooks.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
using settings::Settings;
using std::chrono::seconds;

// Together they end the server within 10 s.
constexpr seconds kRequestsGrace{4};
constexpr seconds kJobsGrace{5};

// Between looks at the machine, and longer while its memory is at hand.
constexpr seconds kWatchTime{1};
constexpr int64_t kCalmWatchMs = 5'000;
constexpr seconds kSampleTime{1};
constexpr seconds kWebhookTime{1};
constexpr seconds kInboxTime{2};  // a look through the watched folder

// Nobody could use the server, or everybody could.
Result<void> CheckTokens(const ListenAddress& listen, const access::Access& access) {
  const access::Auth auth = access.policy().auth;
  if (!access.is_required() || access.keyring->has_tokens()) return {};
  const std::string why = auth == access::Auth::kRequired
                              ? "auth is required"
                              : fmt::format("other machines reach {}", listen.address);
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}, and there is no token yet: make one with "
                          "\"verbatim token create --name NAME --scope admin\", or let everybody "
                          "who reaches the server use it with --auth off",
                          why));
}

// Works at even intervals until `stop`. What one turn fails at for want of memory is left to the
// next.
template <typename Work>
void Repeat(seconds interval, const std::stop_token& stop, Work work) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  auto due = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    static_cast<void>(Contain([&] { work(); }));
    due = std::max(due + interval, std::chrono::steady_clock::now());
    wake.wait_until(lock, stop, due, [] { return false; });
  }
}

// Every connection has a descriptor; the usual 1024 are too few. Returns how many there may be.
size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return SIZE_MAX;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(limit.rlim_cur);
}

using Changes = std::vector<settings::SettingChange>;

bool IsAmong(const Changes& changes, std::string_view name) {
  return std::ranges::any_of(
      changes, [&](const settings::SettingChange& change) { return change.name == name; });
}

// All parts of the service, in the order in which they are made; they end in the opposite one.
class Service {
 public:
  Service(const ServeArguments& arguments, settings::Loaded loaded, const MediaSandbox& sandbox,
          SignalWatcher& signals)
      : arguments_(arguments),
        sandbox_(sandbox),
        live_(std::move(loaded)),
        signals_(signals),
        stop_(signals.stop_token()),
        log_(MakeLog(LogLevelOf(live_.Current()), LogFormatOf(live_.Current()))) {}

  // Nothing is served before all of it went well.
  Result<void> Open() {
    const Result<void> opened = OpenParts();
    if (opened) return {};
    const Result<fs::path> folder = DataFolder(live_.Current());
    return Failure(folder ? WithAdvice(opened.error(), *folder) : opened.error());
  }

  // Until `stop`.
  void Run() {
    jobs_->Start();
    const char* scheme = certificate_ == nullptr ? "http" : "https";
    Complain("serving at " + HttpUrl(listen_.address, server_->port(), scheme));
    {
      const std::jthread watcher([this](const std::stop_token& stop) {
        Repeat(kWatchTime, stop, [this] { WatchMachine(); });
      });
      const std::jthread sampler([this](const std::stop_token& stop) {
        Repeat(kSampleTime, stop, [this] {
          history_->Tick();
          access_->Tick();
          if (certificate_ != nullptr) certificate_->Look();
        });
      });
      if (certificate_ != nullptr) signals_.OnHangup([this] { certificate_->Reload(); });
      const std::jthread teller([this](const std::stop_token& stop) {
        Repeat(kWebhookTime, stop, [&] { webhooks_->Deliver(stop); });
      });
      const std::jthread inbox([this](const std::stop_token& stop) {
        if (inbox_) Repeat(kInboxTime, stop, [&] { inbox_->Tick(stop); });
      });
      const std::stop_callback on_stop(stop_, [this] { server_->Stop(kRequestsGrace); });
      server_->Run();
      signals_.OnHangup({});
    }
    jobs_->Stop(kJobsGrace);
    history_->Stop();
    access_->Tick();
    log_->Info("stopped");
  }

 private:
  Result<void> OpenParts() {
    listen_ = TRY(ParseListenAddress(live_.Current().listen));
    TRY_VOID(OpenStore());
    TRY_VOID(OpenAccess());
    const Settings settings = live_.Current();  // with what earlier runs have changed
    log_->SetLevel(LogLevelOf(settings));
    TRY_VOID(OpenModels(settings));
    TRY_VOID(OpenJobs(settings));
    TRY_VOID(OpenInbox(settings));
    TRY_VOID(OpenServer(settings));
    live_.CheckWith([this](const Settings& next, const Changes& changes) {
      return CheckChange(next, changes);
    });
    live_.OnChange([this](const Changes& changes) { FollowSettings(changes); });
    return {};
  }

  Result<void> OpenModels(const Settings& settings) {
    const std::unique_ptr<Reporter> reporter = MakeReporter({});
    const fs::path folder = TRY(EnsureModel(settings.model, *reporter, stop_));
    reporter->OnEnd({});
    jobs::EngineCacheOptions options;
    options.engine.compute_type = ComputeTypeOf(settings);
    const SandboxMode sandbox_mode = SandboxModeOf(settings.sandbox);
    TRY_VOID(sandbox_.Check(sandbox_mode,
                            [this](const std::string& message) { log_->Warning("{}", message); }));
    options.engine.sandbox = TRY(sandbox_.LauncherFor(sandbox_mode));
    options.engine.threads = static_cast<int>(settings.threads);
    basis_ = MakeBasis(
        live_, MakeModelBasis(settings, folder,
                              StoredCalibration(arguments_.calibration, folder, *reporter)));
    basis_.engines = [this] { return SumOf(*engines_); };
    options.calibration = [this](const fs::path& model) { return CalibrationOf(model); };
    options.workers = [this] { return ChooseWorkers(basis_, watch_->shape().workers); };
    options.estimate = EstimateModel;
    options.loaded_max = static_cast<size_t>(settings.models_loaded_max);
    engines_ = jobs::EngineCache::Make(std::move(options), *log_);
    watch_ = std::make_unique<performance::Watch>(basis_, *log_);
    return {};
  }

  // What was measured with a model; a file that cannot be used was a warning at the start.
  std::optional<pipeline::Calibration> CalibrationOf(const fs::path& model) {
    const std::unique_ptr<Reporter> reporter = MakeReporter({.progress = ProgressMode::kNone});
    return ChosenIn(StoredCalibration(arguments_.calibration, model, *reporter));
  }

  // While the server runs.
  void WatchMachine() {
    const performance::Pressure pressure = watch_->pressure();
    const bool is_calm = !pressure.is_short && pressure.steps.empty();
    const int64_t now_ms = clock_.SteadyMs();
    if (is_calm && now_ms < watch_due_ms_) return;
    watch_due_ms_ = now_ms + kCalmWatchMs;
    const jobs::Jobs::Load load = jobs_->load();
    watch_->Tick(now_ms, {load.queued, load.running, load.oldest_wait_s});
  }

  int PressureLevel() const {
    return watch_ == nullptr ? 0 : static_cast<int>(watch_->pressure().level);
  }

  Result<void> OpenStore() {
    const fs::path folder = TRY(MakeDataFolder(live_.Current()));
    database_ = TRY(OpenLedger(folder));
    TRY_VOID(settings::KeepIn(*database_, live_, clock_, *log_));
    events_ = TRY(api::EventHub::Open(*database_));
    history_ = TRY(HistoryKeeper::Open(
        {live_, *database_, clock_, *log_, [this] { return PressureLevel(); }}));
    upload::UploadsOptions options;
    options.folder = folder / backup::kUploadsName;
    options.limits = UploadLimitsOf(live_.Current());
    uploads_ = TRY(upload::Uploads::Open(options, *database_, clock_, *log_));
    return {};
  }

  Result<void> OpenAccess() {
    const Settings settings = live_.Current();
    access_ = TRY(access::Access::Open(*database_, clock_, *log_));
    access_->SetPolicy(TRY(AccessPolicyOf(settings, listen_)));
    access_->SetLimits(AccessLimitsOf(settings));
    site_ = TRY(SiteRulesOf(settings, listen_));
    TRY_VOID(CheckTokens(listen_, *access_));
    const fs::path folder = TRY(DataFolder(settings));
    control_ = TRY(ControlSocket::Open(
        folder, [this](const std::string& line) { return AnswerControl(*access_, line); }));
    return {};
  }

  Result<void> OpenJobs(const Settings& settings) {
    jobs::JobsOptions options;
    options.limits = JobLimitsOf(settings);
    options.runs = history_->run_events();
    options.memory = [this] { return ReadMemory(basis_, *watch_); };
    options.held_bytes = pipeline::ResidentBytes;
    webhooks_ = TRY(webhook::Webhooks::Open(WebhookOptionsOf(settings), *database_, clock_, *log_));
    options.allows_webhooks = settings.webhook_per_job;
    options.on_ended = [this](store::Connection& connection, const store::Job& job,
                              const std::string& json) {
      const auto asked = jobs::ParseJobOptions(job.options);
      return webhooks_->Enter(connection, job, json, asked ? asked->webhook : "");
    };
    jobs_ = TRY(jobs::Jobs::Open(std::move(options), *database_, *uploads_, *engines_, *metrics_,
                                 clock_, *log_));
    watch_->ActOn(ActionsOn({*engines_, *database_, clock_, *log_}));
    uploads_->OnComplete([this](store::Connection& connection, const store::Upload& upload) {
      return jobs_->SubmitFor(connection, upload);
    });
    history_->Watch({basis_, *jobs_, *engines_, *metrics_, *events_});
    return {};
  }

  Result<void> OpenInbox(const Settings& settings) {
    if (settings.watch_folder.empty()) return {};
    inbox::InboxOptions options = TRY(InboxOptionsOf(settings));
    inbox_ = TRY(inbox::Inbox::Open(std::move(options), *database_, *uploads_, clock_, *log_));
    return {};
  }

  Result<void> OpenServer(const Settings& settings) {
    services_.reset(new api::Services{{VERBATIM_VERSION, site_},
                                      *database_,
                                      *uploads_,
                                      *jobs_,
                                      *engines_,
                                      *metrics_,
                                      *events_,
                                      clock_,
                                      *log_,
                                      live_,
                                      basis_,
                                      watch_.get(),
                                      &history_->recorder(),
                                      &history_->forecaster(),
                                      &history_->tuning(),
                                      access_.get(),
                                      SandboxStateOf()});
    http::ServerOptions options = ServerOptionsOf(settings);
    options.address = listen_.address;
    options.port = listen_.port;
    api::SetUpServer(*services_, options);
    options.on_outcome = [this](const http::Outcome& outcome) {
      LogOutcome(*log_, outcome);
      CountOutcome(*metrics_, outcome);
    };
    const size_t connections_max = ConnectionsFor(RaiseDescriptorLimit());
    if (connections_max < options.connections_max) {
      log_->Warning("at most {} connections: the system lets this process have no more files open",
                    connections_max);
      options.connections_max = connections_max;
    }
    const std::optional<http::TlsFiles> tls = options.tls;
    if (!tls && !listen_.is_loopback() && access_->is_required()) {
      log_->Warning(
          "tokens and transcripts go over the network as they are: set tls_certificate "
          "and tls_key, or put a proxy with TLS in front");
    }
    server_ = TRY(http::Server::Open(std::move(options), api::MakeRoutes(*services_), *log_));
    if (tls) certificate_ = std::make_unique<CertificateWatch>(*server_, *tls, *log_);
    return {};
  }

  // The server goes over to a model that is installed. Folders are for who starts the server.
  Result<void> CheckChange(const Settings& next, const Changes& changes) {
    const auto change = std::ranges::find(changes, "model", &settings::SettingChange::name);
    if (change == changes.end()) return {};
    if (change->is_changed && models::FindInCatalog(next.model) == nullptr) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("model: \"{}\" is not the name of a model; GET /v1/models has those "
                              "that are installed",
                              next.model));
    }
    Result<void> model = engines_->Check(next.model);
    if (model) return {};
    Error error = std::move(model).error();
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kConflict;
    return Failure(std::move(error).WithContext("model"));
  }

  void FollowModel(const Settings& settings) {
    const Result<fs::path> folder = models::FindModel(settings.model);
    if (!folder) return;  // it was there a moment ago; jobs will say that it is not
    const std::unique_ptr<Reporter> reporter = MakeReporter({.progress = ProgressMode::kNone});
    basis_.model->Set(MakeModelBasis(
        settings, *folder, StoredCalibration(arguments_.calibration, *folder, *reporter)));
  }

  // None where media is read in this process.
  std::function<api::SandboxState()> SandboxStateOf() const {
    if (SandboxModeOf(live_.Current().sandbox) == SandboxMode::kOff) return nullptr;
    return [this] {
      api::SandboxState state;
      const Result<sandbox::LayerReport> report = sandbox_.report();
      if (!report) {
        state.checked = Failure(report.error());
        return state;
      }
      state.checked = sandbox::CheckRequired(*report);
      for (const sandbox::LayerState& layer : report->layers) {
        state.layers.push_back(
            {std::string(sandbox::LayerName(layer.layer)), layer.is_active, layer.reason});
      }
      return state;
    };
  }

  // Whoever reads the settings again and again sees changes; the others are told.
  void FollowSettings(const Changes& changes) {
    const Settings settings = live_.Current();
    if (IsAmong(changes, "model")) FollowModel(settings);
    log_->SetLevel(LogLevelOf(settings));
    uploads_->SetLimits(UploadLimitsOf(settings));
    jobs_->SetLimits(JobLimitsOf(settings));
    access_->SetLimits(AccessLimitsOf(settings));
    engines_->SetLoadedMax(static_cast<size_t>(settings.models_loaded_max));
    watch_due_ms_ = 0;
  }

  const ServeArguments& arguments_;
  const MediaSandbox& sandbox_;
  settings::Live live_;
  SignalWatcher& signals_;
  const std::stop_token stop_;
  const SystemClock clock_;
  const std::unique_ptr<Log> log_;
  const std::unique_ptr<metrics::Metrics> metrics_ = metrics::Metrics::Make();
  ListenAddress listen_;
  performance::Basis basis_;
  std::unique_ptr<performance::Watch> watch_;
  std::atomic<int64_t> watch_due_ms_ = 0;
  std::unique_ptr<jobs::EngineCache> engines_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<ControlSocket> control_;
  fields::SiteRules site_;
  std::unique_ptr<api::EventHub> events_;
  std::unique_ptr<upload::Uploads> uploads_;
  std::unique_ptr<HistoryKeeper> history_;  // before what it is told by
  std::unique_ptr<webhook::Webhooks> webhooks_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<inbox::Inbox> inbox_;
  std::unique_ptr<api::Services> services_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<CertificateWatch> certificate_;  // null: HTTP without TLS
};

ExitCode ExitWith(const Error& error) {
  Complain(error.message);
  const bool is_model =
      error.code == ErrorCode::kCorruptModel || error.code == ErrorCode::kNotFound;
  return ExitCodeOf(error.code, is_model ? Stage::kModel : Stage::kFile);
}

}  // namespace

ExitCode Serve(const ServeArguments& arguments, const MediaSandbox& sandbox,
               SignalWatcher& signals) {
  Result<settings::Loaded> loaded = LoadServerSettings(arguments);
  if (!loaded) return ExitWith(loaded.error());
  Service service(arguments, *std::move(loaded), sandbox, signals);
  if (Result<void> opened = service.Open(); !opened) return ExitWith(opened.error());
  service.Run();
  return ExitCode::kSuccess;
}

}  // namespace verbatim::app
