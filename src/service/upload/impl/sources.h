// Uploads as bytes to read: those that are complete, and those still being received.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "upload/impl/live_upload.h"
#include "upload/impl/upload_files.h"

namespace verbatim::upload {

// Complete files, one after the other. Errors: kNotFound, kIo.
Result<std::shared_ptr<ByteSource>> OpenJoined(const UploadFiles& files,
                                               const std::vector<std::string>& ids);

// One file that grows as `live` says. Errors: kNotFound, kIo.
Result<std::shared_ptr<ByteSource>> OpenGrowing(const UploadFiles& files, const std::string& id,
                                                std::shared_ptr<LiveUpload> live);

// Of all bytes of a source that is complete, as hexadecimal digits. Errors: kIo.
Result<std::string> Sha256Of(ByteSource& source);

}  // namespace verbatim::upload
