// What libav may open: containers that carry sound in themselves, and audio decoders. Playlists,
// network formats, image sequences, devices and scripts stay outside, whatever the file claims to
// be.
#pragma once

#include <string>
#include <string_view>

#include "media/impl/libav.h"

namespace verbatim::media {

// Names of demuxers, separated by commas, as libav's format_whitelist takes them.
const std::string& AllowedFormats();

// True if the demuxer's name (all of its comma-separated aliases) is on the list.
bool IsAllowedFormat(const AVInputFormat& format);

// Names of all audio decoders in this libav, separated by commas, as codec_whitelist takes them.
const std::string& AllowedCodecs();

// The allowed demuxer for files with this ending, or null: for raw streams whose content alone does
// not say enough.
const AVInputFormat* FormatForExtension(std::string_view extension);

}  // namespace verbatim::media
