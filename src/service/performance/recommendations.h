// What would make a machine, or its settings, do better: rules over what was read, set and
// measured. A rule speaks only where the numbers support it, and names them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "performance/resources.h"
#include "performance/worker_count.h"
#include "settings/settings.h"

namespace verbatim::performance {

// Jobs of a server; all 0 where there is none.
struct Queue {
  int queued = 0;
  int running = 0;
  double oldest_wait_s = 0;  // of the job that waits longest
};

// How the newest jobs went; all 0 where there were none.
struct Recent {
  double realtime_factor = 0;  // seconds of audio per second, over the last minute
  int ended = 0;
  int failed = 0;                // of these
  int timed_out = 0;             // of the failed
  double timed_out_after_s = 0;  // how long the longest of these was worked on
  // By how much predictions of memory were wrong, as a share of what was taken; none before the
  // first job.
  std::optional<double> memory_prediction_error = {};
};

// Models in memory.
struct LoadedEngines {
  uint64_t bytes = 0;    // that they hold
  uint64_t weights = 0;  // bytes of these that are no worker's
  int busy = 0;          // models that a job uses
};

// All that is known at one time.
struct Snapshot {
  Resources resources;
  settings::Settings settings;
  WorkerCost cost;
  bool is_calibrated = false;  // the model was measured on this machine
  LoadedEngines engines;
  Queue queue;
  Recent recent;
};

// The optimum for the machine and its settings, whatever is to be done; of all models together.
// What loaded models hold counts as available: it is theirs already, and comes back if they get
// smaller.
WorkerCount OptimalWorkerCount(const Snapshot& snapshot);

enum class Severity { kInfo, kWarning, kCritical };
// "info", "warning", "critical".
std::string_view SeverityName(Severity severity);

// What a rule looks at first.
enum class Category { kSystem, kConfiguration, kRuntime };
// "system", "configuration", "runtime".
std::string_view CategoryName(Category category);

// What to do: a setting and its new value, or a command. All empty: nothing is to be done.
struct Action {
  std::string setting = {};
  std::string value = {};
  std::string command = {};
};

struct Recommendation {
  std::string id = {};  // "low_memory": of the rule, always the same
  Severity severity = Severity::kInfo;
  Category category = Category::kSystem;
  std::string message = {};        // one sentence
  std::string evidence = {};       // the numbers behind it
  std::string expected_gain = {};  // what following it brings
  Action action = {};
};

// Whether there is a rule of this id, whatever it has to say.
bool IsRule(std::string_view id);

// What the rules have to say, the most severe first. A pure function.
std::vector<Recommendation> Recommendations(const Snapshot& snapshot);

}  // namespace verbatim::performance
