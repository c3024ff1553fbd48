#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "metrics/impl/process_metrics.h"

namespace verbatim::metrics {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Every method is called, so that every family has a series.
std::unique_ptr<Metrics> Used() {
  std::unique_ptr<Metrics> metrics = Metrics::Make();
  metrics->OnRequest("GET", "/api/jobs/{id}", 200, .02, 10, 300);
  metrics->OnUploadCompleted(1000);
  metrics->OnJobEnded("completed", 1, 10, 600);
  metrics->OnWindow(28, .5);
  metrics->SetJobs(3, 2);
  metrics->SetEventClients(5);
  metrics->SetWorkers(1, 3);
  metrics->OnStage("encoder attention", 1.5);
  metrics->SetOldestWait(12);
  metrics->SetMachine({4, 16e9, 8e9, .25, .125, 1.5, 1e9, 2});
  metrics->SetEngines({3, 5, .75, 20});
  metrics->SetReady(true);
  return metrics;
}

// "name type label label" for each family.
std::string NamesOf(const std::string& exposition) {
  std::map<std::string, std::string> types;
  std::map<std::string, std::set<std::string>> labels;
  const std::regex type_line(R"(# TYPE (\S+) (\S+))");
  const std::regex sample_line(R"(([a-z_]+)(\{.*\})? \S+)");
  const std::regex label(R"re(([a-z_]+)="[^"]*")re");
  std::istringstream lines(exposition);
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, type_line)) {
      family = match[1];
      types[family] = match[2];
    } else if (std::regex_match(line, match, sample_line)) {
      EXPECT_TRUE(match[1].str().starts_with(family)) << line;
      const std::string list = match[2];
      for (std::sregex_iterator i(list.begin(), list.end(), label), end; i != end; ++i) {
        if ((*i)[1] != "le") labels[family].insert((*i)[1]);
      }
    }
  }
  std::string names;
  for (const auto& [name, type] : types) {
    names += name + " " + type;
    for (const std::string& each : labels[name]) names += " " + each;
    names += "\n";
  }
  return names;
}

TEST(MetricsTest, NamesAreThoseOfTheGoldenFile) {
  const fs::path path = fs::path(VERBATIM_ROOT) / "tests/golden/metrics.txt";
  const std::string names = NamesOf(Used()->Exposition());
  if (std::getenv("VERBATIM_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << names;
  std::ifstream file(path);
  const std::string golden(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(names, golden) << "VERBATIM_UPDATE_GOLDEN=1 rewrites " << path;
}

TEST(MetricsTest, ValuesArriveInTheirSeries) {
  const std::string text = Used()->Exposition();
  for (const char* line :
       {"verbatim_http_requests_total{method=\"GET\",route=\"/api/jobs/{id}\",status=\"200\"} 1\n",
        "verbatim_http_received_bytes_total 10\n",
        "verbatim_http_sent_bytes_total 300\n",
        "verbatim_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/jobs/{id}\","
        "le=\"0.01\"} 0\n",
        "verbatim_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/jobs/{id}\","
        "le=\"0.025\"} 1\n",
        "verbatim_uploads_completed_bytes_total 1000\n",
        "verbatim_jobs_ended_total{state=\"completed\"} 1\n",
        "verbatim_job_wait_seconds_sum 1\n",
        "verbatim_job_work_seconds_sum 10\n",
        "verbatim_job_realtime_factor_sum 60\n",
        "verbatim_windows_total 1\n",
        "verbatim_window_seconds_sum 0.5\n",
        "verbatim_audio_seconds_total 28\n",
        "verbatim_jobs{state=\"queued\"} 3\n",
        "verbatim_jobs{state=\"running\"} 2\n",
        "verbatim_event_clients 5\n",
        "verbatim_workers{state=\"busy\"} 1\n",
        "verbatim_workers{state=\"idle\"} 3\n",
        "verbatim_stage_seconds_total{stage=\"encoder attention\"} 1.5\n",
        "verbatim_queue_oldest_wait_seconds 12\n",
        "verbatim_cores 4\n",
        "verbatim_load 1.5\n",
        "verbatim_memory_total_bytes 16000000000\n",
        "verbatim_memory_available_bytes 8000000000\n",
        "verbatim_memory_stall_ratio{kind=\"some\"} 0.25\n",
        "verbatim_memory_stall_ratio{kind=\"full\"} 0.125\n",
        "verbatim_disk_free_bytes 1000000000\n",
        "verbatim_pressure_level 2\n",
        "verbatim_engine_workers{state=\"busy\"} 3\n",
        "verbatim_engine_workers{state=\"idle\"} 5\n",
        "verbatim_engine_efficiency 0.75\n",
        "verbatim_realtime_factor 20\n",
        "verbatim_ready 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsTest, WhatCannotBeReadHasNoSeries) {
  const std::unique_ptr<Metrics> metrics = Metrics::Make();
  Machine machine;
  machine.cores = 4;
  machine.memory_stall_some = .5;
  machine.load = 1;
  metrics->SetMachine(machine);
  EXPECT_THAT(metrics->Exposition(), HasSubstr("verbatim_load 1\n"));
  machine = {};
  machine.cores = 4;
  metrics->SetMachine(machine);
  const std::string text = metrics->Exposition();
  for (const char* name : {"verbatim_load", "verbatim_memory_stall_ratio", "verbatim_disk_free"}) {
    EXPECT_THAT(text, Not(HasSubstr(name)));
  }
  EXPECT_THAT(text, HasSubstr("verbatim_cores 4\n"));
}

TEST(MetricsTest, AMethodThatNobodyKnowsMakesNoSeriesOfItsOwn) {
  const std::unique_ptr<Metrics> metrics = Metrics::Make();
  metrics->OnRequest("X9aB", "/", 405, 0, 0, 0);
  const std::string text = metrics->Exposition();
  EXPECT_THAT(text, HasSubstr("method=\"other\""));
  EXPECT_THAT(text, Not(HasSubstr("X9aB")));
}

TEST(MetricsTest, AJobWithoutWorkHasNoRealtimeFactor) {
  const std::unique_ptr<Metrics> metrics = Metrics::Make();
  metrics->OnJobEnded("completed", 0, 0, 600);
  EXPECT_THAT(metrics->Exposition(), HasSubstr("verbatim_job_realtime_factor_count 0\n"));
}

TEST(MetricsTest, ManyThreadsCountTogether) {
  const std::unique_ptr<Metrics> metrics = Metrics::Make();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int j = 0; j < 250; ++j) {
        metrics->OnRequest("GET", j % 2 == 0 ? "/a" : "/b", 200, .001, 1, 1);
        if (j % 50 != 0) continue;
        EXPECT_FALSE(metrics->Exposition().empty());
      }
    });
  }
  threads.clear();
  EXPECT_THAT(metrics->Exposition(), HasSubstr("verbatim_http_received_bytes_total 1000\n"));
}

class ProcessMetricsTest : public testing::Test {
 protected:
  ProcessMetricsTest() : proc_(fs::temp_directory_path() / "metrics_test_XXXXXX") {
    std::string name = proc_.string();
    proc_ = mkdtemp(name.data());
    fs::create_directories(proc_ / "self" / "fd");
  }
  ~ProcessMetricsTest() override { fs::remove_all(proc_); }

  std::map<std::string, double> Collect() const {
    std::map<std::string, double> values;
    for (const prometheus::MetricFamily& family : ProcessMetrics(proc_).Collect()) {
      const prometheus::ClientMetric& metric = family.metric.at(0);
      values[family.name] = family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                                           : metric.gauge.value;
    }
    return values;
  }

  fs::path proc_;
};

TEST_F(ProcessMetricsTest, ReadsAStatWhoseNameHoldsBracketsAndSpaces) {
  std::ofstream(proc_ / "self" / "stat")
      << "1 (a) b (c) S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 1000 4096000 50 "
         "18446744073709551615\n";
  std::ofstream(proc_ / "stat") << "cpu  1 2 3\nbtime 1700000000\nprocesses 5\n";
  std::ofstream(proc_ / "self" / "fd" / "0") << "";
  std::ofstream(proc_ / "self" / "fd" / "1") << "";
  std::map<std::string, double> values = Collect();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(values["process_cpu_seconds_total"], 300 / ticks);
  EXPECT_DOUBLE_EQ(values["process_threads"], 7);
  EXPECT_DOUBLE_EQ(values["process_virtual_memory_bytes"], 4096000);
  EXPECT_DOUBLE_EQ(values["process_resident_memory_bytes"],
                   50 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  EXPECT_DOUBLE_EQ(values["process_open_fds"], 2);
  EXPECT_DOUBLE_EQ(values["process_start_time_seconds"], 1700000000 + 1000 / ticks);
}

TEST_F(ProcessMetricsTest, WhatCantBeReadIsLeftOut) {
  std::ofstream(proc_ / "self" / "stat") << "1 (cut off) S 1 1";
  const std::map<std::string, double> values = Collect();
  EXPECT_EQ(values.count("process_cpu_seconds_total"), 0U);
  EXPECT_EQ(values.count("process_start_time_seconds"), 0U);
  EXPECT_EQ(values.count("process_open_fds"), 1U);
}

TEST_F(ProcessMetricsTest, WhatOpensButCantBeReadIsLeftOut) {
  fs::create_directories(proc_ / "self" / "stat");
  fs::create_directories(proc_ / "stat");
  EXPECT_EQ(Collect().count("process_cpu_seconds_total"), 0U);
}

TEST(ProcessTest, TheRealProcessHasMemoryAndDescriptors) {
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    if (family.type != prometheus::MetricType::Gauge) continue;
    EXPECT_GT(family.metric.at(0).gauge.value, 0) << family.name;
  }
  EXPECT_EQ(ProcessMetrics().Collect().size(), 7U);
}

}  // namespace
}  // namespace verbatim::metrics
