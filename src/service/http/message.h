// Requests and responses of HTTP/1.1 as values (RFC 9110, RFC 9112). Nothing here reads a socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace verbatim::http {

// Compares names of fields and other words of the protocol: ASCII letters alike in either case.
bool SameWord(std::string_view a, std::string_view b);

// Fields in the order they came. Names compare without regard to case.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  // The value of the only field of this name; none if there is none, or more than one.
  std::optional<std::string_view> Find(std::string_view name) const;
  size_t Count(std::string_view name) const;

  // Appends a field.
  void Add(std::string name, std::string value);
  // Replaces all fields of this name.
  void Set(std::string_view name, std::string value);
  void Remove(std::string_view name);

  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// What a client asks for, without the body. Checked by the framing guard: whatever reaches a
// handler is unambiguous.
struct Request {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent, origin form
  std::string path;    // decoded, without "." and ".." segments, starts with '/'
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  Headers headers;
  std::optional<uint64_t> content_length;  // none: chunked, or no body
  bool is_chunked = false;
  std::string remote_address;  // of the peer, without port
  bool is_encrypted = false;   // came over TLS

  bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
  // The first of this name.
  std::optional<std::string_view> Query(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;  // without Content-Length, Connection and Date, which the server sets
  std::string body;
};

// A response with a body of this type.
Response MakeResponse(int status, std::string_view content_type, std::string body);

// "Not Found" for 404.
std::string_view ReasonPhrase(int status);

}  // namespace verbatim::http
