// The audio tracks of an opened container: what they are, which one to read, and why one cannot be
// read.
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "media/audio_reader.h"
#include "media/impl/libav.h"

namespace verbatim::media {

// In the container's order. The n-th has AudioTrack::index n.
std::vector<AudioTrack> ListTracks(const AVFormatContext& container);

// The n-th audio stream of the container. `index` must be that of a listed track.
AVStream* StreamOfTrack(const AVFormatContext& container, int index);

// The wanted track; else the container's default one that can be decoded, else the first that can.
// Errors: kInvalidArgument (no such track; the message lists those there are); kUnsupportedMedia
// (no sound, no
//         decoder, encrypted).
Result<int> ChooseTrack(const AVFormatContext& container, const std::vector<AudioTrack>& tracks,
                        std::optional<int> wanted);

// The sentence for protected sound, also where only its packets tell.
Error EncryptedError();

}  // namespace verbatim::media
