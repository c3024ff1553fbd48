// The process's own memory, descriptors, threads and CPU time, read from /proc when asked for.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <filesystem>
#include <vector>

namespace verbatim::metrics {

// Thread: any.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  // Tests give a folder of their own in place of /proc.
  explicit ProcessMetrics(std::filesystem::path proc = "/proc") : proc_(std::move(proc)) {}

  // What can't be read is left out.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::filesystem::path proc_;
};

}  // namespace verbatim::metrics
