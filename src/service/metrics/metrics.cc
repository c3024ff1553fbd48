#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

#include "metrics/impl/process_metrics.h"

namespace verbatim::metrics {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

// Requests take from a millisecond to a minute, jobs from a second to an hour.
const Buckets kRequestSeconds = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60};
const Buckets kWindowSeconds = {.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};
const Buckets kJobSeconds = {.1, .5, 1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600};
const Buckets kRealtimeFactors = {.5, 1, 2, 5, 10, 20, 50, 100, 200, 500};

Family<Counter>& CounterFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& GaugeFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& HistogramFamily(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// A client may send any word as its method; each would be a series of its own.
std::string MethodLabel(std::string_view method) {
  constexpr std::array kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::ranges::find(kMethods, method) == kMethods.end() ? "other" : std::string(method);
}

class PrometheusMetrics final : public Metrics {
 public:
  void OnRequest(std::string_view method, std::string_view route, int status, double seconds,
                 uint64_t bytes_received, uint64_t bytes_sent) override {
    const std::string method_label = MethodLabel(method);
    const std::string route_label(route);
    requests_
        .Add({{"method", method_label}, {"route", route_label}, {"status", std::to_string(status)}})
        .Increment();
    request_seconds_.Add({{"method", method_label}, {"route", route_label}}, kRequestSeconds)
        .Observe(seconds);
    received_bytes_.Increment(static_cast<double>(bytes_received));
    sent_bytes_.Increment(static_cast<double>(bytes_sent));
  }

  void OnUploadCompleted(uint64_t bytes) override {
    uploads_.Increment();
    upload_bytes_.Increment(static_cast<double>(bytes));
  }

  void OnJobEnded(std::string_view state, double waited_s, double worked_s,
                  double audio_s) override {
    jobs_ended_.Add({{"state", std::string(state)}}).Increment();
    job_wait_.Observe(waited_s);
    job_work_.Observe(worked_s);
    if (worked_s > 0 && audio_s > 0) realtime_factor_.Observe(audio_s / worked_s);
  }

  void OnWindow(double audio_s, double took_s) override {
    window_seconds_.Observe(took_s);
    windows_.Increment();
    audio_seconds_.Increment(audio_s);
  }

  void OnStage(std::string_view stage, double seconds) override {
    if (seconds > 0) stage_seconds_.Add({{"stage", std::string(stage)}}).Increment(seconds);
  }

  void SetJobs(int queued, int running) override {
    jobs_queued_.Set(queued);
    jobs_running_.Set(running);
  }
  void SetOldestWait(double seconds) override { oldest_wait_.Set(seconds); }
  void SetEventClients(int count) override { event_clients_.Set(count); }
  void SetWorkers(int busy, int idle) override {
    workers_busy_.Set(busy);
    workers_idle_.Set(idle);
  }

  void SetMachine(const Machine& machine) override {
    Set(cores_, machine.cores);
    Set(memory_total_, machine.memory_total_bytes);
    Set(memory_available_, machine.memory_available_bytes);
    Set(memory_stall_, machine.memory_stall_some, {{"kind", "some"}});
    Set(memory_stall_, machine.memory_stall_full, {{"kind", "full"}});
    Set(load_, machine.load);
    Set(disk_free_, machine.disk_free_bytes);
    Set(pressure_level_, machine.pressure_level);
  }
  void SetEngines(const Engines& engines) override {
    Set(engine_workers_, engines.busy, {{"state", "busy"}});
    Set(engine_workers_, engines.idle, {{"state", "idle"}});
    Set(efficiency_, engines.efficiency);
    Set(realtime_now_, engines.realtime_factor);
  }
  void SetReady(bool is_ready) override { Set(ready_, is_ready ? 1 : 0); }

  std::string Exposition() override {
    std::vector<prometheus::MetricFamily> families = registry_.Collect();
    std::ranges::move(process_.Collect(), std::back_inserter(families));
    // A family without a series yet would be a type without a value.
    std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families);
  }

 private:
  // A family has a series from its first value on, and none while there is no value.
  static void Set(Family<Gauge>& family, std::optional<double> value,
                  const prometheus::Labels& labels = {}) {
    Gauge& gauge = family.Add(labels);
    if (value) {
      gauge.Set(*value);
    } else {
      family.Remove(&gauge);
    }
  }

  Registry registry_;
  ProcessMetrics process_;

  Family<Counter>& requests_ =
      CounterFamily(registry_, "verbatim_http_requests_total", "Requests answered.");
  Family<Histogram>& request_seconds_ =
      HistogramFamily(registry_, "verbatim_http_request_duration_seconds",
                      "From a request's first byte to the last of its answer.");
  Counter& received_bytes_ =
      CounterFamily(registry_, "verbatim_http_received_bytes_total", "Bytes of requests' bodies.")
          .Add({});
  Counter& sent_bytes_ =
      CounterFamily(registry_, "verbatim_http_sent_bytes_total", "Bytes of answers' bodies.")
          .Add({});
  Counter& uploads_ =
      CounterFamily(registry_, "verbatim_uploads_completed_total", "Files received whole.").Add({});
  Counter& upload_bytes_ = CounterFamily(registry_, "verbatim_uploads_completed_bytes_total",
                                         "Bytes of files received whole.")
                               .Add({});
  Family<Counter>& jobs_ended_ =
      CounterFamily(registry_, "verbatim_jobs_ended_total", "Jobs ended, by how.");
  Histogram& job_wait_ = HistogramFamily(registry_, "verbatim_job_wait_seconds",
                                         "Between a job's submission and its newest start.")
                             .Add({}, kJobSeconds);
  Histogram& job_work_ = HistogramFamily(registry_, "verbatim_job_work_seconds",
                                         "Between a job's newest start and its end.")
                             .Add({}, kJobSeconds);
  Histogram& realtime_factor_ = HistogramFamily(registry_, "verbatim_job_realtime_factor",
                                                "Seconds of audio for each second of a job's work.")
                                    .Add({}, kRealtimeFactors);
  Counter& windows_ =
      CounterFamily(registry_, "verbatim_windows_total", "Windows of audio computed.").Add({});
  Histogram& window_seconds_ = HistogramFamily(registry_, "verbatim_window_seconds",
                                               "From a window's place in a batch to its text.")
                                   .Add({}, kWindowSeconds);
  Counter& audio_seconds_ =
      CounterFamily(registry_, "verbatim_audio_seconds_total", "Seconds of audio computed.")
          .Add({});
  Family<Gauge>& jobs_ = GaugeFamily(registry_, "verbatim_jobs", "Jobs that have not ended.");
  Gauge& jobs_queued_ = jobs_.Add({{"state", "queued"}});
  Gauge& jobs_running_ = jobs_.Add({{"state", "running"}});
  Gauge& event_clients_ =
      GaugeFamily(registry_, "verbatim_event_clients", "Clients that follow the events.").Add({});
  Family<Gauge>& workers_ =
      GaugeFamily(registry_, "verbatim_workers", "Runners of jobs, by whether they have one.");
  Gauge& workers_busy_ = workers_.Add({{"state", "busy"}});
  Gauge& workers_idle_ = workers_.Add({{"state", "idle"}});
  Gauge& oldest_wait_ = GaugeFamily(registry_, "verbatim_queue_oldest_wait_seconds",
                                    "How long the queued job that waits longest has waited.")
                            .Add({});
  Family<Counter>& stage_seconds_ =
      CounterFamily(registry_, "verbatim_stage_seconds_total",
                    "Thread time of the engine, by what it went into.");
  Family<Gauge>& engine_workers_ = GaugeFamily(
      registry_, "verbatim_engine_workers", "Workers of loaded models, by whether they compute.");
  Family<Gauge>& efficiency_ =
      GaugeFamily(registry_, "verbatim_engine_efficiency",
                  "Share of their life in which workers computed, over the last minute.");
  Family<Gauge>& realtime_now_ =
      GaugeFamily(registry_, "verbatim_realtime_factor",
                  "Seconds of audio for each second, over the last minute.");
  Family<Gauge>& ready_ =
      GaugeFamily(registry_, "verbatim_ready", "1: the server can take work, as /readyz says.");
  Family<Gauge>& cores_ = GaugeFamily(registry_, "verbatim_cores", "Cores that may be used.");
  Family<Gauge>& load_ =
      GaugeFamily(registry_, "verbatim_load", "Processes that ran or waited, over a minute.");
  Family<Gauge>& memory_total_ = GaugeFamily(registry_, "verbatim_memory_total_bytes",
                                             "The machine's memory, or a limit below it.");
  Family<Gauge>& memory_available_ =
      GaugeFamily(registry_, "verbatim_memory_available_bytes", "Memory that can be had.");
  Family<Gauge>& memory_stall_ =
      GaugeFamily(registry_, "verbatim_memory_stall_ratio",
                  "Share of the last 10 s in which some or all processes waited for memory.");
  Family<Gauge>& disk_free_ = GaugeFamily(registry_, "verbatim_disk_free_bytes",
                                          "Free space of the disk that holds the data.");
  Family<Gauge>& pressure_level_ =
      GaugeFamily(registry_, "verbatim_pressure_level",
                  "How far work was cut back for want of memory; 0: not at all.");
};

}  // namespace

std::unique_ptr<Metrics> Metrics::Make() { return std::make_unique<PrometheusMetrics>(); }

}  // namespace verbatim::metrics
