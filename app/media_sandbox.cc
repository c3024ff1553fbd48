#include "media_sandbox.h"

#include <utility>

#include "media/reader_process.h"

namespace verbatim::app {

SandboxMode SandboxModeOf(std::string_view word) {
  if (word == "off") return SandboxMode::kOff;
  return word == "auto" ? SandboxMode::kAuto : SandboxMode::kRequired;
}

MediaSandbox MediaSandbox::Start() {
  return MediaSandbox(sandbox::Launcher::Start(
      {.work = media::ReadMedia, .zygote_word = std::string(kZygoteWord)}));
}

Result<std::shared_ptr<sandbox::Launcher>> MediaSandbox::LauncherFor(SandboxMode mode) const {
  if (mode == SandboxMode::kOff) return nullptr;
  return launcher_;
}

Result<void> MediaSandbox::Check(SandboxMode mode, const Warn& warn) const {
  if (mode == SandboxMode::kOff) return {};
  const Result<sandbox::LayerReport> layers = report();
  if (!layers) return Failure(layers.error());
  if (const Result<void> checked = sandbox::CheckRequired(*layers); !checked) {
    if (mode == SandboxMode::kRequired) {
      return Fail(checked.error().code,
                  checked.error().message + "; --sandbox auto reads it with the layers there are");
    }
    warn(checked.error().message);
  }
  return {};
}

Result<sandbox::LayerReport> MediaSandbox::report() const {
  if (!launcher_) return Failure(launcher_.error());
  return (*launcher_)->report();
}

}  // namespace verbatim::app
