// Who may use a server, from where, and how often: what endpoints ask before they answer. Knows
// nothing of HTTP; the rules that need no storage are plain functions (access/scope.h,
// access/network.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/audit.h"
#include "access/keyring.h"
#include "access/network.h"
#include "access/rate_limiter.h"

namespace verbatim::access {

enum class Auth {
  kAuto,      // asks for a token as soon as there is one, or others reach the server
  kRequired,  // always
  kOff,       // never
};

// Whether requests need a token.
constexpr bool IsRequired(Auth auth, bool is_loopback, bool has_tokens) {
  return auth == Auth::kRequired || (auth == Auth::kAuto && (has_tokens || !is_loopback));
}

struct Policy {
  Auth auth = Auth::kAuto;
  bool is_loopback = true;  // this machine alone reaches the server
  std::vector<Network> proxies = {};
};

// Per minute and client; 0: no limit.
struct Limits {
  int64_t sign_in_failures = 10;
  int64_t jobs = 600;
  int64_t uploads = 3000;
};

// Thread: any.
class Access {
 public:
  // Errors: those of the database. All three outlive it.
  static Result<std::unique_ptr<Access>> Open(store::Database& database, const Clock& clock,
                                              Log& log) {
    return std::unique_ptr<Access>(
        new Access(database, clock, log, TRY(Keyring::Open(database, clock, log))));
  }

  // Set before requests come.
  void SetPolicy(Policy policy) { policy_ = std::move(policy); }
  const Policy& policy() const { return policy_; }

  // Also while requests come.
  void SetLimits(const Limits& limits) {
    sign_in_failures.SetPerMinute(limits.sign_in_failures);
    jobs.SetPerMinute(limits.jobs);
    uploads.SetPerMinute(limits.uploads);
  }

  bool is_required() const {
    return IsRequired(policy_.auth, policy_.is_loopback, keyring->has_tokens());
  }

  // To be called each second.
  void Tick() {
    keyring->Tick();
    audit.Tick();
  }

  const std::unique_ptr<Keyring> keyring;
  Audit audit;
  RateLimiter sign_in_failures;
  RateLimiter jobs;
  RateLimiter uploads;

 private:
  Access(store::Database& database, const Clock& clock, Log& log, std::unique_ptr<Keyring> ring)
      : keyring(std::move(ring)),
        audit(database, clock, log),
        sign_in_failures(Limits().sign_in_failures),
        jobs(Limits().jobs),
        uploads(Limits().uploads) {}

  Policy policy_;
};

}  // namespace verbatim::access
