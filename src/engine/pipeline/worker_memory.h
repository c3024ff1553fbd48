// Who may have which part of the memory that is free: workers ask before their buffers are made, so
// that one for which there is no room leaves its share of the work to others, instead of ending the
// program. Not a limit on what is allocated; an account of what was promised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace verbatim::pipeline {

// What a worker's buffers take. Unit: bytes.
struct WorkerBytes {
  uint64_t held = 0;      // in memory, once it has worked
  uint64_t reserved = 0;  // of address space, which is more
};

// How much a worker is needed.
enum class Need {
  kWelcome,  // others work without it
  kOnly,     // nobody else works
};

// Thread: one call at a time.
class WorkerMemory {
 public:
  // What there is to give, to the workers there are and those to come; 0 or none = not known, or
  // no limit. To be told anew whenever workers are added.
  void Offer(uint64_t free_bytes, std::optional<uint64_t> address_space);

  // Whether the worker may be made; what it had before is given back first. An only worker is made
  // where the memory may not suffice, since it may, but never where reserving it would fail.
  bool Claim(size_t worker, const WorkerBytes& bytes, Need need);

  // The worker is no more.
  void Release(size_t worker) { claims_.erase(worker); }

 private:
  WorkerBytes Claimed() const;

  std::map<size_t, WorkerBytes> claims_;
  std::optional<uint64_t> held_max_;
  std::optional<uint64_t> reserved_max_;
};

}  // namespace verbatim::pipeline
