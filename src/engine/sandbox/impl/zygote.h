// The process that starts the locked-up ones: tries all layers once, tells what holds, then forks a
// process for each request and tells how it ended. It reads no foreign byte.
#pragma once

#include "sandbox/launcher.h"

namespace verbatim::sandbox {

// Where a zygote that was started by exec finds its control socket.
inline constexpr int kControlDescriptor = 3;

// Until the other end of the control socket is gone; then ends everything it started, and itself.
[[noreturn]] void ServeLaunches(int control, Work work);

}  // namespace verbatim::sandbox
