#include "access_log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "access/secret.h"

namespace verbatim::app {
namespace {

constexpr std::chrono::seconds kSlow{2};
constexpr uint64_t kManyBytes = 1 << 20;

double Seconds(const http::Outcome& outcome) {
  return std::chrono::duration<double>(outcome.duration).count();
}

// Those that wait for work, or follow it, last as long as that does.
bool IsLong(std::string_view pattern) {
  return pattern == "/api/events" || pattern.starts_with("/v1/audio/");
}

bool IsSlow(const http::Outcome& outcome) {
  return outcome.duration > kSlow && !IsLong(outcome.pattern) &&
         outcome.bytes_received < kManyBytes && outcome.bytes_sent < kManyBytes;
}

}  // namespace

void LogOutcome(Log& log, const http::Outcome& outcome) {
  const bool is_notable = outcome.status >= 500 || IsSlow(outcome);
  const LogLevel level = is_notable ? LogLevel::kWarning : LogLevel::kDebug;
  log.Write(level,
            fmt::format("{} {} {} {}: {:.1f} ms, {} bytes in, {} out", outcome.remote_address,
                        outcome.method, access::WithoutTokens(outcome.target), outcome.status,
                        1000 * Seconds(outcome), outcome.bytes_received, outcome.bytes_sent));
}

void CountOutcome(metrics::Metrics& metrics, const http::Outcome& outcome) {
  constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "OPTIONS"};
  const bool is_known = std::ranges::find(kMethods, outcome.method) != kMethods.end();
  metrics.OnRequest(is_known ? outcome.method : "other",
                    outcome.pattern.empty() ? "none" : outcome.pattern, outcome.status,
                    Seconds(outcome), outcome.bytes_received, outcome.bytes_sent);
}

}  // namespace verbatim::app
