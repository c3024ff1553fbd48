// Whether a locked-up process really cannot do what it should not: tried at every start, so that
// nothing is believed of a kernel that was not seen.
#pragma once

#include <span>
#include <string>

#include "sandbox/impl/lock.h"
#include "sandbox/layers.h"

namespace verbatim::sandbox {

// Something that reading media never needs. Harmless where it is let through.
struct Attempt {
  const char* name;
  long (*make)();  // returns what the call did
};

std::span<const Attempt> Attempts();

// What the end of a process says that had to be ended for a call it made.
enum class Verdict {
  kHeld,     // it was
  kLeaked,   // it lived on
  kUnknown,  // it never made the call: not started, not locked up, or ended from outside
};
Verdict JudgeEnd(int wait_status);

// Locks up processes of its own, makes each attempt in one, and looks at how another ends that
// makes one. `errors` has what is known of namespaces already.
LayerReport TestLayers(const SystemCallList& calls, const Limits& limits, LayerErrors errors);

// Of a system on which no process can be locked up.
LayerReport UnusableReport(const std::string& reason);

}  // namespace verbatim::sandbox
