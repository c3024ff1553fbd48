// The exchange that a handler works with, on a connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/impl/body_reader.h"
#include "http/impl/doorbell.h"
#include "http/impl/request_head.h"
#include "http/impl/response_head.h"
#include "http/impl/router.h"
#include "http/impl/server_state.h"
#include "http/impl/wire.h"

namespace verbatim::http {

// A body of this size that no one wanted is dropped, so that the connection can go on.
inline constexpr uint64_t kDrainBytesMax = 65536;

// Thread: the connection's strand.
class LiveExchange final : public Exchange {
 public:
  LiveExchange(ServerState& server, std::shared_ptr<Wire> wire, RequestHead head);
  ~LiveExchange() override;
  LiveExchange(const LiveExchange&) = delete;
  LiveExchange& operator=(const LiveExchange&) = delete;

  const Request& request() const override { return head_.request; }
  std::string_view parameter(std::string_view name) const override;
  std::stop_token stop() override;
  Task<Result<size_t>> Read(std::span<char> into) override;
  Task<Result<void>> Send(Response response) override;
  Task<Result<void>> SendSource(Response head, std::shared_ptr<ByteSource> source, uint64_t offset,
                                uint64_t length) override;
  Task<Result<void>> Begin(Response head) override;
  Task<Result<void>> Write(std::string_view bytes) override;
  Task<Result<void>> End() override;
  std::shared_ptr<Wakeup> MakeWakeup() override;
  const Answered& answered() const override { return answered_; }
  std::function<void()> MakeAborter() override;
  std::function<void()> MakeCloser() override;

  // For the connection.

  const Router::Match& match() const { return match_; }

  // Answers what no handler needs to see.
  Task<void> Refuse(Refusal refusal);

  // Prepares the body for the handler. False: it was refused.
  Task<bool> Admit();

  // Answers in place of a handler that did not, or did not end its stream; with `otherwise` where
  // there is no better reason.
  Task<void> Finish(Refusal otherwise);

  // Reads what is left of the body. True: another request may follow.
  Task<bool> CanGoOn();

  // The peer may still be sending; closing at once could take the answer from it.
  bool has_unread_body() const { return !body_.at_end() && !wire_->is_closed(); }

  // The server stops: ends waits and reads.
  void OnStop();

  int status() const { return answered_.status; }

 protected:
  Task<void> RunBlocking(std::function<void()> work) override;
  void OnTooLarge() override { is_too_large_ = true; }

 private:
  enum class Phase { kUnanswered, kStreaming, kDone };

  bool is_head_request() const { return head_.request.method == "HEAD"; }
  bool is_question() const { return is_head_request() || head_.request.method == "GET"; }
  Result<std::string> StartAnswer(const Response& response, BodyFraming body, uint64_t length);
  Task<Result<void>> SendBytes(std::string_view head, std::string_view body);
  Task<Result<void>> SendRange(ByteSource& source, std::string head, uint64_t offset,
                               uint64_t length);
  Task<Result<size_t>> ReadSource(ByteSource& source, uint64_t offset, std::span<char> into);
  Failure Break(WireError error);
  void WatchPeer();
  void OnGone();
  const std::shared_ptr<Doorbell>& doorbell();

  ServerState& server_;
  std::shared_ptr<Wire> wire_;
  RequestHead head_;
  Router::Match match_;
  BodyReader body_;

  Phase phase_ = Phase::kUnanswered;
  Answered answered_;
  bool keeps_alive_ = true;
  bool is_chunked_ = false;    // the answer
  bool is_too_large_ = false;  // the request's body, for this handler
  bool is_aborted_ = false;
  bool is_gone_ = false;
  bool is_stopping_ = false;

  // Made when first asked for: most exchanges need neither.
  std::optional<std::stop_source> stop_;
  std::shared_ptr<Doorbell> doorbell_;
};

}  // namespace verbatim::http
