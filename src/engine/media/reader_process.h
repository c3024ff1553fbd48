// What a locked-up process of the sandbox does with a media file: reads it as AudioReader does, and
// sends what it finds to its parent.
#pragma once

#include <optional>

#include "sandbox/channel.h"

namespace verbatim::media {

// The work for sandbox::LauncherOptions. The file is `input`, or comes over the channel.
void ReadMedia(sandbox::Channel& channel, std::optional<int> input);

}  // namespace verbatim::media
