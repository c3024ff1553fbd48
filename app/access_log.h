// What is kept of each request that the server answered: a line in the log, and the metrics.
#pragma once

#include "base/log.h"
#include "http/server.h"
#include "metrics/metrics.h"

namespace verbatim::app {

// Failures and slow answers are warnings, all others for debugging.
void LogOutcome(Log& log, const http::Outcome& outcome);

// Methods and addresses that do not exist share one name, so that strangers can't invent series.
void CountOutcome(metrics::Metrics& metrics, const http::Outcome& outcome);

}  // namespace verbatim::app
