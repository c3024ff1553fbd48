// Whether a container can be read in the order of its bytes, so that reading need not wait for its
// last one. Decided by the bytes alone, never by how many have arrived, so that the same file is
// read in the same way each time.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/byte_source.h"
#include "base/error.h"
#include "media/impl/libav.h"

namespace verbatim::media {

enum class ReadOrder {
  kSeekable,             // libav may go anywhere, first of all to the end
  kSequential,           // from front to back
  kSequentialFragments,  // as well, and what is said of the length holds for the first part only
};

// Files up to this size are read in any order: little is gained by an early start, and the end
// often tells how long the file is.
inline constexpr uint64_t kSmallFileBytes = 128 << 10;

// Reads no more than tells the order: of MP4 the heads of the boxes up to the index or the sound.
// Errors: those of ByteSource::ReadAt.
Result<ReadOrder> FindReadOrder(const AVInputFormat& format, ByteSource& source,
                                const std::stop_token& stop);

}  // namespace verbatim::media
