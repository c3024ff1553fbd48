// The flags of `verbatim transcribe`, in the groups of its help.
#pragma once

#include "arguments.h"
#include "flag_adder.h"

namespace verbatim::app {

// Adds all of them to `command`; values go to `arguments`, which lives as long as the tree.
void AddTranscribeFlags(CLI::App* command, TranscribeArguments* arguments, ValueHints* hints);

// The flags of `verbatim bench`: those of them that decide how a run computes, and its own.
void AddBenchFlags(CLI::App* command, BenchArguments* arguments, ValueHints* hints);

// --model alone, for commands that share it.
void AddModelFlag(FlagAdder& flags, TranscribeArguments* arguments);

}  // namespace verbatim::app
