// The table of webhooks: what is still to be told to other servers, so that none is lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

struct Webhook {
  int64_t id = 0;  // given by InsertWebhook; never again
  std::string job;
  std::string url;
  std::string body;        // as it is sent
  int64_t created_ms = 0;  // wall clock, as all here
  int64_t due_ms = 0;      // of the next try
  int tries = 0;
};

// Enters one; its id is given here.
Result<void> InsertWebhook(Connection& connection, const Webhook& webhook);
// Those whose due_ms is not after `now_ms`, the one that has waited longest first.
Result<std::vector<Webhook>> DueWebhooks(Connection& connection, int64_t now_ms, size_t count);
// Notes another try. None is no error.
Result<void> PostponeWebhook(Connection& connection, int64_t id, int64_t due_ms);
// Told, or given up. None is no error.
Result<void> DeleteWebhook(Connection& connection, int64_t id);

}  // namespace verbatim::store
