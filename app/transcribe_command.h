// `verbatim transcribe` and `verbatim demo`: checks everything that can be checked, gets the model,
// runs the engine once over all files, writes each result as soon as it is there.
#pragma once

#include <filesystem>
#include <stop_token>

#include "arguments.h"
#include "base/error.h"
#include "exit_code.h"
#include "media_sandbox.h"

namespace verbatim::app {

ExitCode Transcribe(const TranscribeArguments& arguments, const MediaSandbox& sandbox,
                    const std::stop_token& stop);

// Transcribes the clip that comes with the program to standard output.
ExitCode Demo(TranscribeArguments arguments, const MediaSandbox& sandbox,
              const std::stop_token& stop);

// What can be said about an input without its bytes being understood.
// Errors: kNotFound, kIo (a folder, no permission), kCorruptMedia (empty).
Result<void> CheckInput(const std::filesystem::path& path);

}  // namespace verbatim::app
