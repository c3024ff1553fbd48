// Takes the calling process out of the machine's namespaces, and its children with it.
#pragma once

#include <sys/types.h>

#include "sandbox/impl/lock.h"

namespace verbatim::sandbox {

// As many of them as the system allows; the reasons for those it does not are left in `errors`. The
// process has one thread. Afterwards it has no network, and an empty folder as root.
void EnterNamespaces(LayerErrors& errors);

// fork(), the child in a new namespace of processes if asked for. -1: errno says why.
pid_t ForkChild(bool with_pid_namespace);

}  // namespace verbatim::sandbox
