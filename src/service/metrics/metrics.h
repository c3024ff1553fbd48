// Counters, gauges and histograms of the service, in Prometheus' text format. Every name is given
// here once; tests/golden/metrics.txt lists them. The only room that sees prometheus-cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace verbatim::metrics {

// How the machine is; what cannot be read has no series.
struct Machine {
  double cores = 0;  // that may be used
  double memory_total_bytes = 0;
  double memory_available_bytes = 0;
  std::optional<double> memory_stall_some;  // share of the last 10 s, 0 to 1
  std::optional<double> memory_stall_full;
  std::optional<double> load;
  std::optional<double> disk_free_bytes;
  std::optional<int> pressure_level;
};

// How the workers of all loaded models are.
struct Engines {
  int busy = 0;
  int idle = 0;
  std::optional<double> efficiency;  // share of their life in which they computed; none: none lived
  double realtime_factor = 0;        // seconds of audio for each second
};

// Thread: any.
class Metrics {
 public:
  // With all at 0.
  static std::unique_ptr<Metrics> Make();
  virtual ~Metrics() = default;

  // A request was answered. `route` is its pattern.
  virtual void OnRequest(std::string_view method, std::string_view route, int status,
                         double seconds, uint64_t bytes_received, uint64_t bytes_sent) = 0;

  // A file was received whole.
  virtual void OnUploadCompleted(uint64_t bytes) = 0;

  // `state`: how it ended. Unit: seconds of waiting, of work, of audio.
  virtual void OnJobEnded(std::string_view state, double waited_s, double worked_s,
                          double audio_s) = 0;
  // A window was computed. Unit: seconds of audio in it, and from its place in a batch to its text.
  virtual void OnWindow(double audio_s, double took_s) = 0;
  // Thread time went into a stage of the engine.
  virtual void OnStage(std::string_view stage, double seconds) = 0;

  // How many there are now, and how long the queued one that waits longest has waited.
  virtual void SetJobs(int queued, int running) = 0;
  virtual void SetOldestWait(double seconds) = 0;
  // How many follow the events now.
  virtual void SetEventClients(int count) = 0;
  // How many runners have a job now, and how many have none.
  virtual void SetWorkers(int busy, int idle) = 0;
  virtual void SetMachine(const Machine& machine) = 0;
  virtual void SetEngines(const Engines& engines) = 0;
  // Whether the server can take work.
  virtual void SetReady(bool is_ready) = 0;

  // What /metrics answers, the process's own memory, descriptors and CPU time included.
  virtual std::string Exposition() = 0;
};

}  // namespace verbatim::metrics
