// What this room finds, as JSON: the same on the command line and over HTTP.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>

#include "performance/memory_cleanup.h"
#include "performance/recommendations.h"
#include "performance/resources.h"
#include "performance/watch.h"
#include "performance/worker_count.h"

namespace verbatim::performance {

// Of each reading: value, tier, source; null where there is none.
boost::json::object ResourcesJson(const Resources& resources);

// optimal, bound, memory_count, sentence, reasons.
boost::json::object WorkersJson(const WorkerCount& count, const Resources& resources);

// Of each: id, severity, category, message, evidence, expected_gain, action (null: none).
boost::json::array RecommendationsJson(const std::vector<Recommendation>& recommendations);

// is_done, memory_cleaned_mb, before_bytes, after_bytes, source, message.
boost::json::object CleanupJson(const MemoryResult& result);

// queued, running, oldest_wait_s.
boost::json::object QueueJson(const Queue& queue);

// level, name, since_s (null: none is in force), is_short, workers, batch (null: as chosen when a
// model was loaded), steps: of each level, name, since_s, returned_mb. Unit: steady time.
boost::json::object PressureJson(const Pressure& pressure, int64_t now_ms);

// realtime_factor, ended, failed, timed_out, timed_out_after_s, memory_prediction_error (null: not
// known yet).
boost::json::object RecentJson(const Recent& recent);

}  // namespace verbatim::performance
