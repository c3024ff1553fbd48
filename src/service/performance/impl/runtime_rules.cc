#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "performance/impl/rules.h"

namespace verbatim::performance {
namespace {

using Found = std::optional<Recommendation>;

constexpr int64_t kTimeoutMax = 7 * 86'400;

Recommendation Make(Severity severity, std::string message) {
  Recommendation made;
  made.severity = severity;
  made.category = Category::kRuntime;
  made.message = std::move(message);
  return made;
}

Found QueueAlmostFull(const Facts& facts) {
  constexpr int64_t kQueueMax = 1'000'000;
  const int64_t room = facts.settings.queued_jobs_max;
  const int queued = facts.snapshot.queue.queued;
  if (queued * 10 < room * 8 || queued == 0 || room >= kQueueMax) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning, "The queue is almost full - new jobs will be refused");
  made.evidence = fmt::format("{} jobs wait; queued_jobs_max is {}", queued, room);
  made.expected_gain = "jobs are taken, and wait, instead of being refused";
  made.action = {"queued_jobs_max", std::to_string(std::min(room * 2, kQueueMax)), ""};
  return made;
}

Found FewRunningJobs(const Facts& facts) {
  const Queue& queue = facts.snapshot.queue;
  const int64_t most = facts.settings.running_jobs_max;
  if (queue.queued < 2 || queue.running < most || most >= facts.workers.count) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo,
           fmt::format("Jobs wait while workers may be idle - work on {} at the same time",
                       facts.workers.count));
  made.evidence = fmt::format("{} jobs wait, {} run, room for {} workers", queue.queued,
                              queue.running, facts.workers.count);
  made.expected_gain = "short jobs, which cannot keep all workers busy, share them";
  made.action = {"running_jobs_max", std::to_string(facts.workers.count), ""};
  return made;
}

// The next smaller model of the catalogue.
std::string SmallerModel(std::string_view model) {
  if (model.starts_with("large")) return "small";
  if (model.starts_with("medium")) return model.ends_with(".en") ? "small.en" : "small";
  if (model.starts_with("small")) return model.ends_with(".en") ? "base.en" : "base";
  if (model.starts_with("base")) return model.ends_with(".en") ? "tiny.en" : "tiny";
  return "";
}

Found LongWait(const Facts& facts) {
  constexpr double kLongWaitSeconds = 600;
  const double wait = facts.snapshot.queue.oldest_wait_s;
  const std::string smaller = SmallerModel(facts.settings.model);
  if (wait < kLongWaitSeconds || smaller.empty()) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning, "Jobs wait long - a smaller model would do them sooner");
  made.evidence =
      fmt::format("the oldest of {} waiting jobs has waited {:.0f} minutes; model is {}",
                  facts.snapshot.queue.queued, wait / 60, facts.settings.model);
  made.expected_gain = "about twice the speed or more, at the price of more errors in the text";
  made.action = {"model", smaller, ""};
  return made;
}

Found SlowerThanSound(const Facts& facts) {
  const double factor = facts.snapshot.recent.realtime_factor;
  const std::string smaller = SmallerModel(facts.settings.model);
  const bool is_working = facts.snapshot.queue.running > 0;
  if (!is_working || factor <= 0 || factor >= 1 || smaller.empty()) return std::nullopt;
  Recommendation made = Make(Severity::kWarning,
                             "Transcribing takes longer than the recordings do - consider a "
                             "smaller model");
  made.evidence = fmt::format("{:.2f} s of audio per second over the last minute with {}", factor,
                              facts.settings.model);
  made.expected_gain = "about twice the speed or more, at the price of more errors in the text";
  made.action = {"model", smaller, ""};
  return made;
}

Found TimeoutTooShort(const Facts& facts) {
  constexpr double kLongRecordingSeconds = 2 * 3600;
  const double factor = facts.snapshot.recent.realtime_factor;
  const int64_t timeout = facts.settings.processing_timeout_seconds;
  if (factor <= 0 || facts.snapshot.queue.running == 0 ||
      factor * static_cast<double>(timeout) >= kLongRecordingSeconds) {
    return std::nullopt;
  }
  const auto needed = static_cast<int64_t>(std::min(kLongRecordingSeconds / factor, 1e9)) + 1;
  Recommendation made =
      Make(Severity::kWarning,
           "At the present speed a recording of two hours runs into the time-out - raise it");
  made.evidence = fmt::format(
      "{:.1f} s of audio per second; processing_timeout_seconds {} is "
      "enough for {:.0f} minutes",
      factor, timeout, factor * static_cast<double>(timeout) / 60);
  made.expected_gain = "long recordings end whole";
  made.action = {"processing_timeout_seconds", std::to_string(std::min(needed, kTimeoutMax)), ""};
  return made;
}

Found JobsTimedOut(const Facts& facts) {
  const Recent& recent = facts.snapshot.recent;
  const auto had = [&](int64_t timeout) {
    return recent.timed_out_after_s >= static_cast<double>(timeout);
  };
  const int64_t usual = facts.settings.processing_timeout_seconds;
  const int64_t large = facts.settings.large_file_timeout_seconds;
  // With less time than they would have now, they say nothing about it.
  const bool was_large = large > usual && had(large);
  const int64_t timeout = was_large ? large : usual;
  if (recent.timed_out == 0 || !had(timeout) || timeout >= kTimeoutMax) return std::nullopt;
  const std::string name = was_large ? "large_file_timeout_seconds" : "processing_timeout_seconds";
  Recommendation made =
      Make(Severity::kWarning, "Jobs ran into the time-out - give them more time");
  made.evidence = fmt::format("{} of the last {} jobs; {} is {}", recent.timed_out, recent.ended,
                              name, timeout);
  made.expected_gain = "long recordings end whole";
  made.action = {name, std::to_string(std::min(timeout * 2, kTimeoutMax)), ""};
  return made;
}

Found ManyFail(const Facts& facts) {
  constexpr int kFewJobs = 5;
  const Recent& recent = facts.snapshot.recent;
  const int others = recent.failed - recent.timed_out;
  if (recent.ended < kFewJobs || others * 5 < recent.ended) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning, "Many jobs fail - look at what they have in common");
  made.evidence = fmt::format("{} of the last {} jobs failed", others, recent.ended);
  made.expected_gain = "time that is now spent in vain";
  made.action = {"", "", "curl http://" + facts.settings.listen + "/api/jobs?state=failed"};
  return made;
}

Found IdleHoldsMemory(const Facts& facts) {
  constexpr double kMuch = 0.5;
  const Queue& queue = facts.snapshot.queue;
  const auto held = static_cast<double>(facts.resources.process_memory.value);
  const auto total = static_cast<double>(facts.resources.memory_total.value);
  if (queue.running > 0 || queue.queued > 0 || held < kMuch * total) return std::nullopt;
  Recommendation made = Make(Severity::kWarning,
                             "An idle server holds half of the memory - give back what is unused");
  made.evidence = fmt::format("{} MB of {} MB, and no job runs or waits",
                              facts.resources.process_memory.value / 1'000'000,
                              facts.resources.memory_total.value / 1'000'000);
  made.expected_gain = "what the allocator keeps is free for others";
  made.action = {"", "", CleanupCommand(facts.settings)};
  return made;
}

constexpr std::array kRules = {
    Rule{"queue_almost_full", QueueAlmostFull},
    Rule{"few_running_jobs", FewRunningJobs},
    Rule{"long_wait", LongWait},
    Rule{"slower_than_sound", SlowerThanSound},
    Rule{"timeout_short", TimeoutTooShort},
    Rule{"jobs_timed_out", JobsTimedOut},
    Rule{"many_failures", ManyFail},
    Rule{"idle_holds_memory", IdleHoldsMemory},
};

}  // namespace

std::span<const Rule> RuntimeRules() { return kRules; }

}  // namespace verbatim::performance
