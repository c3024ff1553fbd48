// The sandbox in which the program reads media: started by main, taken by the commands that read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "arguments.h"
#include "base/error.h"
#include "sandbox/launcher.h"

namespace verbatim::app {

// The one argument that makes this program a zygote of the sandbox, in place of one that died.
inline constexpr std::string_view kZygoteWord = "media-zygote";

// "required", "auto" or "off".
SandboxMode SandboxModeOf(std::string_view word);

class MediaSandbox {
 public:
  using Warn = std::function<void(const std::string& message)>;

  // Forks: to be called while the program has one thread.
  static MediaSandbox Start();

  // What an engine is given, at once; null for kOff. Check is to follow before it reads.
  // Errors: kIo (no process can be started).
  Result<std::shared_ptr<sandbox::Launcher>> LauncherFor(SandboxMode mode) const;

  // Waits until all layers were tried, which goes on beside what the program does since Start.
  // Errors: kInternal, with one sentence, if media cannot be read safely and kRequired asks for it.
  // Under kAuto that is a warning.
  Result<void> Check(SandboxMode mode, const Warn& warn) const;

  // What holds on this system. Errors: kIo, kInternal (no process can be started).
  Result<sandbox::LayerReport> report() const;

 private:
  explicit MediaSandbox(Result<std::shared_ptr<sandbox::Launcher>> launcher)
      : launcher_(std::move(launcher)) {}

  Result<std::shared_ptr<sandbox::Launcher>> launcher_;
};

}  // namespace verbatim::app
