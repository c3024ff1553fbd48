// Looks at the machine and the service once a second, and tells all who want to know: the history,
// the metrics, and those who follow live values.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "history/recorder.h"
#include "history/sample.h"
#include "jobs/engine_cache.h"
#include "jobs/jobs.h"
#include "metrics/metrics.h"
#include "performance/basis.h"

namespace verbatim::history {

// All outlive the sampler.
struct SamplerParts {
  const performance::Basis& basis;
  jobs::Jobs& jobs;
  jobs::EngineCache& engines;
  metrics::Metrics& metrics;
  Recorder& recorder;
  const Clock& clock;
  // Takes the values as JSON, and whether there is no work; may be empty.
  std::function<void(std::string, bool)> show_live;
  std::function<std::optional<int>()> pressure_level;  // may be empty
  // Told of the machine as it was read; may be empty.
  std::function<void(const performance::Resources&)> on_resources;
};

// Thread: one.
class Sampler {
 public:
  explicit Sampler(SamplerParts parts) : parts_(std::move(parts)) {}

  // Takes a sample; the first call makes none, as nothing has been counted before.
  void Tick();

 private:
  Reading Read() const;
  void TellMetrics(const Reading& now);

  const SamplerParts parts_;
  std::optional<Reading> before_;
  struct Mark {
    int64_t steady_ms = 0;
    profile::StageMeter::Totals stages = {};
  };
  std::deque<Mark> minute_;  // of the last minute
};

}  // namespace verbatim::history
