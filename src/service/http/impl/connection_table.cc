#include "http/impl/connection_table.h"

namespace verbatim::http {
namespace {

constexpr size_t kRefusedMax = 64;  // that are told so at the same time

}  // namespace

ConnectionTable::Place ConnectionTable::Enter(const std::shared_ptr<Connection>& connection,
                                              const std::string& address) {
  const MutexLock lock(mutex_);
  const auto of_address = per_address_.find(address);
  const bool has_room =
      entries_.size() - refused_ < limits_.total &&
      (of_address == per_address_.end() || of_address->second < limits_.per_address);
  if (!has_room && refused_ == kRefusedMax) return Place::kNone;
  const Place place = has_room ? Place::kServed : Place::kRefused;
  // What may run out of memory comes before what is counted.
  size_t& count = place == Place::kServed ? per_address_[address] : refused_;
  entries_.emplace(connection.get(), Entry{connection, address, place});
  ++count;
  return place;
}

bool ConnectionTable::Leave(const Connection* connection) {
  const MutexLock lock(mutex_);
  const auto entry = entries_.find(connection);
  if (entry == entries_.end()) return false;  // it left before
  if (entry->second.place == Place::kRefused) {
    --refused_;
  } else {
    const auto of_address = per_address_.find(entry->second.address);
    if (--of_address->second == 0) per_address_.erase(of_address);
  }
  entries_.erase(entry);
  return entries_.empty();
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::All() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    if (auto connection = entry.connection.lock()) all.push_back(std::move(connection));
  }
  return all;
}

bool ConnectionTable::empty() const {
  const MutexLock lock(mutex_);
  return entries_.empty();
}

}  // namespace verbatim::http
