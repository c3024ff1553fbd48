// One request and its answer, as a handler sees them: reads the body piece by piece, with
// back-pressure, and answers in one of three ways: whole, from a file, or as a stream. Handlers are
// coroutines on the server's threads; what may block (disk, database, waiting) goes through Offload
// or a Wakeup.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/byte_source.h"
#include "base/error.h"
#include "http/message.h"

namespace verbatim::http {

template <typename T>
using Task = boost::asio::awaitable<T>;

// Wakes one waiting handler from any thread. A notification that comes before the wait is kept.
class Wakeup {
 public:
  virtual ~Wakeup() = default;
  // Thread: any.
  virtual void Notify() = 0;
  // True: notified since the last wait. False: the time has passed, or the exchange is closed.
  virtual Task<bool> Wait(std::chrono::milliseconds timeout) = 0;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;

  // The part of the path that stands for {name} in the route's pattern. A CHECK that there is one.
  virtual std::string_view parameter(std::string_view name) const = 0;

  // Stopped when the peer is gone or the server stops: long work ends then.
  virtual std::stop_token stop() = 0;

  // The next bytes of the body; 0 at its end. The route's limit on the body holds.
  // Errors: kTooLarge (over the limit); kInvalidArgument (broken framing); kIo (the peer is gone or
  // too slow); kCancelled (the server stops, or an aborter was called). A handler may return then
  // without an answer: the server sends the one that fits, if anyone is there to read it.
  virtual Task<Result<size_t>> Read(std::span<char> into) = 0;

  // The whole body. Errors: as Read; kTooLarge over `size_max`.
  Task<Result<std::string>> ReadAll(size_t size_max);

  // Answers, once. The connection stays open if the request's body was read to its end, or if what
  // is left is small. A response to HEAD is sent without its body.
  // Errors: kIo if the peer is gone; kInternal if there is an answer already.
  virtual Task<Result<void>> Send(Response response) = 0;

  // Answers with [offset, offset + length) of a source, read on the blocking pool; waits for bytes
  // that are still being received.
  // Errors: kIo if the peer is gone; what the source fails with. If its first byte cannot be read,
  // nothing is answered yet.
  virtual Task<Result<void>> SendSource(Response head, std::shared_ptr<ByteSource> source,
                                        uint64_t offset, uint64_t length) = 0;

  // Answers in pieces of unknown number: Begin, Write ..., End. Each Write waits until the peer
  // takes the bytes; a peer that takes none for the write time-out is gone. A stream without End is
  // cut off. Errors of Write: kIo if the peer is gone; kCancelled if no body is wanted (HEAD).
  virtual Task<Result<void>> Begin(Response head) = 0;
  virtual Task<Result<void>> Write(std::string_view bytes) = 0;
  virtual Task<Result<void>> End() = 0;

  // What was answered so far.
  struct Answered {
    int status = 0;        // 0: nothing
    std::string location;  // the field Location
  };
  virtual const Answered& answered() const = 0;

  // For this exchange's handler to wait on.
  virtual std::shared_ptr<Wakeup> MakeWakeup() = 0;

  // Ends a Read in progress, or the next one, with kCancelled. Thread: any. For a second request
  // that takes over what this one holds.
  virtual std::function<void()> MakeAborter() = 0;

  // Ends the exchange in the middle of whatever it does, as if the peer had gone. Thread: any.
  virtual std::function<void()> MakeCloser() = 0;

  // Runs blocking work on the blocking pool and goes on with its result. Questions (GET, HEAD) have
  // a pool of their own.
  template <typename Work>
  Task<std::invoke_result_t<Work>> Offload(Work work) {
    std::optional<std::invoke_result_t<Work>> result;
    std::function<void()> job = [&result, &work] { result.emplace(work()); };
    co_await RunBlocking(std::move(job));
    co_return std::move(*result);
  }

 protected:
  virtual Task<void> RunBlocking(std::function<void()> work) = 0;

  // ReadAll found more than it may take: if the handler does not answer, the server says so.
  virtual void OnTooLarge() {}
};

}  // namespace verbatim::http
