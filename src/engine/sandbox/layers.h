// What keeps a process that reads foreign bytes away from the rest of the machine, layer by layer,
// and which of them this system allows. A layer that is missing is named, with the reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::sandbox {

enum class Layer {
  kProcess,           // a process of its own for each file
  kUserNamespace,     // no user of the machine
  kNetworkNamespace,  // no network, not even loopback
  kMountNamespace,    // an empty folder as root
  kIpcNamespace,      // no shared memory or queues of others
  kPidNamespace,      // no process but itself
  kLimits,            // memory, CPU time, descriptors, file sizes
  kCapabilities,      // none, and none to be had
  kNoNewPrivileges,   // what it starts, if it could, has no more rights than it
  kLandlock,          // no path can be opened, no port reached
  kSystemCalls,       // seccomp: a short list of calls, any other ends it at once
};

// "process", "user_namespace" ... "landlock", "seccomp".
std::string_view LayerName(Layer layer);

struct LayerState {
  Layer layer = Layer::kProcess;
  bool is_active = false;
  std::string reason;  // why it is not
};

struct LayerReport {
  std::vector<LayerState> layers;  // all, in the order of Layer
  // What the self-test found: forbidden things that were not refused. Empty: there are none.
  std::string leak;

  // False also for a layer that was not tried.
  bool IsActive(Layer layer) const;
};

// Whether what has to be there is: new privileges ruled out, calls listed, and nothing let through
// in the self-test. Errors: kInternal, with one sentence that says what is missing.
Result<void> CheckRequired(const LayerReport& report);

}  // namespace verbatim::sandbox
