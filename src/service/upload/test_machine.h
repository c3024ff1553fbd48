// A machine for simulations: a disk that fails, fills up and loses power, under uploads and their
// ledger alike, and chance that comes from a seed.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "store/test_disk.h"
#include "store/test_vfs.h"
#include "tests/system_calls.h"

namespace verbatim::upload {

// What happened, in order: as a number that two runs of a seed share, and its newest lines.
class Trace {
 public:
  // `folder`: which each run has of its own, so it does not count.
  explicit Trace(std::string folder) : folder_(std::move(folder)) {}

  void Add(std::string line) {
    for (size_t at = 0; (at = line.find(folder_)) != line.npos;) line.erase(at, folder_.size());
    for (const char byte : line + '\n') {
      hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;  // FNV-1a
    }
    newest_.push_back(std::move(line));
    if (newest_.size() > kKept) newest_.pop_front();
  }

  uint64_t hash() const { return hash_; }
  std::string Newest() const {
    std::string lines;
    for (const std::string& line : newest_) lines += line + '\n';
    return lines;
  }

 private:
  static constexpr size_t kKept = 3000;
  const std::string folder_;
  uint64_t hash_ = 14695981039346656037ULL;
  std::deque<std::string> newest_;
};

// Remembers whether a loss was found.
class WatchedLog final : public Log {
 public:
  explicit WatchedLog(Trace& trace) : trace_(trace) {}
  void Write(LogLevel level, std::string_view message) override {
    trace_.Add(fmt::format("  log: {}", message));
    if (level == LogLevel::kError) ++errors_;
  }
  int errors() const { return errors_; }

 private:
  Trace& trace_;
  int errors_ = 0;
};

// The ledger's file lies in `root`, uploads in `root`/uploads.
class Machine final : public SystemCallListener {
 public:
  enum class Death { kKill, kPowerLoss };
  static constexpr uint64_t kRoomy = uint64_t{1} << 40;

  Machine(std::filesystem::path folder, unsigned seed, Trace& trace)
      : folder_(std::move(folder)), random_(seed), names_(seed + 1), trace_(trace) {
    std::filesystem::create_directories(root() / "uploads");
  }

  std::filesystem::path root() const { return folder_ / std::to_string(life_); }
  std::filesystem::path uploads() const { return root() / "uploads"; }

  // A file that is on disk from the beginning.
  void Put(const std::string& name, const std::string& bytes) {
    std::ofstream(root() / name, std::ios::binary) << bytes;
    disk_->Adopt((root() / name).string(), bytes);
  }

  // From the n-th operation on, `count` of them fail.
  void FailAt(int n, int count) {
    fails_in_ = n;
    failures_left_ = count;
  }
  // It dies at the n-th operation, which is not done.
  void DieAt(int n, Death death) {
    dies_in_ = n;
    death_ = death;
  }
  void SetSpace(uint64_t bytes) { space_ = bytes; }
  void Calm() {
    fails_in_ = dies_in_ = 0;
    space_ = kRoomy;
  }

  // At once. Nothing reaches the disk any more.
  void Die(Death death) {
    if (is_dead_) return;
    trace_.Add(death == Death::kKill ? "killed" : "power lost");
    is_dead_ = is_troubled_ = true;
    death_ = death;
    if (death == Death::kPowerLoss) {
      disk_->LosePower(root(), folder_ / std::to_string(life_ + 1));
    }
  }
  bool is_dead() const { return is_dead_; }

  // What died is taken away: there is the disk, as it was found.
  void Revive() {
    is_dead_ = false;
    not_removed_.clear();
    if (death_ == Death::kKill) return;
    is_reviving_ = true;
    std::filesystem::remove_all(root());
    is_reviving_ = false;
    ++life_;
    disk_ = std::make_unique<store::FragileDisk>(random_);
    std::filesystem::create_directories(uploads());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      disk_->Adopt(entry.path().string(), {std::istreambuf_iterator<char>(file), {}});
    }
  }

  // Whether an operation was refused since the last call of BeginStep.
  void BeginStep() { is_troubled_ = false; }
  bool is_troubled() const { return is_troubled_; }
  // Whether the removal of a file was refused in this life.
  bool IsExcused(const std::string& name) const { return not_removed_.contains(name); }

  // Of the ledger's files; as an answer of SQLite.
  int OnLedger(const store::FileOperation& operation) {
    const int error = Ask(operation);
    // SQLite puts names on disk itself.
    if (error == 0 && (operation.kind == store::FileOperation::kCreate ||
                       operation.kind == store::FileOperation::kDelete)) {
      disk_->SyncNames(root());
    }
    if (error == 0) return SQLITE_OK;
    if (error == ENOSPC) return SQLITE_FULL;
    return store::CodeOf(operation.kind);
  }

  // As SystemCallListener.
  bool IsWatched(const std::string& path) const override {
    if (is_reviving_ || !path.starts_with(root().string())) return false;
    // The log is also written without SQLite, when a ledger is opened.
    return path.ends_with(".db-wal") || path.starts_with(uploads().string());
  }
  int OnCreate(const std::string& path) override {
    return Ask({.kind = store::FileOperation::kCreate, .path = path});
  }
  int OnRemove(const std::string& path) override {
    const int error = Ask({.kind = store::FileOperation::kDelete, .path = path});
    if (error != 0) not_removed_.insert(std::filesystem::path(path).filename().string());
    return error;
  }
  int OnTruncate(const std::string& path, uint64_t size) override {
    return Ask({.kind = store::FileOperation::kTruncate,
                .path = path,
                .offset = static_cast<int64_t>(size)});
  }
  int OnSync(const std::string& path) override {
    const int error = Ask({.kind = store::FileOperation::kSync, .path = path});
    if (error == 0 && path == uploads()) disk_->SyncNames(uploads());
    return error;
  }
  int OnWrite(const std::string& path, uint64_t offset, std::string_view& bytes) override {
    if (space_ > 0 && space_ < bytes.size()) bytes = bytes.substr(0, space_);
    if (bytes.size() > 1 && random_() % 8 == 0) {
      bytes = bytes.substr(0, 1 + random_() % (bytes.size() - 1));
    }
    return Ask({.kind = store::FileOperation::kWrite,
                .path = path,
                .bytes = std::string(bytes),
                .offset = static_cast<int64_t>(offset)});
  }
  // Others fill the disk too, so this may be more than what is left a moment later.
  uint64_t FreeBytes() override { return random_() % 2 == 0 ? kRoomy : space_; }
  void OnRandom(std::span<char> into) override {
    for (char& byte : into) byte = static_cast<char>(names_());
  }

 private:
  // 0, or why it is not done.
  int Ask(const store::FileOperation& operation) {
    if (is_dead_) return EIO;
    trace_.Add(fmt::format("  disk: {} {} {} {}", static_cast<int>(operation.kind),
                           std::filesystem::path(operation.path).filename().string(),
                           operation.offset, operation.bytes.size()));
    if (dies_in_ > 0 && --dies_in_ == 0) {
      Die(death_);
      return EIO;
    }
    const int error = WhyRefused(operation);
    is_troubled_ = is_troubled_ || error != 0;
    if (error == 0) disk_->Note(operation);
    return error;
  }

  int WhyRefused(const store::FileOperation& operation) {
    if (fails_in_ > 0 && --fails_in_ == 0) {
      if (--failures_left_ > 0) fails_in_ = 1;
      if (operation.kind == store::FileOperation::kSync) disk_->NoteFailedSync(operation.path);
      trace_.Add("  disk: fails");
      return EIO;
    }
    if (operation.kind == store::FileOperation::kCreate && space_ == 0) return ENOSPC;
    if (operation.kind != store::FileOperation::kWrite) return 0;
    if (space_ < std::max<uint64_t>(1, operation.bytes.size())) return ENOSPC;
    if (space_ < kRoomy) space_ -= operation.bytes.size();
    return 0;
  }

  const std::filesystem::path folder_;
  int life_ = 0;
  std::mt19937 random_;
  std::mt19937 names_;
  Trace& trace_;
  std::unique_ptr<store::FragileDisk> disk_ = std::make_unique<store::FragileDisk>(random_);
  bool is_dead_ = false;
  bool is_reviving_ = false;
  bool is_troubled_ = false;
  Death death_ = Death::kKill;
  int dies_in_ = 0;   // operations; 0: never
  int fails_in_ = 0;  // operations; 0: never
  int failures_left_ = 0;
  uint64_t space_ = kRoomy;
  std::set<std::string> not_removed_;
};

}  // namespace verbatim::upload
