#include "performance/recommendations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace verbatim::performance {
namespace {

using Change = std::function<void(Snapshot&)>;

// A machine on which all is well: 8 cores, 12 GB of 16 available, nothing to do.
Snapshot Healthy() {
  Snapshot snapshot;
  snapshot.resources.cores = {8, Tier::kPrimary, "affinity"};
  snapshot.resources.memory_total = {16 * kGigabyte, Tier::kPrimary, "meminfo"};
  snapshot.resources.memory_available = {12 * kGigabyte, Tier::kPrimary, "meminfo"};
  snapshot.resources.process_memory = {kGigabyte / 8, Tier::kPrimary, "smaps_rollup"};
  snapshot.resources.load = Reading<double>{0.5, Tier::kPrimary, "loadavg"};
  snapshot.resources.disk_free = Reading<uint64_t>{100 * kGigabyte, Tier::kPrimary, "statvfs"};
  snapshot.cost = EstimateCost(145'000'000);
  snapshot.is_calibrated = true;
  return snapshot;
}

Snapshot With(const Change& change) {
  Snapshot snapshot = Healthy();
  change(snapshot);
  return snapshot;
}

std::optional<Recommendation> Find(const Snapshot& snapshot, std::string_view id) {
  for (const Recommendation& one : Recommendations(snapshot)) {
    if (one.id == id) return one;
  }
  return std::nullopt;
}

void SetAvailable(Snapshot& snapshot, double gigabytes) {
  snapshot.resources.memory_available.value =
      static_cast<uint64_t>(gigabytes * static_cast<double>(kGigabyte));
}

void SetStall(Snapshot& snapshot, double share) {
  snapshot.resources.memory_stall_some = Reading<double>{share, Tier::kPrimary, "pressure"};
}

void SetLimit(Snapshot& snapshot, double gigabytes) {
  snapshot.resources.memory_total = {
      static_cast<uint64_t>(gigabytes * static_cast<double>(kGigabyte)), Tier::kPrimary,
      "cgroup v2 memory.max"};
  SetAvailable(snapshot, gigabytes * 0.75);
}

// A rule, what makes it speak, and the nearest that must not.
struct Case {
  std::string_view id;
  Change fires;
  Change keeps_quiet;
  std::string_view setting;  // that its action changes; empty: a command, or nothing
  std::string_view value;
};

const Case kSystemCases[] = {
    {"high_performance_system", [](Snapshot& s) { s.resources.cores.value = 14; },
     [](Snapshot& s) { s.resources.cores.value = 12; },  // what 12 GB lead to anyway
     "default_max_workers", "14"},
    {"high_performance_system",
     [](Snapshot& s) {
       s.resources.cores.value = 32;
       SetAvailable(s, 15.99);
     },
     [](Snapshot& s) {  // many cores, no memory for more workers
       s.resources.cores.value = 32;
       s.cost.bytes = kGigabyte;
     },
     "max_workers_limit", "32"},
    {"low_memory", [](Snapshot& s) { SetAvailable(s, 3.9); },
     [](Snapshot& s) { SetAvailable(s, 4); }, "batch", "2"},
    {"low_memory",
     [](Snapshot& s) {
       SetAvailable(s, 3.9);
       s.settings.enable_memory_cleanup = false;
     },
     [](Snapshot& s) { s.settings.enable_memory_cleanup = false; }, "enable_memory_cleanup",
     "true"},
    {"low_memory",
     [](Snapshot& s) {
       SetAvailable(s, 3.9);
       s.settings.batch = 2;
     },
     [](Snapshot& s) { s.settings.low_memory_threshold_gb = 12; }, "models_loaded_max", "1"},
    {"memory_pressure", [](Snapshot& s) { SetAvailable(s, 1.28); },
     [](Snapshot& s) { SetAvailable(s, 1.7); }, "", ""},
    {"memory_stalls", [](Snapshot& s) { SetStall(s, 12); }, [](Snapshot& s) { SetStall(s, 9); },
     "workers", "4"},
    {"memory_stalls",
     [](Snapshot& s) {
       SetStall(s, 12);
       s.settings.workers = 4;
     },
     [](Snapshot& s) { s.settings.workers = 4; }, "batch", "2"},
    {"small_memory_limit", [](Snapshot& s) { SetLimit(s, 2); }, [](Snapshot& s) { SetLimit(s, 8); },
     "models_loaded_max", "1"},
    {"small_memory_limit", [](Snapshot& s) { SetLimit(s, 2); },
     [](Snapshot& s) {
       SetLimit(s, 2);
       s.settings.models_loaded_max = 1;
     },
     "models_loaded_max", "1"},
    {"cpu_busy", [](Snapshot& s) { s.resources.load->value = 17; },
     [](Snapshot& s) {  // that is us
       s.resources.load->value = 17;
       s.queue.running = 1;
     },
     "", ""},
    {"disk_full", [](Snapshot& s) { s.resources.disk_free->value = 1000; },
     [](Snapshot& s) { s.resources.disk_free->value = 64 << 20; }, "", ""},
    {"disk_low", [](Snapshot& s) { s.resources.disk_free->value = 564 << 20; },
     [](Snapshot& s) { s.resources.disk_free->value = 1088ULL << 20; }, "max_file_size_bytes",
     "524288000"},
    {"memory_estimated", [](Snapshot& s) { s.resources.memory_available.tier = Tier::kSecondary; },
     [](Snapshot&) {}, "", ""},
    {"one_core", [](Snapshot& s) { s.resources.cores.value = 1; },
     [](Snapshot& s) { s.resources.cores.value = 2; }, "running_jobs_max", "1"},
};

const Case kConfigurationCases[] = {
    {"workers_exceed_cores", [](Snapshot& s) { s.settings.workers = 9; },
     [](Snapshot& s) { s.settings.workers = 8; }, "workers", "0"},
    {"workers_exceed_cores",
     [](Snapshot& s) {
       s.settings.workers = 4;
       s.settings.threads = 3;
     },
     [](Snapshot& s) {
       s.settings.workers = 4;
       s.settings.threads = 2;
     },
     "workers", "0"},
    {"workers_exceed_memory",
     [](Snapshot& s) {
       s.settings.workers = 8;
       SetAvailable(s, 1);
     },
     [](Snapshot& s) {
       s.settings.workers = 6;
       SetAvailable(s, 1);
     },
     "workers", "6"},
    {"idle_cores",
     [](Snapshot& s) {
       s.settings.workers = 2;
       s.settings.threads = 1;
     },
     [](Snapshot& s) { s.settings.workers = 2; },  // the engine gives each four threads
     "workers", "0"},
    {"floor_above_ceiling", [](Snapshot& s) { s.settings.min_workers = 7; },
     [](Snapshot& s) { s.settings.min_workers = 6; }, "default_max_workers", "7"},
    {"ceiling_above_limit", [](Snapshot& s) { s.settings.max_workers_limit = 5; },
     [](Snapshot& s) { s.settings.max_workers_limit = 6; }, "max_workers_limit", "6"},
    {"thresholds_crossed", [](Snapshot& s) { s.settings.high_memory_threshold_gb = 4; },
     [](Snapshot& s) { s.settings.high_memory_threshold_gb = 4.5; }, "high_memory_threshold_gb",
     "16"},
    {"memory_cleanup_off", [](Snapshot& s) { s.settings.enable_memory_cleanup = false; },
     [](Snapshot&) {}, "enable_memory_cleanup", "true"},
    {"safety_factor_high", [](Snapshot& s) { s.settings.memory_safety_factor = 0.95; },
     [](Snapshot& s) { s.settings.memory_safety_factor = 0.9; }, "memory_safety_factor", "0.8"},
    {"safety_factor_high", [](Snapshot& s) { s.settings.memory_safety_factor = 0.95; },
     [](Snapshot& s) {  // there is plenty
       s.settings.memory_safety_factor = 0.95;
       SetAvailable(s, 16);
     },
     "memory_safety_factor", "0.8"},
    {"safety_factor_low",
     [](Snapshot& s) {
       s.settings.memory_safety_factor = 0.1;
       SetAvailable(s, 5);
     },
     [](Snapshot& s) { s.settings.memory_safety_factor = 0.1; },  // memory does not bind
     "memory_safety_factor", "0.8"},
    {"large_timeout_short", [](Snapshot& s) { s.settings.large_file_timeout_seconds = 1799; },
     [](Snapshot& s) { s.settings.large_file_timeout_seconds = 1800; },
     "large_file_timeout_seconds", "1800"},
    {"parallel_upload_enabled", [](Snapshot&) {},
     [](Snapshot& s) { s.settings.enable_parallel_upload = false; }, "", ""},
    {"parallel_upload_enabled", [](Snapshot& s) { s.settings.max_file_size_bytes = 0; },
     [](Snapshot& s) { s.settings.max_file_size_bytes = 1 << 20; }, "", ""},
    {"parallel_upload_off", [](Snapshot& s) { s.settings.enable_parallel_upload = false; },
     [](Snapshot&) {}, "enable_parallel_upload", "true"},
    {"parts_too_large", [](Snapshot& s) { s.settings.max_file_size_bytes = 20 << 20; },
     [](Snapshot& s) { s.settings.max_file_size_bytes = 51 << 20; }, "chunk_upload_size",
     "5242880"},
    {"chunk_sizing_enabled", [](Snapshot&) {},
     [](Snapshot& s) { s.settings.chunk_size_optimization = false; }, "", ""},
    {"chunk_sizing_off", [](Snapshot& s) { s.settings.chunk_size_optimization = false; },
     [](Snapshot&) {}, "chunk_size_optimization", "true"},
    {"models_exceed_memory",
     [](Snapshot& s) {
       s.settings.models_loaded_max = 8;
       SetAvailable(s, 1);
     },
     [](Snapshot& s) {
       s.settings.models_loaded_max = 5;
       SetAvailable(s, 1);
     },
     "models_loaded_max", "5"},
    {"not_calibrated", [](Snapshot& s) { s.is_calibrated = false; },
     [](Snapshot& s) {  // nothing is left to be chosen
       s.is_calibrated = false;
       s.settings.workers = 2;
       s.settings.threads = 4;
     },
     "", ""},
};

const Case kRuntimeCases[] = {
    {"queue_almost_full",
     [](Snapshot& s) {
       s.queue.queued = 80;
       s.settings.queued_jobs_max = 100;
     },
     [](Snapshot& s) {
       s.queue.queued = 79;
       s.settings.queued_jobs_max = 100;
     },
     "queued_jobs_max", "200"},
    {"few_running_jobs",
     [](Snapshot& s) {
       s.queue.queued = 2;
       s.queue.running = 4;
     },
     [](Snapshot& s) {
       s.queue.queued = 2;
       s.queue.running = 3;
     },
     "running_jobs_max", "8"},
    {"long_wait",
     [](Snapshot& s) {
       s.queue.queued = 1;
       s.queue.oldest_wait_s = 600;
     },
     [](Snapshot& s) {
       s.queue.queued = 1;
       s.queue.oldest_wait_s = 599;
     },
     "model", "tiny"},
    {"slower_than_sound",
     [](Snapshot& s) {
       s.queue.running = 1;
       s.recent.realtime_factor = 0.9;
       s.settings.model = "large-v3";
     },
     [](Snapshot& s) {
       s.queue.running = 1;
       s.recent.realtime_factor = 1;
       s.settings.model = "large-v3";
     },
     "model", "small"},
    {"slower_than_sound",
     [](Snapshot& s) {
       s.queue.running = 1;
       s.recent.realtime_factor = 0.9;
     },
     [](Snapshot& s) {  // there is none that is smaller
       s.queue.running = 1;
       s.recent.realtime_factor = 0.9;
       s.settings.model = "tiny";
     },
     "model", "tiny"},
    {"timeout_short",
     [](Snapshot& s) {
       s.queue.running = 1;
       s.recent.realtime_factor = 2;
     },
     [](Snapshot& s) {
       s.queue.running = 1;
       s.recent.realtime_factor = 4;
     },
     "processing_timeout_seconds", "3601"},
    {"jobs_timed_out", [](Snapshot& s) { s.recent = {0, 5, 1, 1, 1800}; },
     [](Snapshot& s) { s.recent = {0, 5, 1, 0, 0}; }, "processing_timeout_seconds", "3600"},
    {"jobs_timed_out", [](Snapshot& s) { s.recent = {0, 5, 1, 1, 3600}; },
     [](Snapshot& s) { s.recent = {0, 5, 1, 1, 1799}; },  // there is more time now
     "large_file_timeout_seconds", "7200"},
    {"many_failures", [](Snapshot& s) { s.recent = {0, 10, 2, 0}; },
     [](Snapshot& s) { s.recent = {0, 10, 2, 1}; }, "", ""},
    {"idle_holds_memory", [](Snapshot& s) { s.resources.process_memory.value = 9 * kGigabyte; },
     [](Snapshot& s) {
       s.resources.process_memory.value = 9 * kGigabyte;
       s.queue.running = 1;
     },
     "", ""},
};

std::vector<Case> AllCases() {
  std::vector<Case> all(std::begin(kSystemCases), std::end(kSystemCases));
  all.insert(all.end(), std::begin(kConfigurationCases), std::end(kConfigurationCases));
  all.insert(all.end(), std::begin(kRuntimeCases), std::end(kRuntimeCases));
  return all;
}

TEST(RecommendationsTest, EachRuleSpeaksWhereItShouldAndNowhereElse) {
  for (const Case& one : AllCases()) {
    const auto found = Find(With(one.fires), one.id);
    ASSERT_TRUE(found) << one.id;
    EXPECT_EQ(found->action.setting, one.setting) << one.id;
    EXPECT_EQ(found->action.value, one.value) << one.id;
    EXPECT_FALSE(found->message.empty() || found->evidence.empty() || found->expected_gain.empty())
        << one.id;
    EXPECT_FALSE(Find(With(one.keeps_quiet), one.id)) << one.id;
  }
}

TEST(RecommendationsTest, ThereAreAtLeastTwentyRules) {
  std::set<std::string_view> ids;
  for (const Case& one : AllCases()) ids.insert(one.id);
  EXPECT_GE(ids.size(), 20U);
}

TEST(RecommendationsTest, WhereAllIsWellNothingIsToBeDone) {
  for (const Recommendation& one : Recommendations(Healthy())) {
    EXPECT_EQ(one.severity, Severity::kInfo) << one.id;
    EXPECT_EQ(one.action.setting + one.action.command, "") << one.id;
  }
}

TEST(RecommendationsTest, TheDocumentsSentences) {
  const auto message = [](const Change& change, std::string_view id) {
    const auto found = Find(With(change), id);
    return found ? found->message : "";
  };
  EXPECT_EQ(message([](Snapshot& s) { s.resources.cores.value = 14; }, "high_performance_system"),
            "High-performance system detected (14 cores) - consider increasing max workers to 14");
  EXPECT_EQ(message([](Snapshot& s) { SetAvailable(s, 2); }, "low_memory"),
            "Low available memory - enable memory cleanup and use smaller chunk sizes");
  EXPECT_EQ(message([](Snapshot&) {}, "parallel_upload_enabled"),
            "Parallel upload enabled - large files will be processed more efficiently");
  EXPECT_EQ(message([](Snapshot&) {}, "chunk_sizing_enabled"),
            "Dynamic chunk sizing enabled - processing will adapt to video characteristics");
}

TEST(RecommendationsTest, EveryActionIsOneThatSettingsTake) {
  for (const Case& one : AllCases()) {
    for (const Recommendation& found : Recommendations(With(one.fires))) {
      if (found.action.setting.empty()) continue;
      EXPECT_TRUE(found.action.command.empty()) << found.id;
      const settings::Definition* definition = settings::FindDefinition(found.action.setting);
      ASSERT_NE(definition, nullptr) << found.id;
      settings::Settings settings;
      EXPECT_TRUE(settings::Assign(settings, *definition, found.action.value))
          << found.id << " " << found.action.value;
    }
  }
}

// Does what a rule says. Returns what it says then.
std::optional<Recommendation> Follow(Snapshot& snapshot, const Recommendation& found) {
  const settings::Definition& definition = *settings::FindDefinition(found.action.setting);
  EXPECT_TRUE(settings::Assign(snapshot.settings, definition, found.action.value)) << found.id;
  return Find(snapshot, found.id);
}

// What a setting can mend is mended by doing what is recommended.
TEST(RecommendationsTest, RecommendationsOnSettingsEndWhenFollowed) {
  for (const Case& one : kConfigurationCases) {
    if (one.setting.empty()) continue;
    Snapshot snapshot = With(one.fires);
    const auto found = Find(snapshot, one.id);
    ASSERT_TRUE(found) << one.id;
    EXPECT_FALSE(Follow(snapshot, *found)) << one.id;
  }
}

// Of any rule: who does what it says does not hear it again. Where the cause is none of the
// settings, such as memory that others have taken, it may know another remedy, but not for ever.
TEST(RecommendationsTest, NoRuleRepeatsItself) {
  for (const Case& one : AllCases()) {
    Snapshot snapshot = With(one.fires);
    std::set<std::string> said;
    auto found = Find(snapshot, one.id);
    while (found && !found->action.setting.empty()) {
      const std::string action = found->action.setting + "=" + found->action.value;
      ASSERT_TRUE(said.insert(action).second) << one.id << " says again: " << action;
      found = Follow(snapshot, *found);
    }
    EXPECT_LE(said.size(), 4U) << one.id;
  }
}

// What rules say together must not be undone by what they say next.
TEST(RecommendationsTest, WhoFollowsAllComesToAnEnd) {
  for (const Case& one : AllCases()) {
    Snapshot snapshot = With(one.fires);
    int followed = 0;
    for (bool is_following = true; is_following && followed < 50;) {
      is_following = false;
      for (const Recommendation& found : Recommendations(snapshot)) {
        if (found.action.setting.empty()) continue;
        Follow(snapshot, found);
        is_following = true;
        ++followed;
        break;
      }
    }
    EXPECT_LT(followed, 20) << one.id;
  }
}

TEST(RecommendationsTest, RulesAreKnownByTheirIds) {
  for (const Case& one : AllCases()) EXPECT_TRUE(IsRule(one.id)) << one.id;
  EXPECT_FALSE(IsRule("sell_the_machine"));
  EXPECT_FALSE(IsRule(""));
}

TEST(RecommendationsTest, TheMostSevereComeFirst) {
  const std::vector<Recommendation> found = Recommendations(With([](Snapshot& s) {
    s.is_calibrated = false;
    SetAvailable(s, 0.5);
    s.resources.disk_free->value = 0;
  }));
  ASSERT_GE(found.size(), 4U);
  EXPECT_EQ(found.front().severity, Severity::kCritical);
  EXPECT_TRUE(std::ranges::is_sorted(found, std::greater(), &Recommendation::severity));
}

TEST(RecommendationsTest, TheGainIsWhatTheNumbersSay) {
  const auto found =
      Find(With([](Snapshot& s) { s.resources.cores.value = 14; }), "high_performance_system");
  EXPECT_THAT(found->expected_gain, testing::HasSubstr("1.2 times"));  // 14 instead of 12
  EXPECT_THAT(found->evidence, testing::HasSubstr("hold them at 12"));
}

}  // namespace
}  // namespace verbatim::performance
