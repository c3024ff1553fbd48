#include "metrics/impl/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "base/system_text.h"

namespace verbatim::metrics {
namespace {

namespace fs = std::filesystem;
using prometheus::MetricFamily;
using prometheus::MetricType;

// The fields of /proc/self/stat behind the name, which may hold anything, numbered as in proc(5).
// Source: proc(5).
class ProcessStat {
 public:
  static constexpr size_t kFirst = 3;
  static constexpr size_t kUserTicks = 14;
  static constexpr size_t kSystemTicks = 15;
  static constexpr size_t kThreads = 20;
  static constexpr size_t kStartTicks = 22;
  static constexpr size_t kVirtualBytes = 23;
  static constexpr size_t kResidentPages = 24;

  explicit ProcessStat(const std::string& text) {
    const size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return;
    std::istringstream words(text.substr(name_end + 1));
    fields_.assign(std::istream_iterator<std::string>(words), {});
  }

  std::optional<double> Number(size_t field) const {
    if (field - kFirst >= fields_.size()) return std::nullopt;
    const std::string& text = fields_[field - kFirst];
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc{}) return std::nullopt;
    return number;
  }

 private:
  std::vector<std::string> fields_;
};

// When the system started. Unit: seconds since 1970.
std::optional<double> BootTime(const fs::path& proc) {
  std::istringstream lines(ReadText(proc / "stat").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return std::nullopt;
}

std::optional<double> CountEntries(const fs::path& folder) {
  std::error_code error;
  double count = 0;
  fs::directory_iterator entry(folder, error);
  if (error) return std::nullopt;
  for (; entry != fs::directory_iterator(); entry.increment(error)) ++count;
  return count;
}

std::optional<double> DescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

std::optional<double> Scaled(std::optional<double> number, double factor) {
  if (!number) return std::nullopt;
  return *number * factor;
}

std::optional<double> Sum(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

void Add(std::vector<MetricFamily>& families, MetricFamily family, std::optional<double> value) {
  if (!value) return;
  prometheus::ClientMetric metric;
  if (family.type == MetricType::Counter) {
    metric.counter.value = *value;
  } else {
    metric.gauge.value = *value;
  }
  family.metric.push_back(std::move(metric));
  families.push_back(std::move(family));
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  const ProcessStat stat(ReadText(proc_ / "self" / "stat").value_or(""));
  const double tick_s = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  std::vector<MetricFamily> families;
  Add(families, {"process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, {}},
      Scaled(Sum(stat.Number(ProcessStat::kUserTicks), stat.Number(ProcessStat::kSystemTicks)),
             tick_s));
  Add(families, {"process_resident_memory_bytes", "Memory in use.", MetricType::Gauge, {}},
      Scaled(stat.Number(ProcessStat::kResidentPages), page_bytes));
  Add(families, {"process_virtual_memory_bytes", "Memory reserved.", MetricType::Gauge, {}},
      stat.Number(ProcessStat::kVirtualBytes));
  Add(families, {"process_threads", "Threads.", MetricType::Gauge, {}},
      stat.Number(ProcessStat::kThreads));
  Add(families, {"process_open_fds", "Open file descriptors.", MetricType::Gauge, {}},
      CountEntries(proc_ / "self" / "fd"));
  Add(families,
      {"process_max_fds", "How many file descriptors may be open.", MetricType::Gauge, {}},
      DescriptorLimit());
  Add(families,
      {"process_start_time_seconds",
       "When the process started, since 1970.",
       MetricType::Gauge,
       {}},
      Sum(BootTime(proc_), Scaled(stat.Number(ProcessStat::kStartTicks), tick_s)));
  return families;
}

}  // namespace verbatim::metrics
