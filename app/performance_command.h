// `verbatim performance`: what this machine can do, and what would make it do better.
#pragma once

#include "arguments.h"
#include "exit_code.h"

namespace verbatim::app {

// Each prints what it finds for a person, or as JSON if asked for.

// Resources with their sources, the best number of workers, the number of recommendations.
ExitCode PerformanceSummary(const PerformanceArguments& arguments);

// What to change, why, and what it brings.
ExitCode PerformanceRecommendations(const PerformanceArguments& arguments);

// The best number of workers, for any work or for one file, and why.
ExitCode PerformanceWorkers(const PerformanceArguments& arguments);

// Gives memory back to the system, and says how much came back.
ExitCode PerformanceOptimize(const PerformanceArguments& arguments);

}  // namespace verbatim::app
