#include "sandbox/layers.h"

#include <algorithm>

#include "sandbox/impl/build.h"

namespace verbatim::sandbox {

std::string_view LayerName(Layer layer) {
  switch (layer) {
    case Layer::kProcess: return "process";
    case Layer::kUserNamespace: return "user_namespace";
    case Layer::kNetworkNamespace: return "network_namespace";
    case Layer::kMountNamespace: return "mount_namespace";
    case Layer::kIpcNamespace: return "ipc_namespace";
    case Layer::kPidNamespace: return "pid_namespace";
    case Layer::kLimits: return "limits";
    case Layer::kCapabilities: return "capabilities";
    case Layer::kNoNewPrivileges: return "no_new_privileges";
    case Layer::kLandlock: return "landlock";
    case Layer::kSystemCalls: return "seccomp";
  }
  return "";
}

bool LayerReport::IsActive(Layer layer) const {
  const auto state = std::ranges::find(layers, layer, &LayerState::layer);
  return state != layers.end() && state->is_active;
}

Result<void> CheckRequired(const LayerReport& report) {
  for (const LayerState& state : report.layers) {
    const bool is_required = state.layer == Layer::kNoNewPrivileges ||
                             (state.layer == Layer::kSystemCalls && !kIsSanitized);
    if (is_required && !state.is_active) {
      return Fail(ErrorCode::kInternal, "media can't be read safely on this system: " +
                                            std::string(LayerName(state.layer)) +
                                            " is not to be had (" + state.reason + ")");
    }
  }
  if (report.leak.empty()) return {};
  return Fail(ErrorCode::kInternal,
              "media can't be read safely on this system: the sandbox let through " + report.leak);
}

}  // namespace verbatim::sandbox
