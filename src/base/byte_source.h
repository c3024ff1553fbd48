// Bytes that can be read from any place: a file, several files one after the other, or one that is
// still being received.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "base/error.h"

namespace verbatim {

// Thread: any, several at once.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // How many bytes there are, or will be. None: not known yet. Unit: bytes.
  virtual std::optional<uint64_t> size() const = 0;

  // Bytes from 0 on that can be read without waiting.
  virtual uint64_t available() const = 0;

  // Reads some bytes from an offset on; waits until there is at least one. 0 at and beyond the end,
  // at once if the size is known; if not, it waits for the byte or for the size, so that a read far
  // beyond any end waits for the size.
  // Errors: kIo; kCancelled if stopped while waiting; kNotFound if what was being received was
  // given up.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> into,
                                const std::stop_token& stop) = 0;

  // An open file that holds these bytes from its begin to its end, all of them; it stays the
  // source's. None: there is no such file.
  virtual std::optional<int> descriptor() const { return std::nullopt; }
};

// Opens a regular file, whose size is taken now; what may block or has no size, such as a pipe, is
// refused. Messages do not repeat the path. Errors: kNotFound, kIo.
Result<std::shared_ptr<ByteSource>> OpenFileSource(const std::filesystem::path& path);

// The bytes of an open file, which is closed with the source.
std::shared_ptr<ByteSource> MakeFileSource(int descriptor, uint64_t size);

}  // namespace verbatim
