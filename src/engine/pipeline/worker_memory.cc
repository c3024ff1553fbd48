#include "pipeline/worker_memory.h"

#include <algorithm>

namespace verbatim::pipeline {
namespace {

// What is left to all that is no worker: readers, texts, libraries.
constexpr uint64_t kRest = uint64_t{48} << 20;

uint64_t WithoutRest(uint64_t bytes) { return bytes - std::min(bytes, kRest); }

}  // namespace

void WorkerMemory::Offer(uint64_t free_bytes, std::optional<uint64_t> address_space) {
  const WorkerBytes claimed = Claimed();
  held_max_ = reserved_max_ = std::nullopt;
  if (free_bytes > 0) held_max_ = claimed.held + WithoutRest(free_bytes);
  if (address_space) reserved_max_ = claimed.reserved + WithoutRest(*address_space);
}

bool WorkerMemory::Claim(size_t worker, const WorkerBytes& bytes, Need need) {
  claims_.erase(worker);
  const WorkerBytes claimed = Claimed();
  if (reserved_max_ && claimed.reserved + bytes.reserved > *reserved_max_) return false;
  if (need == Need::kWelcome && held_max_ && claimed.held + bytes.held > *held_max_) return false;
  claims_[worker] = bytes;
  return true;
}

WorkerBytes WorkerMemory::Claimed() const {
  WorkerBytes sum;
  for (const auto& [worker, bytes] : claims_) {
    sum.held += bytes.held;
    sum.reserved += bytes.reserved;
  }
  return sum;
}

}  // namespace verbatim::pipeline
