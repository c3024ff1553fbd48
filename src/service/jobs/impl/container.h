// Whether a media file can be read from its first byte on while the rest is still to come.
#pragma once

#include <stop_token>

#include "base/byte_source.h"
#include "base/error.h"

namespace verbatim::jobs {

enum class ReadingOrder {
  kInOrder,     // WAV, MP3, AAC, FLAC, Ogg, Matroska, WebM, MPEG-TS, MP4 with its index in front
  kNeedsWhole,  // anything else
  kUnknown,     // too few bytes are there to tell
};

// Looks at what is there; does not wait. Errors: those of the source.
Result<ReadingOrder> FindReadingOrder(ByteSource& source, const std::stop_token& stop);

}  // namespace verbatim::jobs
