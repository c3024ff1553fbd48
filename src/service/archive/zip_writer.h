// A ZIP archive made piece by piece, for streams: its bytes are taken as they are made, so memory
// does not grow with what is in it. Names are UTF-8, contents are deflated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim::archive {

// Thread: one at a time; not always the same one.
class ZipWriter {
 public:
  // Begins an archive. Errors: kInternal.
  static Result<std::unique_ptr<ZipWriter>> Open();
  virtual ~ZipWriter() = default;

  struct Entry {
    std::string name;     // UTF-8, unique, a safe one (archive/entry_names.h)
    int64_t wall_ms = 0;  // when it was made
  };
  // Adds a file. Errors: kInternal.
  virtual Result<void> Add(const Entry& entry, std::string_view content) = 0;

  // Adds the list of all entries; nothing can be added any more. Errors: kInternal.
  virtual Result<void> Finish() = 0;

  // The archive's next bytes: all that were made since the last call.
  virtual std::string Take() = 0;
};

}  // namespace verbatim::archive
