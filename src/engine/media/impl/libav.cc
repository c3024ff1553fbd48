#include "media/impl/libav.h"

#include <cerrno>
#include <cstdarg>
#include <mutex>
#include <system_error>

namespace verbatim::media {
namespace {

// One allocation of libav, for example an index or an attached picture. The index of 24 hours of
// MP4 at 60 pictures a second has 125 MB.
constexpr size_t kAllocationBytesMax = size_t{256} << 20;

void DropLogLine(void*, int, const char*, va_list) {}

}  // namespace

Error LibavError(int code, std::string_view subject) {
  const std::string it(subject);
  switch (code) {
    case AVERROR_EXIT: return {ErrorCode::kCancelled, "cancelled"};
    case AVERROR(ENOMEM):
      return {ErrorCode::kCorruptMedia,
              it + " is damaged, or needs more memory than a file may take"};
    case AVERROR_PATCHWELCOME:
    case AVERROR(ENOSYS):
      return {ErrorCode::kUnsupportedMedia,
              it + " uses a variant of its format that cannot be decoded"};
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_PROTOCOL_NOT_FOUND:
      return {ErrorCode::kUnsupportedMedia, it + " is of a kind that cannot be decoded"};
    default: return {ErrorCode::kCorruptMedia, it + " is damaged and cannot be read"};
  }
}

void ConfigureLibav() {
  static std::once_flag once;
  std::call_once(once, [] {
    av_log_set_callback(DropLogLine);
    av_max_alloc(kAllocationBytesMax);
  });
}

}  // namespace verbatim::media
