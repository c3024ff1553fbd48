// The flags of `verbatim serve`: one for each setting of the server, in the groups of its help.
#pragma once

#include "arguments.h"
#include "flag_adder.h"

namespace verbatim::app {

// Adds all of them to `command`; values go to `arguments`, which lives as long as the tree.
void AddServeFlags(CLI::App* command, ServeArguments* arguments, ValueHints* hints);

// Adds only those that say where the server's data are.
void AddDataFlags(FlagAdder& flags, ServeArguments* arguments);

}  // namespace verbatim::app
