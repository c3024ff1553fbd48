#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace verbatim {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid_argument";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kTooLarge: return "too_large";
    case ErrorCode::kBusy: return "busy";
    case ErrorCode::kUnsupportedMedia: return "unsupported_media";
    case ErrorCode::kCorruptMedia: return "corrupt_media";
    case ErrorCode::kCorruptModel: return "corrupt_model";
    case ErrorCode::kCorruptDatabase: return "corrupt_database";
    case ErrorCode::kOutOfSpace: return "out_of_space";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

std::optional<ErrorCode> FindErrorCode(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (ErrorCodeName(code) == name) return code;
  }
  return std::nullopt;
}

Error Error::WithContext(std::string_view context) && {
  message.insert(0, std::string(context) + ": ");
  return std::move(*this);
}

Error SystemError(int error_number, std::string_view doing) {
  ErrorCode code = ErrorCode::kIo;
  if (error_number == ENOENT) code = ErrorCode::kNotFound;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EROFS) {
    code = ErrorCode::kOutOfSpace;
  }
  if (error_number == ENOMEM || error_number == EMFILE || error_number == ENFILE ||
      error_number == EAGAIN) {
    code = ErrorCode::kBusy;  // too much of something: it passes
  }
  return Error{code, std::string(doing) + ": " + std::generic_category().message(error_number)};
}

}  // namespace verbatim
