// A regular file as libav's byte source: reads and seeks on one descriptor that we opened
// ourselves. Nothing else can be reached through it, it never blocks on a pipe or a device, and a
// stop request ends even a long scan.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "media/impl/libav.h"

namespace verbatim::media {

class FileInput {
 public:
  // Errors: kNotFound; kIo (unreadable, a directory); kUnsupportedMedia (not a regular file,
  // empty).
  static Result<std::unique_ptr<FileInput>> Open(const std::filesystem::path& path);

  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;
  ~FileInput();

  AVIOContext* context() const { return context_.get(); }
  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t position_bytes() const { return position_bytes_; }

  // From now on reads fail with AVERROR_EXIT once `stop` is requested.
  void set_stop(std::stop_token stop) { stop_ = std::move(stop); }
  bool stop_requested() const { return stop_.stop_requested(); }

  // The first eight bytes, fewer if there are not so many; the position stays.
  std::string Peek() const;

  // The error number of the last read that the system refused, 0 if none was.
  int error_number() const { return error_number_; }

 private:
  explicit FileInput(int descriptor, uint64_t size_bytes)
      : descriptor_(descriptor), size_bytes_(size_bytes) {}

  static int Read(void* self, uint8_t* buffer, int size);
  static int64_t Seek(void* self, int64_t offset, int whence);

  int descriptor_;
  uint64_t size_bytes_;
  uint64_t position_bytes_ = 0;
  int error_number_ = 0;
  std::stop_token stop_;
  IoHandle context_;
};

}  // namespace verbatim::media
