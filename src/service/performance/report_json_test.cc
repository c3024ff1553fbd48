#include "performance/report_json.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/test_root.h"
#include "performance/basis.h"

namespace verbatim::performance {
namespace {

namespace json = boost::json;

TEST(ReportJsonTest, EachReadingNamesItsSource) {
  FakeRoot root;
  root.Put("proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 4194304 kB\n")
      .Put("proc/loadavg", "1.5 1 1 1/2 3\n");
  const settings::Live settings;
  Basis basis;
  basis.settings = &settings;
  basis.root = root.path();
  const json::object resources = ResourcesJson(TakeSnapshot(basis, {}, {}).resources);
  EXPECT_EQ(json::serialize(resources.at("memory_available_bytes")),
            R"({"value":4294967296,"tier":"primary","source":"meminfo"})");
  EXPECT_EQ(resources.at("memory_used_percent").as_double(), 75);
  EXPECT_EQ(resources.at("cores").at("tier").as_string(), "fallback");
  EXPECT_EQ(resources.at("load").at("value").as_double(), 1.5);
  EXPECT_TRUE(resources.at("disk_free_bytes").is_null());
  EXPECT_TRUE(resources.at("memory_stall_some_percent").is_null());
}

TEST(ReportJsonTest, WorkersSayWhy) {
  Resources resources;
  resources.cores.value = 14;
  resources.memory_available.value = 12 * kGigabyte;
  const WorkerCount count{8, Bound::kMemory, 8, {"one reason", "another"}};
  EXPECT_EQ(json::serialize(WorkersJson(count, resources)),
            R"({"optimal":8,"bound":"memory","memory_count":8,)"
            R"x("sentence":"Optimal workers calculated: 8 (based on 14 cores, 12GB available)",)x"
            R"("reasons":["one reason","another"]})");
}

TEST(ReportJsonTest, ActionsAreASettingOrACommandOrNothing) {
  const json::array array = RecommendationsJson(
      {{.id = "a", .severity = Severity::kCritical, .action = {"workers", "2", ""}},
       {.id = "b", .category = Category::kRuntime, .action = {"", "", "df -h"}},
       {.id = "c", .message = "All is well", .evidence = "e", .expected_gain = "g"}});
  EXPECT_EQ(json::serialize(array.at(0).at("action")), R"({"setting":"workers","value":"2"})");
  EXPECT_EQ(array.at(0).at("severity").as_string(), "critical");
  EXPECT_EQ(json::serialize(array.at(1).at("action")), R"({"command":"df -h"})");
  EXPECT_EQ(array.at(1).at("category").as_string(), "runtime");
  EXPECT_EQ(json::serialize(array.at(2)),
            R"({"id":"c","severity":"info","category":"system","message":"All is well",)"
            R"("evidence":"e","expected_gain":"g","action":null})");
}

TEST(ReportJsonTest, CleanupQueueAndRecent) {
  MemoryResult result;
  result.is_done = true;
  result.before_bytes = 300 << 20;
  result.after_bytes = 150 << 20;
  result.returned_bytes = 150 << 20;
  result.source = "smaps_rollup";
  EXPECT_EQ(json::serialize(CleanupJson(result)),
            R"({"is_done":true,"memory_cleaned_mb":150,"before_bytes":314572800,)"
            R"("after_bytes":157286400,"source":"smaps_rollup",)"
            R"("message":"Performance optimization completed - memory cleaned: 150MB"})");
  EXPECT_EQ(QueueJson({3, 1, 2.5}).at("oldest_wait_s").as_double(), 2.5);
  EXPECT_EQ(RecentJson({1.5, 10, 2, 1, {}}).at("timed_out").as_int64(), 1);
  EXPECT_TRUE(RecentJson({}).at("memory_prediction_error").is_null());
  EXPECT_EQ(RecentJson({.memory_prediction_error = 0.25}).at("memory_prediction_error").as_double(),
            0.25);
}

TEST(ReportJsonTest, PressureHasItsStepsAndWhatTheyBrought) {
  Pressure pressure;
  pressure.shape.workers = 4;
  EXPECT_EQ(json::serialize(PressureJson(pressure, 10'000)),
            R"({"level":0,"name":"none","since_s":null,"is_short":false,"workers":4,"batch":null,)"
            R"("steps":[]})");
  pressure = {PressureLevel::kSmallBatch,
              true,
              {{PressureLevel::kFewerWorkers, 2'000, 0, 96 << 20},
               {PressureLevel::kSmallBatch, 5'500, 0, 0}},
              {1, 1}};
  EXPECT_EQ(json::serialize(PressureJson(pressure, 10'000)),
            R"({"level":2,"name":"small_batch","since_s":4.5E0,"is_short":true,"workers":1,)"
            R"("batch":1,"steps":[{"level":1,"name":"fewer_workers","since_s":8E0,)"
            R"("returned_mb":96},{"level":2,"name":"small_batch","since_s":4.5E0,)"
            R"("returned_mb":0}]})");
}

TEST(BasisTest, TheSizeOfAModelIsThatOfItsWeights) {
  FakeRoot root;
  root.Put("model/model.bin", std::string(1234, 'x'));
  EXPECT_EQ(ModelFileBytes(root.path() / "model"), 1234U);
  EXPECT_EQ(ModelFileBytes(root.path() / "none"), 0U);
}

}  // namespace
}  // namespace verbatim::performance
