#include "http/impl/live_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/contain.h"

namespace verbatim::http {
namespace {

namespace asio = boost::asio;

constexpr size_t kSourcePieceSize = 131072;
constexpr std::chrono::milliseconds kSourcePoll{50};

Failure AnsweredAlready() { return Fail(ErrorCode::kInternal, "a handler answers a second time"); }

BodyLimits MakeLimits(const ServerOptions& options, const Route* route) {
  BodyLimits limits;
  limits.size_max =
      route != nullptr ? std::max(route->body_size_max, kDrainBytesMax) : kDrainBytesMax;
  limits.idle_max = options.body_idle_timeout;
  limits.bytes_per_second_min = options.body_bytes_per_second_min;
  limits.write_stall_max = options.write_timeout;
  return limits;
}

}  // namespace

LiveExchange::LiveExchange(ServerState& server, std::shared_ptr<Wire> wire, RequestHead head)
    : server_(server),
      wire_(std::move(wire)),
      head_(std::move(head)),
      match_(server.router.Find(head_.request.method, head_.request.path)),
      body_(wire_, head_, MakeLimits(server.options, match_.route)),
      keeps_alive_(head_.keeps_alive) {}

LiveExchange::~LiveExchange() {
  wire_->StopWatching();
  if (doorbell_) doorbell_->Close();
}

std::string_view LiveExchange::parameter(std::string_view name) const {
  const auto found = std::ranges::find(match_.parameters, name,
                                       [](const auto& parameter) { return parameter.first; });
  CHECK(found != match_.parameters.end());
  return found->second;
}

std::stop_token LiveExchange::stop() {
  if (!stop_) {
    stop_.emplace();
    if (is_gone_ || is_stopping_) stop_->request_stop();
  }
  WatchPeer();
  return stop_->get_token();
}

const std::shared_ptr<Doorbell>& LiveExchange::doorbell() {
  if (!doorbell_) {
    doorbell_ = std::make_shared<Doorbell>(wire_->executor());
    if (is_gone_ || is_stopping_) doorbell_->EndWaits();
  }
  return doorbell_;
}

std::shared_ptr<Wakeup> LiveExchange::MakeWakeup() {
  WatchPeer();
  return std::make_shared<DoorbellWakeup>(doorbell());
}

std::function<void()> LiveExchange::MakeAborter() {
  return [this, bell = doorbell()] {
    // `this` lives as long as the doorbell is open.
    bell->Post([this] {
      is_aborted_ = true;
      keeps_alive_ = false;
      wire_->CancelReads();
    });
  };
}

std::function<void()> LiveExchange::MakeCloser() {
  return [this, bell = doorbell()] {
    bell->Post([this] {
      wire_->Close();
      OnGone();
    });
  };
}

// While a body is still to come, Read sees the peer going.
void LiveExchange::WatchPeer() {
  if (body_.at_end() && !is_gone_) wire_->Watch([this] { OnGone(); });
}

void LiveExchange::OnGone() {
  is_gone_ = true;
  keeps_alive_ = false;
  if (doorbell_) doorbell_->EndWaits();
  if (stop_) stop_->request_stop();
}

void LiveExchange::OnStop() {
  is_stopping_ = true;
  keeps_alive_ = false;
  wire_->CancelReads();
  if (doorbell_) doorbell_->EndWaits();
  if (stop_) stop_->request_stop();
}

Task<Result<size_t>> LiveExchange::Read(std::span<char> into) {
  if (is_aborted_) co_return Fail(ErrorCode::kCancelled, "the request was stopped");
  const bool is_unwanted = match_.route == nullptr || match_.route->body_size_max == kNoBody;
  if (is_unwanted && !body_.at_end()) {
    OnTooLarge();
    co_return Fail(ErrorCode::kTooLarge, "no body is taken here");
  }
  Result<size_t> read = co_await body_.Read(into);
  if (!read) keeps_alive_ = false;
  if (body_.is_gone()) OnGone();
  co_return read;
}

Task<bool> LiveExchange::Admit() {
  if (server_.options.answer_first) {
    std::optional<Response> first = server_.options.answer_first(head_.request);
    if (first) {
      co_await Send(std::move(*first));
      co_return false;
    }
  }
  if (match_.route == nullptr) {
    if (match_.allowed.empty()) {
      const Refusal nothing{404, "There is nothing here."};
      co_await Refuse(nothing);
      co_return false;
    }
    Response response = server_.MakeRefusal({405, "This method is not taken here."});
    response.headers.Set("Allow", match_.allowed);
    co_await Send(std::move(response));
    co_return false;
  }
  const uint64_t size_max = std::max(match_.route->body_size_max, kDrainBytesMax);
  if (head_.request.content_length.value_or(0) > size_max) {
    const Refusal too_large{413, "The request's body is too large."};
    co_await Refuse(too_large);
    co_return false;
  }
  if (match_.route->body_size_max != kNoBody || head_.expects_continue) co_return true;
  const bool is_drained = co_await body_.Drain(kDrainBytesMax);
  co_return is_drained;
}

Task<void> LiveExchange::Refuse(Refusal refusal) {
  Response response = server_.MakeRefusal(refusal);
  const Result<void> sent = co_await Send(std::move(response));
  if (!sent && sent.error().code != ErrorCode::kIo) {
    server_.log.Error("refusing a request: {}", sent.error().message);
  }
}

// The rendered head of an answer, or of a 500 if it cannot be sent.
Result<std::string> LiveExchange::StartAnswer(const Response& response, BodyFraming body,
                                              uint64_t length) {
  if (phase_ != Phase::kUnanswered) return AnsweredAlready();
  if (wire_->is_closed()) return Break(WireError::kGone);
  if (!body_.is_drainable(kDrainBytesMax) || server_.is_stopping) keeps_alive_ = false;
  if (body == BodyFraming::kUntilClose) keeps_alive_ = false;
  if (!HasBody(response.status)) body = BodyFraming::kNone;
  const ResponseFraming framing{.body = body, .length = length, .closes = !keeps_alive_};
  std::vector<Headers::Field> more;
  if (server_.options.more_headers) more = server_.options.more_headers(head_.request);
  std::span<const Headers::Field> extra = server_.options.response_headers;
  if (!more.empty()) {
    more.insert(more.end(), extra.begin(), extra.end());
    extra = more;
  }
  std::string head = TRY(RenderHead(response, framing, extra));
  answered_.status = response.status;
  answered_.location = response.headers.Find("Location").value_or("");
  return head;
}

Task<Result<void>> LiveExchange::Send(Response response) {
  Result<std::string> head = StartAnswer(response, BodyFraming::kLength, response.body.size());
  if (!head && head.error().code == ErrorCode::kInvalidArgument) {
    server_.log.Error("{} {}: {}", head_.request.method, head_.request.path, head.error().message);
    response = server_.MakeRefusal({500, "Something went wrong here."});
    head = StartAnswer(response, BodyFraming::kLength, response.body.size());
  }
  if (!head) co_return Failure(std::move(head).error());
  phase_ = Phase::kDone;
  const bool has_body = HasBody(response.status) && !is_head_request();
  const std::string_view body = has_body ? std::string_view(response.body) : std::string_view();
  co_return co_await SendBytes(*head, body);
}

Task<Result<void>> LiveExchange::SendBytes(std::string_view head, std::string_view body) {
  const std::array<std::string_view, 2> pieces = {head, body};
  const Wired<void> sent = co_await wire_->Send(pieces, server_.options.write_timeout);
  if (!sent) co_return Break(sent.error());
  co_return Result<void>();
}

Task<Result<void>> LiveExchange::SendSource(Response head, std::shared_ptr<ByteSource> source,
                                            uint64_t offset, uint64_t length) {
  if (phase_ != Phase::kUnanswered) co_return AnsweredAlready();
  WatchPeer();
  Result<std::string> rendered = StartAnswer(head, BodyFraming::kLength, length);
  if (!rendered) co_return Failure(std::move(rendered).error());
  if (is_head_request() || !HasBody(head.status) || length == 0) {
    phase_ = Phase::kDone;
    co_return co_await SendBytes(*rendered, {});
  }
  Result<void> sent = co_await SendRange(*source, *std::move(rendered), offset, length);
  // An answer that ends too early must not look complete.
  if (!sent && phase_ == Phase::kDone) wire_->Close();
  co_return sent;
}

Task<Result<void>> LiveExchange::SendRange(ByteSource& source, std::string head, uint64_t offset,
                                           uint64_t length) {
  std::vector<char> piece(static_cast<size_t>(std::min<uint64_t>(length, kSourcePieceSize)));
  while (length > 0) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(length, piece.size()));
    const std::span<char> into(piece.data(), wanted);
    const Result<size_t> read = co_await ReadSource(source, offset, into);
    if (!read) {
      if (phase_ == Phase::kUnanswered) answered_ = {};
      co_return Failure(read.error());
    }
    phase_ = Phase::kDone;
    const std::string_view bytes(piece.data(), *read);
    Result<void> sent = co_await SendBytes(head, bytes);
    if (!sent) co_return sent;
    head.clear();
    offset += *read;
    length -= *read;
  }
  co_return Result<void>();
}

// Bytes that have yet to be received are waited for here: waiting in the pool would use it up.
Task<Result<size_t>> LiveExchange::ReadSource(ByteSource& source, uint64_t offset,
                                              std::span<char> into) {
  std::stop_source no_waiting;
  no_waiting.request_stop();
  const std::stop_token token = no_waiting.get_token();
  while (true) {
    const auto work = [&source, offset, into, token] { return source.ReadAt(offset, into, token); };
    Result<size_t> read = co_await Offload(work);
    if (read && *read == 0) co_return Fail(ErrorCode::kIo, "a file ends too early");
    if (read || read.error().code != ErrorCode::kCancelled) co_return read;
    if (doorbell()->has_ended()) co_return read;
    const auto deadline = std::chrono::steady_clock::now() + kSourcePoll;
    co_await doorbell()->Wait(deadline);
  }
}

Task<Result<void>> LiveExchange::Begin(Response head) {
  const BodyFraming framing =
      head_.version == Version::k11 ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  Result<std::string> rendered = StartAnswer(head, framing, 0);
  if (!rendered) co_return Failure(std::move(rendered).error());
  is_chunked_ = framing == BodyFraming::kChunked;
  const bool has_body = HasBody(head.status) && !is_head_request();
  phase_ = has_body ? Phase::kStreaming : Phase::kDone;
  WatchPeer();
  co_return co_await SendBytes(*rendered, {});
}

Task<Result<void>> LiveExchange::Write(std::string_view bytes) {
  if (phase_ != Phase::kStreaming) co_return Fail(ErrorCode::kCancelled, "no body is wanted");
  if (bytes.empty()) co_return Result<void>();
  std::array<char, 24> size_line{};
  const auto end = fmt::format_to_n(size_line.data(), size_line.size(), "{:x}\r\n", bytes.size());
  const std::string_view before(size_line.data(), is_chunked_ ? end.size : 0);
  const std::string_view after = is_chunked_ ? "\r\n" : "";
  const std::array<std::string_view, 3> pieces = {before, bytes, after};
  const Wired<void> sent = co_await wire_->Send(pieces, server_.options.write_timeout);
  if (!sent) co_return Break(sent.error());
  co_return Result<void>();
}

Task<Result<void>> LiveExchange::End() {
  if (phase_ == Phase::kUnanswered) co_return Fail(ErrorCode::kInternal, "nothing was begun");
  if (phase_ == Phase::kDone) co_return Result<void>();
  phase_ = Phase::kDone;
  if (!is_chunked_) co_return Result<void>();
  co_return co_await SendBytes("0\r\n\r\n", {});
}

// Nothing more can be sent: whatever was begun is cut off, so that it does not look complete.
Failure LiveExchange::Break(WireError error) {
  if (error == WireError::kTimedOut) {
    wire_->Reset();
  } else {
    wire_->Close();
  }
  phase_ = Phase::kDone;
  OnGone();
  return Fail(ErrorCode::kIo,
              error == WireError::kTimedOut ? "the client takes no bytes" : "the client is gone");
}

Task<void> LiveExchange::Finish(Refusal otherwise) {
  if (phase_ == Phase::kStreaming) {
    server_.log.Debug("{} {}: a stream was left", head_.request.method, head_.request.path);
    wire_->Close();
    phase_ = Phase::kDone;
  }
  if (phase_ != Phase::kUnanswered || wire_->is_closed()) co_return;
  Refusal refusal = std::move(otherwise);
  if (is_too_large_) refusal = {413, "The request's body is too large."};
  if (is_aborted_) refusal = {409, "Another request took over."};
  if (is_stopping_) refusal = {503, "The server stops."};
  if (body_.refusal()) refusal = *body_.refusal();
  if ((is_gone_ || body_.is_gone()) && !body_.refusal()) co_return wire_->Close();
  co_await Refuse(refusal);
}

Task<bool> LiveExchange::CanGoOn() {
  if (!keeps_alive_ || is_stopping_ || wire_->is_closed()) co_return false;
  co_return co_await body_.Drain(kDrainBytesMax);
}

Task<void> LiveExchange::RunBlocking(std::function<void()> work) {
  if (stop_) WatchPeer();
  asio::thread_pool& pool = is_question() ? server_.asking_pool : server_.working_pool;
  auto start = [&pool, work = std::move(work)](auto handler) mutable {
    const auto done = std::make_shared<decltype(handler)>(std::move(handler));
    asio::post(pool, [work = std::move(work), done]() mutable {
      std::exception_ptr failure;
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      work = nullptr;
      const auto executor = asio::get_associated_executor(*done);
      Insist(
          [&] { asio::post(executor, [done, failure]() mutable { std::move (*done)(failure); }); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      std::move(start), asio::use_awaitable);
}

}  // namespace verbatim::http
