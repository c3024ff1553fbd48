// Who watches a long piece of work on files: told how far it is, and asked whether it is to go on.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace verbatim::backup {

struct Watcher {
  // What is being done, bytes done and in all. May be empty.
  std::function<void(std::string_view doing, uint64_t done, uint64_t total)> on_progress = {};
  std::stop_token stop = {};
};

// Counts the bytes of one step for a watcher, which outlives it.
class Meter {
 public:
  Meter(const Watcher& watcher, std::string doing, uint64_t total)
      : watcher_(watcher), doing_(std::move(doing)), total_(total) {}

  // False: stop.
  bool Add(uint64_t count) {
    done_ += count;
    if (watcher_.on_progress) watcher_.on_progress(doing_, done_, total_);
    return !watcher_.stop.stop_requested();
  }

 private:
  const Watcher& watcher_;
  const std::string doing_;
  const uint64_t total_;
  uint64_t done_ = 0;
};

}  // namespace verbatim::backup
