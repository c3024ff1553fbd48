// The files of uploads, looked at from outside: what is there, and whether it is what the ledger
// says. Changes nothing; also beside the server that has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/uploads.h"

namespace verbatim::upload {

// Told of bytes that were read; false: stop.
using OnBytes = std::function<bool(uint64_t count)>;

// Whether an upload has a file of its own: the bytes of one made of parts are in the parts' files,
// and what was let go has none.
bool HasFile(const store::Upload& upload);

// Ids are names of files: whether an upload's, and its parts', are such as are given.
// Errors: kCorruptDatabase.
Result<void> CheckNames(const store::Upload& upload);

// Ids that have a file. Errors: kIo; kNotFound if there is no such folder.
Result<std::vector<std::string>> StoredFiles(const std::filesystem::path& folder);

// Compares an upload's file, or those of its parts, with what the ledger says: of a complete one
// length and SHA-256, of one that is received that all acknowledged bytes are there. What is wrong,
// to be read after "the file of upload ID"; empty: nothing.
// Errors: kIo; kCancelled if `on_bytes` says so.
Result<std::string> FileProblem(const std::filesystem::path& folder, const store::Upload& upload,
                                const OnBytes& on_bytes);

}  // namespace verbatim::upload
