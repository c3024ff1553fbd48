// Events on their way from the ledger to those who follow them: keeps the newest in memory, wakes
// waiting clients, and reads what is older from the ledger. A client that is slow lags behind; it
// costs nobody anything and finds what it missed here. Beside them go live values: they have no id,
// only the newest are kept, and who is slow misses some.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "http/exchange.h"
#include "store/database.h"
#include "store/events.h"

namespace verbatim::api {

// What a client is woken for.
enum class Following { kEvents, kEventsAndLive };

// How many live values are kept.
inline constexpr int64_t kLiveKept = 10;

// What the machine did in a second.
struct LiveValue {
  int64_t number = 0;  // from 1
  std::string json;    // an object
  bool is_idle = false;
};

// Thread: any.
class EventHub {
 public:
  // Listens to the database's events from now on. `kept`: how many events memory holds.
  static Result<std::unique_ptr<EventHub>> Open(store::Database& database, size_t kept = 4096);
  virtual ~EventHub() = default;

  // The newest id.
  virtual int64_t newest() const = 0;

  struct Page {
    std::vector<std::shared_ptr<const store::Event>> events;  // in order
    int64_t scanned_to = 0;  // the id to go on after, also if no event fitted
  };

  // As After, from memory alone: never blocks. None: that needs the ledger.
  virtual std::optional<Page> Recent(int64_t after, size_t count, const std::string& job) const = 0;

  // Events with an id above `after`, at most `count`; those of one job, unless empty. May block.
  // Errors: kNotFound if some above `after` are no longer kept, or `after` was never given.
  virtual Result<Page> After(int64_t after, size_t count, const std::string& job) = 0;

  // Notifies a wakeup after each commit with events, and on request with each live value, until the
  // returned function is called.
  virtual std::function<void()> Subscribe(std::shared_ptr<http::Wakeup> wakeup,
                                          Following following = Following::kEvents) = 0;

  // `is_idle`: there is no work.
  virtual void ShowLive(std::string json, bool is_idle) = 0;
  // Those after the one of this number that are kept, in order.
  virtual std::vector<std::shared_ptr<const LiveValue>> LiveAfter(int64_t number) const = 0;
};

}  // namespace verbatim::api
