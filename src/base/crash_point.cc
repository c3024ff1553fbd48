#include "base/crash_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string>

namespace verbatim {
namespace {

// What the variables ask for, read once.
class Plan {
 public:
  Plan() {
    if (const char* at = std::getenv("VERBATIM_CRASH_AT")) SetCrash(at);
    if (const char* log = std::getenv("VERBATIM_CRASH_LOG")) {
      log_ = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
  }

  void Reach(std::string_view name) {
    if (log_ >= 0) Note(name);
    if (name == name_ && --left_ == 0) kill(getpid(), SIGKILL);
  }

 private:
  void SetCrash(std::string_view at) {
    const size_t colon = at.rfind(':');
    int count = 1;
    if (colon != std::string_view::npos) {
      std::from_chars(at.data() + colon + 1, at.data() + at.size(), count);
    }
    name_ = at.substr(0, colon);
    left_ = count;
  }

  void Note(std::string_view name) const {
    const std::string line = std::string(name) + '\n';
    [[maybe_unused]] const ssize_t written = write(log_, line.data(), line.size());
  }

  std::string name_;
  std::atomic<int> left_ = 0;
  int log_ = -1;
};

}  // namespace

void CrashPoint(std::string_view name) {
  static Plan plan;
  plan.Reach(name);
}

}  // namespace verbatim
