// A client that sends any bytes over the loopback device, right or wrong, whole or in pieces, and
// reads what comes back. Blocking, with a time-out.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace verbatim::tests {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class RawHttpClient {
 public:
  explicit RawHttpClient(uint16_t port, int timeout_s = 10, int receive_buffer = 0)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval timeout{timeout_s, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (receive_buffer > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawHttpClient() { Close(); }
  RawHttpClient(const RawHttpClient&) = delete;
  RawHttpClient& operator=(const RawHttpClient&) = delete;

  bool is_connected() const { return is_connected_; }
  int descriptor() const { return socket_; }

  // False: the server takes no more.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // More bytes into the buffer. False: none within the time-out, or the end.
  bool Receive() {
    char piece[16384];
    const ssize_t size = recv(socket_, piece, sizeof(piece), 0);
    is_at_end_ = size == 0 || (size < 0 && errno != EAGAIN);
    if (size <= 0) return false;
    buffer_.append(piece, static_cast<size_t>(size));
    return true;
  }

  // All until the server closes. is_at_end() tells whether it did.
  std::string ReceiveAll() {
    while (Receive()) {
    }
    return std::exchange(buffer_, {});
  }

  // Something has come already, if only the end.
  bool HasInput() {
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }

  bool is_at_end() const { return is_at_end_; }
  const std::string& buffer() const { return buffer_; }

  // Up to and with `end`; none if the connection ends before.
  std::optional<std::string> ReceiveUntil(std::string_view end) {
    size_t at = buffer_.find(end);
    while (at == std::string::npos) {
      if (!Receive()) return std::nullopt;
      at = buffer_.find(end);
    }
    return Take(at + end.size());
  }

  // The head alone: for streams.
  std::optional<RawResponse> ReceiveHead() {
    const std::optional<std::string> head = ReceiveUntil("\r\n\r\n");
    if (!head || !head->starts_with("HTTP/1.1 ")) return std::nullopt;
    RawResponse response;
    response.status = std::atoi(head->c_str() + 9);
    size_t begin = head->find("\r\n") + 2;
    while (begin + 2 < head->size()) {
      const size_t end = head->find("\r\n", begin);
      const std::string line = head->substr(begin, end - begin);
      const size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      response.headers[name] = line.substr(colon + 2);
      begin = end + 2;
    }
    return response;
  }

  // One response with its body. `method`: of the request.
  std::optional<RawResponse> ReceiveResponse(std::string_view method = "GET") {
    std::optional<RawResponse> response = ReceiveHead();
    if (!response || method == "HEAD") return response;
    if (response->headers.contains("content-length")) {
      const size_t size = std::stoull(response->headers["content-length"]);
      while (buffer_.size() < size) {
        if (!Receive()) return std::nullopt;
      }
      response->body = Take(size);
    } else if (response->headers.contains("transfer-encoding")) {
      while (true) {
        const std::optional<std::string> chunk = ReceiveChunk();
        if (!chunk) return std::nullopt;
        if (chunk->empty()) break;
        response->body += *chunk;
      }
    }
    return response;
  }

  // The next chunk of a stream; empty at its end.
  std::optional<std::string> ReceiveChunk() {
    const std::optional<std::string> line = ReceiveUntil("\r\n");
    if (!line) return std::nullopt;
    const size_t size = std::stoull(*line, nullptr, 16);
    while (buffer_.size() < size + 2) {
      if (!Receive()) return std::nullopt;
    }
    std::string chunk = Take(size + 2);
    chunk.resize(size);
    return chunk;
  }

  void EndSending() { shutdown(socket_, SHUT_WR); }

  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

 private:
  std::string Take(size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  int socket_;
  bool is_connected_ = false;
  bool is_at_end_ = false;
  std::string buffer_;
};

}  // namespace verbatim::tests
