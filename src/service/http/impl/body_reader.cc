#include "http/impl/body_reader.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace verbatim::http {
namespace {

using std::chrono::steady_clock;

constexpr size_t kFillSize = 16384;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

BodyReader::BodyReader(std::shared_ptr<Wire> wire, const RequestHead& head, BodyLimits limits)
    : wire_(std::move(wire)),
      limits_(limits),
      is_chunked_(head.request.is_chunked),
      expects_continue_(head.expects_continue),
      left_(head.request.content_length.value_or(0)) {}

bool BodyReader::at_end() const { return is_chunked_ ? chunks_.at_end() : left_ == 0; }

bool BodyReader::is_drainable(uint64_t size_max) const {
  if (error_) return false;
  return at_end() || (!is_chunked_ && !expects_continue_ && left_ <= size_max);
}

Task<Result<size_t>> BodyReader::Read(std::span<char> into) {
  if (error_) co_return Failure(*error_);
  if (at_end() || into.empty()) co_return size_t{0};
  const Wired<void> asked = co_await AskForBody();
  if (!asked) co_return FailWith(asked.error());
  Wired<size_t> read = 0;
  if (is_chunked_) {
    read = co_await ReadChunked(into);
  } else {
    read = co_await ReadPlain(into);
  }
  if (error_) co_return Failure(*error_);
  if (!read) co_return FailWith(read.error());
  size_ += *read;
  if (size_ > limits_.size_max) {
    refusal_ = Refusal{413, "The request's body is too large."};
    error_ = Error{ErrorCode::kTooLarge, "the request's body is too large"};
    co_return Failure(*error_);
  }
  co_return *read;
}

Task<bool> BodyReader::Drain(uint64_t size_max) {
  std::vector<char> dropped(std::min<uint64_t>(size_max + 1, kFillSize));
  uint64_t drained = 0;
  while (!at_end()) {
    const Result<size_t> read = co_await Read(dropped);
    if (!read) co_return false;
    drained += *read;
    if (drained > size_max) co_return false;
  }
  co_return true;
}

Task<Wired<void>> BodyReader::AskForBody() {
  if (!std::exchange(expects_continue_, false)) co_return Wired<void>();
  if (!wire_->buffered().empty()) co_return Wired<void>();  // it comes already
  const std::array<std::string_view, 1> pieces = {kContinue};
  co_return co_await wire_->Send(pieces, limits_.write_stall_max);
}

Task<Wired<size_t>> BodyReader::ReadPlain(std::span<char> into) {
  into = into.first(static_cast<size_t>(std::min<uint64_t>(into.size(), left_)));
  Wired<size_t> read = 0;
  const std::string_view buffered = wire_->buffered();
  if (!buffered.empty()) {
    read = buffered.copy(into.data(), into.size());
    wire_->Consume(*read);
  } else {
    const Wire::SteadyTime deadline = StartWaiting();
    read = co_await wire_->Receive(into, deadline);
    EndWaiting(read.value_or(0));
  }
  if (read) left_ -= *read;
  co_return read;
}

Task<Wired<size_t>> BodyReader::ReadChunked(std::span<char> into) {
  while (true) {
    const auto step = chunks_.Decode(wire_->buffered(), into);
    if (!step) {
      refusal_ = step.error();
      error_ = Error{ErrorCode::kInvalidArgument, std::string(step.error().detail)};
      co_return size_t{0};
    }
    wire_->Consume(step->taken);
    if (step->written > 0 || chunks_.at_end()) co_return step->written;
    const Wired<void> filled = co_await Fill();
    if (!filled) co_return std::unexpected(filled.error());
  }
}

Task<Wired<void>> BodyReader::Fill() {
  const Wire::SteadyTime deadline = StartWaiting();
  const size_t size_before = wire_->buffered().size();
  const Wired<void> filled = co_await wire_->Fill(kFillSize, deadline);
  EndWaiting(wire_->buffered().size() - size_before);
  co_return filled;
}

Wire::SteadyTime BodyReader::StartWaiting() {
  waiting_since_ = steady_clock::now();
  return waiting_since_ +
         (limits_.idle_max - std::min<steady_clock::duration>(waited_, limits_.idle_max));
}

void BodyReader::EndWaiting(size_t received) {
  waited_ += steady_clock::now() - waiting_since_;
  received_ += received;
  const auto bytes_min = static_cast<double>(limits_.bytes_per_second_min) *
                         std::chrono::duration<double>(limits_.idle_max).count();
  if (received == 0 || static_cast<double>(received_) < bytes_min) return;
  received_ = 0;
  waited_ = steady_clock::duration::zero();
}

Failure BodyReader::FailWith(WireError error) {
  switch (error) {
    case WireError::kPlainHttp:
    case WireError::kGone: error_ = Error{ErrorCode::kIo, "the client is gone"}; break;
    case WireError::kTimedOut:
      refusal_ = Refusal{408, "The request's body comes too slowly."};
      error_ = Error{ErrorCode::kIo, "the client is too slow"};
      break;
    case WireError::kCancelled:
      error_ = Error{ErrorCode::kCancelled, "the request was stopped"};
      break;
  }
  return Failure(*error_);
}

}  // namespace verbatim::http
