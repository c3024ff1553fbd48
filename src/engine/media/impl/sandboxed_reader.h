// The parent's side of a reader in a process of its own: serves it the bytes of the file, and
// believes nothing that it sends.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/byte_source.h"
#include "base/error.h"
#include "media/audio_reader.h"
#include "sandbox/child.h"

namespace verbatim::media {

// As AudioReader::Open, in a process that options.sandbox starts.
Result<std::unique_ptr<AudioReader>> OpenSandboxed(const std::shared_ptr<ByteSource>& source,
                                                   const std::string& name,
                                                   const AudioReaderOptions& options,
                                                   const std::stop_token& stop);

// Of a process that was started, and has its order: with it, tests are the process. The source is
// not served if the process has the file itself.
enum class Input { kServed, kOwn };
Result<std::unique_ptr<AudioReader>> OpenStarted(sandbox::Child child, Input input,
                                                 const std::shared_ptr<ByteSource>& source,
                                                 const std::stop_token& stop);

}  // namespace verbatim::media
