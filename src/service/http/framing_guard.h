// Refuses requests whose framing could be understood in more than one way, before any parser sees
// them: a proxy in front and this server must never disagree where a request ends. HeadGuard checks
// the bytes of a head one by one, CheckFraming its fields, ChunkGuard a chunked body. All are pure:
// nothing here reads a socket. Stricter than the RFC wherever real clients allow it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "http/message.h"

namespace verbatim::http {

// Why a request is refused.
struct Refusal {
  int status = 400;
  std::string_view detail;  // a sentence for the client; lives forever
};

template <typename T>
using Checked = std::expected<T, Refusal>;

enum class Version { k10, k11 };

struct HeadLimits {
  size_t bytes_max = 8192;
  size_t fields_max = 100;
};

// Finds where the head of a request ends. Lets through only: a method, a visible target without
// spaces, "HTTP/1.0" or "HTTP/1.1", fields "name:value" of one line each, all ended by CR LF.
// Source: RFC 9112, sections 2 to 5.
class HeadGuard {
 public:
  explicit HeadGuard(HeadLimits limits) : limits_(limits) {}

  // Takes the next bytes. True: the head ended within them, size() bytes after its first.
  Checked<bool> Take(std::string_view bytes);

  size_t size() const { return size_; }

 private:
  enum class Place {
    kMethod,
    kTarget,
    kVersion,
    kLineFeed,
    kFieldStart,
    kFieldName,
    kFieldValue,
    kLastLineFeed,
    kEnd
  };

  Checked<void> TakeByte(unsigned char byte);
  Checked<void> TakeRequestLine(unsigned char byte);
  Checked<void> TakeVersion(unsigned char byte);
  Checked<void> TakeField(unsigned char byte);
  Checked<void> StartField(unsigned char byte);
  Refusal TooLong() const;

  HeadLimits limits_;
  Place place_ = Place::kMethod;
  size_t size_ = 0;
  size_t part_size_ = 0;  // of the method, the target or the version so far
  size_t field_count_ = 0;
  char version_[8] = {};
};

// How a request's body is framed.
struct Framing {
  std::optional<uint64_t> content_length;
  bool is_chunked = false;
  bool expects_continue = false;
};

// Source: RFC 9112, sections 3.2 and 6; RFC 9110, section 10.1.1.
Checked<Framing> CheckFraming(Version version, const Headers& headers);

// Decodes a chunked body, without extensions and without trailers.
// Source: RFC 9112, section 7.1.
class ChunkGuard {
 public:
  struct Step {
    size_t taken = 0;    // bytes of the input
    size_t written = 0;  // bytes of data
  };

  // Decodes as much as both spans allow.
  Checked<Step> Decode(std::string_view in, std::span<char> out);

  // All of the body has been taken.
  bool at_end() const { return place_ == Place::kEnd; }

 private:
  enum class Place {
    kSize,
    kSizeLineFeed,
    kData,
    kDataReturn,
    kDataLineFeed,
    kLastReturn,
    kLastLineFeed,
    kEnd
  };

  Checked<void> TakeByte(char byte);

  Place place_ = Place::kSize;
  uint64_t left_ = 0;  // of the chunk
  int digit_count_ = 0;
};

}  // namespace verbatim::http
