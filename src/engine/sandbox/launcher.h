// Starts locked-up processes, one for each piece of foreign data. A small process, the zygote, is
// forked while the program has a single thread; it starts the others on request and waits for them,
// so that a program with many threads never forks and starting one costs about a millisecond. If
// the zygote dies, the next request starts another. It ends with the program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"
#include "sandbox/channel.h"
#include "sandbox/child.h"
#include "sandbox/layers.h"

namespace verbatim::sandbox {

// What a locked-up process does. The input is an open file to be read with pread(), if one was
// given.
using Work = void (*)(Channel& channel, std::optional<int> input);

struct LauncherOptions {
  Work work = nullptr;
  // The word that makes this program's main, started anew with it alone, call RunZygote with the
  // same work. Empty: a zygote that died is not replaced.
  std::string zygote_word = {};
};

struct LaunchOptions {
  std::optional<int> input = {};              // a descriptor, which stays the caller's
  uint64_t memory_bytes = uint64_t{1} << 30;  // that it may map besides what is mapped at its start
  uint64_t cpu_seconds = 60;
};

// Thread: any, but Start while there is one thread alone.
class Launcher {
 public:
  // Errors: kIo if no process is to be had.
  static Result<std::unique_ptr<Launcher>> Start(LauncherOptions options);
  ~Launcher();  // ends all that it started
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // What the zygote found when it tried all layers. Waits for it at most some seconds.
  // Errors: kInternal (it does not answer).
  Result<LayerReport> report();

  // Errors: kIo (no descriptors are left, the system refused), kInternal (there is no zygote, and
  // none takes its place).
  Result<Child> Launch(const LaunchOptions& options);

 private:
  explicit Launcher(LauncherOptions options) : options_(std::move(options)) {}

  Result<void> Fork() REQUIRES(mutex_);
  Result<void> Spawn() REQUIRES(mutex_);
  Result<LayerReport> AwaitReport() REQUIRES(mutex_);
  void Leave() REQUIRES(mutex_);

  const LauncherOptions options_;
  Mutex mutex_;
  int control_ GUARDED_BY(mutex_) = -1;
  pid_t zygote_ GUARDED_BY(mutex_) = -1;
  std::optional<LayerReport> report_ GUARDED_BY(mutex_);
};

// The zygote of a program that was started for it: serves its launcher until that is gone, and ends
// the process. Called by main, before all else.
[[noreturn]] void RunZygote(Work work);

}  // namespace verbatim::sandbox
