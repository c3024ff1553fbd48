// A file of this machine, checked before it is touched.
#pragma once

#include <filesystem>
#include <memory>

#include "base/byte_source.h"
#include "base/error.h"

namespace verbatim::media {

// Errors: kNotFound; kIo (unreadable, a directory); kUnsupportedMedia (not a regular file, empty).
Result<std::shared_ptr<ByteSource>> OpenLocalFile(const std::filesystem::path& path);

// The sentence for a file without a byte.
Error EmptyError();

}  // namespace verbatim::media
