// `verbatim token` and `verbatim audit`: who may use a server, and who did what.
#pragma once

#include <cstdint>
#include <string>

#include "arguments.h"
#include "base/error.h"
#include "exit_code.h"

namespace verbatim::app {

// "30d", "12h", "90m", "2w" in milliseconds. Errors: kInvalidArgument.
Result<int64_t> ParseSpan(const std::string& text);

// Prints a new token's secret, alone on standard output.
ExitCode CreateToken(const AccessArguments& arguments);
// Prints a table of the tokens, or JSON.
ExitCode ListTokens(const AccessArguments& arguments);
// Takes one back.
ExitCode RevokeToken(const AccessArguments& arguments);
// Prints what was done, the newest last, or JSON.
ExitCode ShowAudit(const AccessArguments& arguments);

}  // namespace verbatim::app
