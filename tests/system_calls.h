// Puts a test between the program and the system calls by which files change, space is measured and
// chance comes in: files can then fail, fill a disk or lose power, and a seed gives the same run
// again. A test program that links system_calls.cc (TEST_SOURCES) calls its functions instead of
// the C library's; SQLite's calls are not among them (store/test_vfs.h has those).
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace verbatim {

// What hears of the calls, before they are done. Each returns 0, or the errno with which the call
// fails without being done.
class SystemCallListener {
 public:
  virtual ~SystemCallListener() = default;

  // Whether a file, or a folder, is one to hear of.
  virtual bool IsWatched(const std::string& path) const = 0;

  virtual int OnCreate(const std::string& path) = 0;
  virtual int OnRemove(const std::string& path) = 0;
  virtual int OnTruncate(const std::string& path, uint64_t size) = 0;
  virtual int OnSync(const std::string& path) = 0;
  // May shorten `bytes` to what is written.
  virtual int OnWrite(const std::string& path, uint64_t offset, std::string_view& bytes) = 0;

  // Bytes that the disk still takes.
  virtual uint64_t FreeBytes() = 0;
  // Fills it with what stands for chance.
  virtual void OnRandom(std::span<char> into) = 0;
};

// Chance that comes from a seed; all else is as it is.
class SeededChance : public SystemCallListener {
 public:
  explicit SeededChance(unsigned seed) : random_(seed) {}

  bool IsWatched(const std::string&) const override { return false; }
  int OnCreate(const std::string&) override { return 0; }
  int OnRemove(const std::string&) override { return 0; }
  int OnTruncate(const std::string&, uint64_t) override { return 0; }
  int OnSync(const std::string&) override { return 0; }
  int OnWrite(const std::string&, uint64_t, std::string_view&) override { return 0; }
  uint64_t FreeBytes() override { return 0; }
  void OnRandom(std::span<char> into) override {
    for (char& byte : into) byte = static_cast<char>(random_());
  }

 private:
  std::mt19937 random_;
};

// Makes it hear of the calls of this thread for the length of a scope.
class ListeningToSystemCalls {
 public:
  explicit ListeningToSystemCalls(SystemCallListener& listener);
  ~ListeningToSystemCalls();
  ListeningToSystemCalls(const ListeningToSystemCalls&) = delete;
  ListeningToSystemCalls& operator=(const ListeningToSystemCalls&) = delete;
};

}  // namespace verbatim
