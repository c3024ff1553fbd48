// The rules behind the recommendations, by what they look at. Each is a pure function that has one
// thing to say, or nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "performance/recommendations.h"

namespace verbatim::performance {

// A snapshot, and what follows from it for workers.
struct Facts {
  const Snapshot& snapshot;
  const Resources& resources;
  const settings::Settings& settings;
  const WorkerCount& workers;
};

// What a person types to have the server give memory back.
std::string CleanupCommand(const settings::Settings& settings);

struct Rule {
  std::string_view id;
  std::optional<Recommendation> (*speak)(const Facts& facts);  // what it gives needs no id
};

// Cores, memory, disk, load.
std::span<const Rule> SystemRules();
// Settings that contradict each other or the machine.
std::span<const Rule> ConfigurationRules();
// The queue and how jobs went.
std::span<const Rule> RuntimeRules();

}  // namespace verbatim::performance
