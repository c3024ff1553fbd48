#include "media/impl/source_input.h"

#include <cstdio>
#include <limits>
#include <span>

namespace verbatim::media {
namespace {

constexpr int kBufferBytes = 64 << 10;

// An offset at which no file has a byte: reading there waits for the size.
constexpr uint64_t kBeyondAnyEnd = std::numeric_limits<int64_t>::max();

Result<uint64_t> WaitForSize(ByteSource& source, const std::stop_token& stop) {
  if (!source.size()) {
    char byte = 0;
    TRY(source.ReadAt(kBeyondAnyEnd, {&byte, 1}, stop));
  }
  const auto size = source.size();
  if (!size) return Fail(ErrorCode::kInternal, "the size of the file stays unknown");
  return *size;
}

}  // namespace

Result<size_t> ReadFully(ByteSource& source, uint64_t offset, std::span<char> into,
                         const std::stop_token& stop) {
  size_t filled = 0;
  while (filled < into.size()) {
    const size_t got = TRY(source.ReadAt(offset + filled, into.subspan(filled), stop));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

Result<std::unique_ptr<SourceInput>> SourceInput::Open(std::shared_ptr<ByteSource> source,
                                                       Access access, std::stop_token stop) {
  std::unique_ptr<SourceInput> input(new SourceInput(std::move(source), std::move(stop)));
  input->size_bytes_ = input->source_->size();
  if (access == Access::kSeekable) {
    input->told_size_bytes_ = TRY(WaitForSize(*input->source_, input->stop_));
    input->size_bytes_ = input->told_size_bytes_;
  }
  auto* buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
  if (buffer == nullptr) return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  input->context_.reset(
      avio_alloc_context(buffer, kBufferBytes, 0, input.get(), &Read, nullptr, &Seek));
  if (!input->context_) {
    av_free(buffer);
    return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  }
  if (access == Access::kSequential) input->context_->seekable = 0;
  return input;
}

std::optional<uint64_t> SourceInput::size_bytes_now() const {
  return size_bytes_ ? size_bytes_ : source_->size();
}

std::string SourceInput::Peek() const {
  std::string bytes(8, '\0');
  const auto count = ReadFully(*source_, 0, bytes, stop_);
  bytes.resize(count ? *count : 0);
  return bytes;
}

int SourceInput::Read(void* self, uint8_t* buffer, int size) {
  auto* input = static_cast<SourceInput*>(self);
  if (input->stop_.stop_requested()) {
    input->error_ = Error{ErrorCode::kCancelled, "cancelled"};
    return AVERROR_EXIT;
  }
  const std::span<char> into(reinterpret_cast<char*>(buffer), static_cast<size_t>(size));
  auto count = input->source_->ReadAt(input->position_bytes_, into, input->stop_);
  if (!count) {
    input->error_ = std::move(count).error();
    return input->error_->code == ErrorCode::kCancelled ? AVERROR_EXIT : AVERROR(EIO);
  }
  if (*count == 0) return AVERROR_EOF;
  input->position_bytes_ += *count;
  return static_cast<int>(*count);
}

int64_t SourceInput::Seek(void* self, int64_t offset, int whence) {
  auto* input = static_cast<SourceInput*>(self);
  const int kind = whence & ~AVSEEK_FORCE;
  if (kind == AVSEEK_SIZE) return static_cast<int64_t>(input->told_size_bytes_);
  int64_t base = 0;
  switch (kind) {
    case SEEK_SET: break;
    case SEEK_CUR: base = static_cast<int64_t>(input->position_bytes_); break;
    case SEEK_END: base = static_cast<int64_t>(input->told_size_bytes_); break;
    default: return AVERROR(EINVAL);
  }
  int64_t target = 0;
  if (__builtin_add_overflow(base, offset, &target) || target < 0) return AVERROR(EINVAL);
  input->position_bytes_ = static_cast<uint64_t>(target);
  return target;
}

}  // namespace verbatim::media
