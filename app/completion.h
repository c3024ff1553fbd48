// Shell completion, made from the tree of commands itself, so that it never lags behind.
#pragma once

#include <string>

#include "arguments.h"
#include "command_line.h"

namespace verbatim::app {

// The script for a shell to evaluate.
std::string CompletionScript(const CommandOutline& root, Shell shell);

}  // namespace verbatim::app
