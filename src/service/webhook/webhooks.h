// Tells other servers of jobs that have ended: a POST with the job as JSON, entered into the ledger
// in the transaction that ends the job, tried again for a day, and signed so that the other side
// knows whose it is. Addresses of private networks are refused, whatever a name resolves to.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/database.h"
#include "store/jobs.h"

namespace verbatim::webhook {

struct WebhookOptions {
  std::string url;              // that is told of every job; empty: none
  std::string secret;           // empty: nothing is signed
  bool allows_private = false;  // addresses of this machine and of private networks
};

// "t=TIME,v1=HEX": HMAC-SHA256 with the secret over TIME, a full stop and the body.
// Unit: seconds since 1970.
std::string Signature(std::string_view secret, int64_t time_s, std::string_view body);

// Thread: Enter any, Deliver one at a time.
class Webhooks {
 public:
  // Errors: kInvalidArgument if the address is none of http or https.
  static Result<std::unique_ptr<Webhooks>> Open(WebhookOptions options, store::Database& database,
                                                const Clock& clock, Log& log);
  virtual ~Webhooks() = default;

  // Within the transaction that ends a job: what is to be told, to the server's own address and to
  // the job's, if it names one. `json`: the job. Errors: those of the ledger.
  virtual Result<void> Enter(store::Connection& connection, const store::Job& job,
                             const std::string& json, const std::string& own_url) = 0;

  // Sends what is due; what fails is due again later, after a day no more. Called every second or
  // so; may take a while. Stops at once if asked.
  virtual void Deliver(const std::stop_token& stop) = 0;
};

}  // namespace verbatim::webhook
