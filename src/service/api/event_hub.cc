#include "api/event_hub.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.h"

namespace verbatim::api {
namespace {

using EventPointer = std::shared_ptr<const store::Event>;
using LivePointer = std::shared_ptr<const LiveValue>;

// What the database's listener and the hub share: the listener may outlive the hub.
class Memory {
 public:
  Memory(int64_t newest, size_t kept) : kept_(kept), newest_(newest), whole_after_(newest) {}

  void Add(const std::vector<store::Event>& events) {
    std::vector<std::shared_ptr<http::Wakeup>> waiting;
    {
      const MutexLock lock(mutex_);
      for (const store::Event& event : events) {
        if (event.id != newest_ + 1) {  // one before could not be kept
          events_.clear();
          whole_after_ = event.id - 1;
        }
        events_.push_back(std::make_shared<const store::Event>(event));
        newest_ = event.id;
      }
      while (events_.size() > kept_) {
        whole_after_ = events_.front()->id;
        events_.pop_front();
      }
      for (const auto& [number, follower] : followers_) waiting.push_back(follower.wakeup);
    }
    for (const auto& wakeup : waiting) wakeup->Notify();
  }

  void ShowLive(std::string json, bool is_idle) {
    std::vector<std::shared_ptr<http::Wakeup>> waiting;
    {
      const MutexLock lock(mutex_);
      live_.push_back(
          std::make_shared<const LiveValue>(LiveValue{++lives_, std::move(json), is_idle}));
      if (live_.size() > kLiveKept) live_.pop_front();
      for (const auto& [number, follower] : followers_) {
        if (follower.following == Following::kEventsAndLive) waiting.push_back(follower.wakeup);
      }
    }
    for (const auto& wakeup : waiting) wakeup->Notify();
  }

  std::vector<LivePointer> LiveAfter(int64_t number) const {
    const MutexLock lock(mutex_);
    const auto next = std::ranges::upper_bound(live_, number, {}, &LiveValue::number);
    return {next, live_.end()};
  }

  int64_t newest() const {
    const MutexLock lock(mutex_);
    return newest_;
  }

  // None: memory does not reach back as far, or forward.
  std::optional<EventHub::Page> After(int64_t after, size_t count, const std::string& job) const {
    const MutexLock lock(mutex_);
    if (after < whole_after_ || after > newest_) return std::nullopt;
    EventHub::Page page{{}, after};
    auto next = std::ranges::upper_bound(events_, after, {}, &store::Event::id);
    for (; next != events_.end() && page.events.size() < count; ++next) {
      page.scanned_to = (*next)->id;
      if (job.empty() || (*next)->job == job) page.events.push_back(*next);
    }
    return page;
  }

  int64_t Subscribe(std::shared_ptr<http::Wakeup> wakeup, Following following) {
    const MutexLock lock(mutex_);
    followers_.emplace(++subscriptions_, Follower{std::move(wakeup), following});
    return subscriptions_;
  }

  void Unsubscribe(int64_t number) {
    const MutexLock lock(mutex_);
    followers_.erase(number);
  }

 private:
  struct Follower {
    std::shared_ptr<http::Wakeup> wakeup;
    Following following = Following::kEvents;
  };

  mutable Mutex mutex_;
  const size_t kept_;
  int64_t newest_ GUARDED_BY(mutex_);
  int64_t whole_after_ GUARDED_BY(mutex_);  // every event above this id is in memory
  std::deque<EventPointer> events_ GUARDED_BY(mutex_);
  std::map<int64_t, Follower> followers_ GUARDED_BY(mutex_);
  std::deque<LivePointer> live_ GUARDED_BY(mutex_);
  int64_t lives_ GUARDED_BY(mutex_) = 0;
  int64_t subscriptions_ GUARDED_BY(mutex_) = 0;
};

class LedgerEventHub final : public EventHub {
 public:
  LedgerEventHub(store::Database& database, std::shared_ptr<Memory> memory)
      : database_(database), memory_(std::move(memory)) {}

  int64_t newest() const override { return memory_->newest(); }

  std::optional<Page> Recent(int64_t after, size_t count, const std::string& job) const override {
    return memory_->After(after, count, job);
  }

  Result<Page> After(int64_t after, size_t count, const std::string& job) override {
    if (std::optional<Page> page = Recent(after, count, job)) return std::move(*page);
    return database_.Read(
        [&](store::Connection& connection) { return FromLedger(connection, after, count, job); });
  }

  std::function<void()> Subscribe(std::shared_ptr<http::Wakeup> wakeup,
                                  Following following) override {
    const int64_t number = memory_->Subscribe(std::move(wakeup), following);
    return [memory = memory_, number] { memory->Unsubscribe(number); };
  }

  void ShowLive(std::string json, bool is_idle) override {
    memory_->ShowLive(std::move(json), is_idle);
  }
  std::vector<LivePointer> LiveAfter(int64_t number) const override {
    return memory_->LiveAfter(number);
  }

 private:
  static Result<Page> FromLedger(store::Connection& connection, int64_t after, size_t count,
                                 const std::string& job) {
    const store::EventRange kept = TRY(store::EventsKept(connection));
    if (after > kept.newest || (after < kept.newest && after + 1 < kept.oldest)) {
      return Fail(ErrorCode::kNotFound, "some of these events are no longer kept");
    }
    Page page{{}, kept.newest};
    std::vector<store::Event> events = TRY(store::EventsAfter(connection, after, count, job));
    if (events.size() == count) page.scanned_to = events.back().id;
    for (store::Event& event : events) {
      page.events.push_back(std::make_shared<const store::Event>(std::move(event)));
    }
    return page;
  }

  store::Database& database_;
  std::shared_ptr<Memory> memory_;
};

}  // namespace

Result<std::unique_ptr<EventHub>> EventHub::Open(store::Database& database, size_t kept) {
  const store::EventRange range = TRY(
      database.Read([](store::Connection& connection) { return store::EventsKept(connection); }));
  auto memory = std::make_shared<Memory>(range.newest, kept);
  database.OnEvents([memory](const std::vector<store::Event>& events) { memory->Add(events); });
  return std::make_unique<LedgerEventHub>(database, std::move(memory));
}

}  // namespace verbatim::api
