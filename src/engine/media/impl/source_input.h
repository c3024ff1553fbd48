// A ByteSource as libav reads it. Nothing else can be reached through it, and a stop request ends
// even a long scan or a wait for bytes that are still to come.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/byte_source.h"
#include "base/error.h"
#include "media/audio_reader.h"
#include "media/impl/libav.h"

namespace verbatim::media {

// Reads until the span is full or the source ends; returns how much there was.
// Errors: those of ByteSource::ReadAt.
Result<size_t> ReadFully(ByteSource& source, uint64_t offset, std::span<char> into,
                         const std::stop_token& stop);

class SourceInput {
 public:
  using Access = AudioReaderOptions::Access;

  // kSequential: libav is told that it cannot seek, which keeps its demuxers from looking at the
  // end first; where one must step back, it still can. kSeekable: waits until the size is known.
  // Errors: those of ByteSource::ReadAt; kCorruptMedia (no memory).
  static Result<std::unique_ptr<SourceInput>> Open(std::shared_ptr<ByteSource> source,
                                                   Access access, std::stop_token stop);

  SourceInput(const SourceInput&) = delete;
  SourceInput& operator=(const SourceInput&) = delete;

  AVIOContext* context() const { return context_.get(); }

  // As known when it was opened; none: not known then.
  std::optional<uint64_t> size_bytes() const { return size_bytes_; }
  // As known by now.
  std::optional<uint64_t> size_bytes_now() const;
  uint64_t position_bytes() const { return position_bytes_; }

  // From now on reads fail with AVERROR_EXIT once `stop` is requested.
  void set_stop(std::stop_token stop) { stop_ = std::move(stop); }
  bool stop_requested() const { return stop_.stop_requested(); }

  // The first eight bytes, fewer if there are not so many; the position stays.
  std::string Peek() const;

  // Why the source refused the last read that failed; none did: none. To be looked at before what
  // libav says, which takes any failure for the end of the file or for damage.
  const std::optional<Error>& error() const { return error_; }

 private:
  SourceInput(std::shared_ptr<ByteSource> source, std::stop_token stop)
      : source_(std::move(source)), stop_(std::move(stop)) {}

  static int Read(void* self, uint8_t* buffer, int size);
  static int64_t Seek(void* self, int64_t offset, int whence);

  std::shared_ptr<ByteSource> source_;
  std::optional<uint64_t> size_bytes_;
  // What libav hears. Read sequentially it is kept from it, for it may be known in one run and not
  // in the next. 0 says so; an error would be taken for a huge file in which the length given by
  // the head of an MP3 could not be right.
  uint64_t told_size_bytes_ = 0;
  uint64_t position_bytes_ = 0;
  std::optional<Error> error_;
  std::stop_token stop_;
  IoHandle context_;
};

}  // namespace verbatim::media
