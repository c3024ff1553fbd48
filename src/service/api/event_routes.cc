// GET /api/events: what happens, as it happens, as server-sent events (WHATWG HTML, section 9.2).
// Each has the ledger's id, so a browser that was cut off goes on where it was. On request the live
// values of the machine come in between.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <memory>
#include <span>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "base/random_id.h"
#include "store/jobs.h"

namespace verbatim::api {
namespace {

constexpr std::chrono::seconds kHeartbeat{15};
constexpr size_t kEventsAtOnce = 128;

// How many clients follow, told to the metrics; one more for as long as it lives.
class ClientCount {
 public:
  ClientCount(std::shared_ptr<std::atomic<int>> count, metrics::Metrics& metrics)
      : count_(std::move(count)), metrics_(metrics) {
    metrics_.SetEventClients(++*count_);
  }
  ClientCount(const ClientCount&) = delete;
  ClientCount& operator=(const ClientCount&) = delete;
  ~ClientCount() { metrics_.SetEventClients(--*count_); }

 private:
  std::shared_ptr<std::atomic<int>> count_;
  metrics::Metrics& metrics_;
};

// Ends a subscription with the scope.
class Subscription {
 public:
  explicit Subscription(std::function<void()> end) : end_(std::move(end)) {}
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription() { end_(); }

 private:
  std::function<void()> end_;
};

struct Wish {
  int64_t after = 0;
  std::string job;
  Following following = Following::kEvents;
  int64_t idle_every = 1;  // live values that come at once while there is no work
};

// The id of the last event that a client has: what its browser says, else what the address says.
Result<Wish> ReadWish(const http::Request& request, int64_t newest) {
  Wish wish{newest, std::string(request.Query("job").value_or(""))};
  const std::optional<bool> is_live = TRY(QueryFlag(request, "performance"));
  if (is_live.value_or(false)) wish.following = Following::kEventsAndLive;
  wish.idle_every = TRY(QueryNumber(request, "idle_every", 1, {1, kLiveKept}));
  if (!wish.job.empty() && !IsRandomId(wish.job)) {
    return Fail(ErrorCode::kNotFound, "there is no such job");
  }
  auto given = request.headers.Find("Last-Event-ID");
  if (!given) given = request.Query("last_event_id");
  if (!given || given->empty()) return wish;
  const auto [end, error] =
      std::from_chars(given->data(), given->data() + given->size(), wish.after);
  if (error != std::errc() || end != given->data() + given->size() || wish.after < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("last_event_id: \"{}\" is no event's id", *given));
  }
  return wish;
}

Result<Wish> CheckedWish(const Services& services, const http::Request& request) {
  Wish wish = TRY(ReadWish(request, services.events.newest()));
  if (wish.job.empty()) return wish;
  const auto job = TRY(services.database.Read(
      [&](store::Connection& connection) { return store::FindJob(connection, wish.job); }));
  if (!job) return Fail(ErrorCode::kNotFound, "there is no such job");
  return wish;
}

std::string EventText(const store::Event& event) {
  std::string text = fmt::format("id: {}\nevent: {}\ndata: ", event.id, event.type);
  for (const char letter : event.data) {
    text += letter;
    if (letter == '\n') text += "data: ";
  }
  return text + "\n\n";
}

// What to write next, and where to go on. Nothing to write: all has been told.
struct Piece {
  std::string text;
  int64_t after = 0;
};

Result<Piece> PieceOf(const Services& services, int64_t after, Result<EventHub::Page> page) {
  if (!page && page.error().code == ErrorCode::kNotFound) {
    const int64_t newest = services.events.newest();
    return Piece{fmt::format("id: {}\nevent: reset\ndata: {{\"after\":{}}}\n\n", newest, after),
                 newest};
  }
  if (!page) return Failure(std::move(page).error());
  Piece piece{"", page->scanned_to};
  for (const auto& event : page->events) piece.text += EventText(*event);
  return piece;
}

http::Task<Result<Piece>> NextPiece(const Services& services, http::Exchange& exchange, Wish wish) {
  if (auto recent = services.events.Recent(wish.after, kEventsAtOnce, wish.job)) {
    co_return PieceOf(services, wish.after, std::move(*recent));
  }
  std::function<Result<EventHub::Page>()> read = [&services, &wish] {
    return services.events.After(wish.after, kEventsAtOnce, wish.job);
  };
  Result<EventHub::Page> page = co_await exchange.Offload(std::move(read));
  co_return PieceOf(services, wish.after, std::move(page));
}

// The live values since the one that was told last, at first the newest alone. Without ids: a
// browser that goes on after a cut names the last event that had one.
std::string LiveText(const Services& services, const Wish& wish, int64_t& told) {
  if (wish.following != Following::kEventsAndLive) return "";
  const auto values = services.events.LiveAfter(told);
  if (values.empty()) return "";
  const LiveValue& newest = *values.back();
  const bool is_first = told == 0;
  if (!is_first && newest.is_idle && newest.number - told < wish.idle_every) return "";
  told = newest.number;
  std::string text;
  for (const auto& value : std::span(values).last(is_first ? 1 : values.size())) {
    text += fmt::format("event: performance\ndata: {}\n\n", value->json);
  }
  return text;
}

// Until the client or the server ends it.
http::Task<void> Follow(const Services& services, http::Exchange& exchange, Wish wish) {
  const std::shared_ptr<http::Wakeup> wakeup = exchange.MakeWakeup();
  const Subscription subscription(services.events.Subscribe(wakeup, wish.following));
  int64_t told = 0;
  while (!exchange.stop().stop_requested()) {
    const int64_t before = wish.after;
    Result<Piece> piece = co_await NextPiece(services, exchange, wish);
    if (!piece) {
      LogSecret(services, exchange.request(), piece.error());
      co_return;
    }
    wish.after = piece->after;
    piece->text += LiveText(services, wish, told);
    if (piece->text.empty() && wish.after == before) {
      const bool is_notified = co_await wakeup->Wait(kHeartbeat);
      if (is_notified || exchange.stop().stop_requested()) continue;
      piece->text = ": still here\n\n";
    }
    if (piece->text.empty()) continue;
    const Result<void> written = co_await exchange.Write(piece->text);
    if (!written) co_return;
  }
}

http::Task<void> Events(const Services& services, http::Exchange& exchange,
                        std::shared_ptr<std::atomic<int>> clients) {
  std::function<Result<Wish>()> read = [&] { return CheckedWish(services, exchange.request()); };
  Result<Wish> wish = co_await exchange.Offload(std::move(read));
  if (!wish) {
    Error error = std::move(wish).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  http::Response head = http::MakeResponse(200, "text/event-stream", "");
  head.headers.Set("Cache-Control", "no-store");
  head.headers.Set("X-Accel-Buffering", "no");  // nginx would hold events back
  if (exchange.request().method == "HEAD") {
    co_await exchange.Send(std::move(head));
    co_return;
  }
  const ClientCount counted(std::move(clients), services.metrics);
  Result<void> begun = co_await exchange.Begin(std::move(head));
  if (!begun) co_return;
  begun = co_await exchange.Write("retry: 2000\n\n");
  if (!begun) co_return;
  co_await Follow(services, exchange, *wish);
  co_await exchange.End();
}

}  // namespace

void AddEventRoutes(const Services& services, std::vector<http::Route>& routes) {
  const Services* all = &services;
  routes.push_back({"GET", "/api/events",
                    [all, clients = std::make_shared<std::atomic<int>>(0)](
                        http::Exchange& exchange) { return Events(*all, exchange, clients); },
                    http::kNoBody});
}

}  // namespace verbatim::api
