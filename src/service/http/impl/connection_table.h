// The connections there are, and how many each address has.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "http/impl/connection.h"

namespace verbatim::http {

// Thread: any.
class ConnectionTable {
 public:
  struct Limits {
    size_t total = 0;
    size_t per_address = 0;
  };

  enum class Place { kServed, kRefused, kNone };

  explicit ConnectionTable(Limits limits) : limits_(limits) {}

  // Whether one more may come from this address: kRefused gets an answer that says no, kNone not
  // even that. Unless it is kNone, it counts until Leave.
  Place Enter(const std::shared_ptr<Connection>& connection, const std::string& address);

  // True: it was the last one.
  bool Leave(const Connection* connection);

  std::vector<std::shared_ptr<Connection>> All() const;
  bool empty() const;

 private:
  struct Entry {
    std::weak_ptr<Connection> connection;
    std::string address;
    Place place = Place::kServed;
  };

  const Limits limits_;
  mutable Mutex mutex_;
  std::unordered_map<const Connection*, Entry> entries_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, size_t> per_address_ GUARDED_BY(mutex_);
  size_t refused_ GUARDED_BY(mutex_) = 0;
};

}  // namespace verbatim::http
