// One file over HTTPS into a part file, resumed where an earlier try ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/error.h"

namespace verbatim::models {

struct FetchOptions {
  int idle_tries_max = 4;                      // tries in a row that bring no new byte
  std::chrono::milliseconds retry_wait{1000};  // doubled after each such try
  std::chrono::seconds connect_timeout{20};
  std::chrono::seconds stall_timeout{30};  // less than 1 KB a second for so long ends a try
};

struct Fetched {
  std::string stated_sha256;  // what the hub says the file has (X-Linked-ETag); empty: nothing
  bool was_resumed = false;
};

using FetchProgress = std::function<void(uint64_t done_bytes, uint64_t total_bytes)>;

// Fetches `url` into `part`. Follows redirects, to https alone unless `url` itself is http.
// Errors: kNotFound (the server has no such file), kIo (no connection, or broken off too often),
// kOutOfSpace, kCancelled. The part file stays, for the next call, after every error.
Result<Fetched> Fetch(const std::string& url, const std::filesystem::path& part,
                      const FetchOptions& options, const FetchProgress& on_progress,
                      const std::stop_token& stop);

}  // namespace verbatim::models
