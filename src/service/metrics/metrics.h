// Counters, gauges and histograms of the service, in Prometheus' text format. Every name is given
// here once; tests/golden/metrics.txt lists them. The only room that sees prometheus-cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace verbatim::metrics {

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
  // A window was computed.
  virtual void OnWindow(double audio_s) = 0;

  // How many there are now.
  virtual void SetJobs(int queued, int running) = 0;
  // How many follow the events now.
  virtual void SetEventClients(int count) = 0;
  // How many runners have a job now, and how many have none.
  virtual void SetWorkers(int busy, int idle) = 0;

  // What /metrics answers, the process's own memory, descriptors and CPU time included.
  virtual std::string Exposition() = 0;
};

}  // namespace verbatim::metrics
