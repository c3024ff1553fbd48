#include "http/exchange.h"

#include <algorithm>

namespace verbatim::http {
namespace {

constexpr size_t kPieceSize = 16384;

}  // namespace

Task<Result<std::string>> Exchange::ReadAll(size_t size_max) {
  if (request().content_length.value_or(0) > size_max) {
    OnTooLarge();
    co_return Fail(ErrorCode::kTooLarge, "the request's body is too large");
  }
  std::string body;
  while (true) {
    const size_t old_size = body.size();
    // One byte more than allowed shows that there is more.
    body.resize(old_size + std::min(kPieceSize, size_max - old_size + 1));
    const Result<size_t> read = co_await Read(std::span(body).subspan(old_size));
    if (!read) co_return Failure(read.error());
    body.resize(old_size + *read);
    if (*read == 0) co_return body;
    if (body.size() > size_max) {
      OnTooLarge();
      co_return Fail(ErrorCode::kTooLarge, "the request's body is too large");
    }
  }
}

}  // namespace verbatim::http
