// A log that remembers, a database that can fail, a folder that goes: for tests.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "store/database.h"

namespace verbatim::jobs {

// Keeps its lines.
class ListeningLog final : public Log {
 public:
  void Write(LogLevel, std::string_view message) override {
    MutexLock lock(mutex_);
    lines_.emplace_back(message);
    if (file_ < 0) return;
    const std::string line = std::string(message) + "\n";
    CHECK(write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }

  // Also to a file, which outlives the process.
  void CopyTo(const std::filesystem::path& path) {
    file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    CHECK(file_ >= 0);
  }

  // Lines that hold a text.
  std::vector<std::string> With(std::string_view text) const {
    MutexLock lock(mutex_);
    std::vector<std::string> found;
    for (const std::string& line : lines_) {
      if (line.find(text) != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ GUARDED_BY(mutex_);
  int file_ = -1;  // for the life of the process
};

// A database whose writes fail on request, as on a full disk.
class FragileDatabase final : public store::Database {
 public:
  explicit FragileDatabase(std::unique_ptr<store::Database> database)
      : database_(std::move(database)) {}

  // Of this thread's writes the one after `count` more fails, and only that one.
  void FailAfter(int count) {
    MutexLock lock(mutex_);
    left_ = count;
    thread_ = std::this_thread::get_id();
  }
  // Whether it did.
  bool has_failed() const {
    MutexLock lock(mutex_);
    return left_ < 0;
  }

  void OnEvents(std::function<void(const std::vector<store::Event>&)> listener) override {
    database_->OnEvents(std::move(listener));
  }

 protected:
  Result<void> RunWrite(const std::function<Result<void>(store::Connection&)>& work) override {
    if (IsFailing()) return Fail(ErrorCode::kOutOfSpace, "the disk is full");
    return database_->Write(work);
  }
  Result<void> RunRead(const std::function<Result<void>(store::Connection&)>& work) override {
    return database_->Read(work);
  }

 private:
  bool IsFailing() {
    MutexLock lock(mutex_);
    return thread_ == std::this_thread::get_id() && left_ >= 0 && left_-- == 0;
  }

  const std::unique_ptr<store::Database> database_;
  mutable Mutex mutex_;
  int left_ GUARDED_BY(mutex_) = -1;
  std::thread::id thread_ GUARDED_BY(mutex_);
};

// In memory where there is such a folder: these tests write thousands of small transactions.
class TestFolder {
 public:
  TestFolder() {
    std::error_code error;
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = std::filesystem::is_directory(memory, error);
    std::string name =
        ((has_memory ? memory : std::filesystem::temp_directory_path()) / "jobs_test_XXXXXX")
            .string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace verbatim::jobs
