// Named steps at which a test lets the process die by kill -9: what is on disk then must be whole.
// VERBATIM_CRASH_AT=ledger.commit:3 ends it at the third time it comes to that step;
// VERBATIM_CRASH_LOG=FILE writes a line for each step it comes to. Without these variables nothing
// happens.
#pragma once

#include <string_view>

namespace verbatim {

// Thread: any.
void CrashPoint(std::string_view name);

}  // namespace verbatim
