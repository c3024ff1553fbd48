// The flags of `verbatim serve`: one for each setting of the server, in the groups of its help.
#pragma once

#include "arguments.h"
#include "flag_adder.h"

namespace verbatim::app {

// Adds all of them to `command`; values go to `arguments`, which lives as long as the tree.
void AddServeFlags(CLI::App* command, ServeArguments* arguments, ValueHints* hints);

// Those of them that say where the data is.
void AddDataFlags(CLI::App* command, ServeArguments* arguments, ValueHints* hints);

}  // namespace verbatim::app
