// A process for one file: it gives everything away, locks itself up and does its work.
#pragma once

#include "sandbox/channel.h"
#include "sandbox/impl/lock.h"
#include "sandbox/impl/messages.h"
#include "sandbox/launcher.h"

namespace verbatim::sandbox {

// What a new process is given.
struct WorkerSetup {
  Limits limits;
  LaunchDescriptors descriptors;  // `end` is not passed on
  const SystemCallList* calls = nullptr;
  // Layers that must hold: those that held when they were tried.
  const LayerReport* report = nullptr;
  int proc = -1;  // /proc as it was before the namespaces; not passed on
};

// Only connection and input stay open, at their fixed numbers; signals are as at a start.
void KeepOnly(const LaunchDescriptors& descriptors);

// Called in a process that was just forked; ends it.
[[noreturn]] void RunWorker(const WorkerSetup& setup, Work work);

}  // namespace verbatim::sandbox
