#include "http/framing_guard.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

namespace verbatim::http {
namespace {

constexpr size_t kMethodSizeMax = 32;
constexpr std::string_view kVersionShape = "HTTP/0.0";  // 0: any digit
constexpr int kChunkDigitsMax = 16;
constexpr int kLengthDigitsMax = 18;  // fits a signed 64-bit number

std::unexpected<Refusal> Refuse(int status, std::string_view detail) {
  return std::unexpected(Refusal{status, detail});
}

bool IsDigit(unsigned char byte) { return byte >= '0' && byte <= '9'; }

bool IsLetter(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool IsTokenByte(unsigned char byte) {
  return IsDigit(byte) || IsLetter(byte) ||
         std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(byte));
}

bool IsVisible(unsigned char byte) { return byte > 0x20 && byte < 0x7F; }

bool IsValueByte(unsigned char byte) {
  return IsVisible(byte) || byte == ' ' || byte == '\t' || byte >= 0x80;
}

// Some programs behind proxies take '_' and '-' for the same.
bool LooksLike(std::string_view name, std::string_view field) {
  std::string dashed(name);
  std::ranges::replace(dashed, '_', '-');
  return SameWord(dashed, field);
}

Checked<uint64_t> ReadLength(std::string_view text) {
  const bool is_number = !text.empty() && text.size() <= kLengthDigitsMax &&
                         std::ranges::all_of(text, IsDigit) && (text == "0" || text[0] != '0');
  if (!is_number) return Refuse(400, "Content-Length is not a plain number.");
  uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

bool IsHostByte(unsigned char byte) {
  return IsDigit(byte) || IsLetter(byte) ||
         std::string_view("-._~:[]").contains(static_cast<char>(byte));
}

// A name or an address, then ":port" perhaps. Exact enough that no one can hide a path, a user name
// or a second host in it.
bool IsHost(std::string_view host) {
  if (host.empty() || !std::ranges::all_of(host, IsHostByte)) return false;
  if (host.front() == '[') {
    const size_t end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view address = host.substr(1, end - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos ||
        !address.contains(':')) {
      return false;
    }
    host.remove_prefix(end + 1);
    if (host.empty()) return true;
  } else {
    const size_t end = host.find(':');
    if (host.substr(0, end).empty()) return false;
    if (host.find_first_of("[]") != std::string_view::npos) return false;
    if (end == std::string_view::npos) return true;
    host.remove_prefix(end);
  }
  return host.front() == ':' && host.size() <= 6 && std::ranges::all_of(host.substr(1), IsDigit);
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

Checked<bool> HeadGuard::Take(std::string_view bytes) {
  for (const char byte : bytes) {
    if (size_ == limits_.bytes_max) return std::unexpected(TooLong());
    ++size_;
    const Checked<void> taken = TakeByte(static_cast<unsigned char>(byte));
    if (!taken) return std::unexpected(taken.error());
    if (place_ == Place::kEnd) return true;
  }
  return false;
}

Refusal HeadGuard::TooLong() const {
  if (place_ == Place::kTarget) return {414, "The request's target is too long."};
  return {431, "The request's header is too long."};
}

Checked<void> HeadGuard::TakeByte(unsigned char byte) {
  switch (place_) {
    case Place::kMethod:
    case Place::kTarget: return TakeRequestLine(byte);
    case Place::kVersion: return TakeVersion(byte);
    case Place::kFieldStart: return StartField(byte);
    case Place::kFieldName:
    case Place::kFieldValue: return TakeField(byte);
    case Place::kLineFeed:
    case Place::kLastLineFeed:
      if (byte != '\n') return Refuse(400, "A line ends with CR alone.");
      place_ = place_ == Place::kLineFeed ? Place::kFieldStart : Place::kEnd;
      return {};
    case Place::kEnd: break;
  }
  return Refuse(400, "The request's header has ended already.");
}

Checked<void> HeadGuard::TakeRequestLine(unsigned char byte) {
  const bool is_method = place_ == Place::kMethod;
  if (byte == ' ' && part_size_ > 0) {
    place_ = is_method ? Place::kTarget : Place::kVersion;
    part_size_ = 0;
    return {};
  }
  ++part_size_;
  if (is_method && (!IsTokenByte(byte) || part_size_ > kMethodSizeMax)) {
    return Refuse(400, "The request's method is not a word.");
  }
  if (!is_method && !IsVisible(byte)) {
    return Refuse(400, "The request's target has a byte that must be percent-encoded.");
  }
  return {};
}

Checked<void> HeadGuard::TakeVersion(unsigned char byte) {
  if (part_size_ < kVersionShape.size()) {
    const char shape = kVersionShape[part_size_];
    const bool fits = shape == '0' ? IsDigit(byte) : byte == static_cast<unsigned char>(shape);
    if (!fits) return Refuse(400, "The request line does not end with a version of HTTP.");
    version_[part_size_++] = static_cast<char>(byte);
    return {};
  }
  if (byte != '\r') return Refuse(400, "The request line does not end after its version.");
  if (version_[5] != '1' || version_[7] > '1') {
    return Refuse(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
  }
  place_ = Place::kLineFeed;
  return {};
}

Checked<void> HeadGuard::StartField(unsigned char byte) {
  if (byte == '\r') {
    place_ = Place::kLastLineFeed;
    return {};
  }
  if (byte == ' ' || byte == '\t') return Refuse(400, "A header field goes on in a second line.");
  if (!IsTokenByte(byte)) return Refuse(400, "A header field's name is not a word.");
  if (++field_count_ > limits_.fields_max) return Refuse(431, "There are too many header fields.");
  place_ = Place::kFieldName;
  return {};
}

Checked<void> HeadGuard::TakeField(unsigned char byte) {
  if (place_ == Place::kFieldName) {
    if (byte == ':') {
      place_ = Place::kFieldValue;
    } else if (!IsTokenByte(byte)) {
      return Refuse(400, "A header field's name is not a word.");
    }
    return {};
  }
  if (byte == '\r') {
    place_ = Place::kLineFeed;
  } else if (!IsValueByte(byte)) {
    return Refuse(400, "A header field's value has a control character.");
  }
  return {};
}

Checked<Framing> CheckFraming(Version version, const Headers& headers) {
  Framing framing;
  std::string_view coding;
  std::string_view host;
  size_t codings = 0;
  size_t lengths = 0;
  size_t hosts = 0;
  size_t expectations = 0;
  for (const auto& [name, value] : headers.fields()) {
    if (LooksLike(name, "Transfer-Encoding")) {
      if (name.contains('_')) return Refuse(400, "Transfer_Encoding is not Transfer-Encoding.");
      ++codings;
      coding = value;
    } else if (LooksLike(name, "Content-Length")) {
      if (name.contains('_')) return Refuse(400, "Content_Length is not Content-Length.");
      ++lengths;
      const Checked<uint64_t> length = ReadLength(value);
      if (!length) return std::unexpected(length.error());
      framing.content_length = *length;
    } else if (SameWord(name, "Host")) {
      ++hosts;
      host = value;
    } else if (SameWord(name, "Expect")) {
      ++expectations;
      if (!SameWord(value, "100-continue")) return Refuse(417, "This expectation cannot be met.");
    }
  }
  if (lengths > 1) return Refuse(400, "There is more than one Content-Length.");
  if (codings > 0) {
    if (lengths > 0) return Refuse(400, "Transfer-Encoding and Content-Length exclude each other.");
    if (version == Version::k10) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
    if (codings > 1 || !SameWord(coding, "chunked")) {
      return Refuse(400, "The only Transfer-Encoding taken is one \"chunked\".");
    }
    framing.is_chunked = true;
  }
  if (hosts > 1 || (hosts == 0 && version == Version::k11)) {
    return Refuse(400, "There must be exactly one Host.");
  }
  if (hosts == 1 && !IsHost(host)) return Refuse(400, "Host is not a name with a port.");
  framing.expects_continue = expectations > 0 && version == Version::k11;
  return framing;
}

Checked<ChunkGuard::Step> ChunkGuard::Decode(std::string_view in, std::span<char> out) {
  Step step;
  while (step.taken < in.size() && place_ != Place::kEnd) {
    if (place_ != Place::kData) {
      const Checked<void> taken = TakeByte(in[step.taken]);
      if (!taken) return std::unexpected(taken.error());
      ++step.taken;
      continue;
    }
    const size_t room = std::min(in.size() - step.taken, out.size() - step.written);
    if (room == 0) break;
    const size_t size = static_cast<size_t>(std::min<uint64_t>(room, left_));
    std::memcpy(out.data() + step.written, in.data() + step.taken, size);
    step.taken += size;
    step.written += size;
    left_ -= size;
    if (left_ == 0) place_ = Place::kDataReturn;
  }
  return step;
}

Checked<void> ChunkGuard::TakeByte(char byte) {
  const auto expect = [&](char wanted, Place next) -> Checked<void> {
    if (byte != wanted) return Refuse(400, "The body's chunks are broken.");
    place_ = next;
    return {};
  };
  switch (place_) {
    case Place::kSize: {
      if (byte == '\r' && digit_count_ > 0) {
        place_ = Place::kSizeLineFeed;
        return {};
      }
      if (byte == ';') return Refuse(400, "Chunk extensions are not taken.");
      const int value = HexValue(byte);
      if (value < 0 || ++digit_count_ > kChunkDigitsMax || left_ >> 59 != 0) {
        return Refuse(400, "A chunk's size is not a number.");
      }
      left_ = left_ * 16 + static_cast<uint64_t>(value);
      return {};
    }
    case Place::kSizeLineFeed:
      digit_count_ = 0;
      return expect('\n', left_ > 0 ? Place::kData : Place::kLastReturn);
    case Place::kDataReturn: return expect('\r', Place::kDataLineFeed);
    case Place::kDataLineFeed: return expect('\n', Place::kSize);
    case Place::kLastReturn:
      if (byte != '\r') return Refuse(400, "Fields after the body are not taken.");
      return expect('\r', Place::kLastLineFeed);
    case Place::kLastLineFeed: return expect('\n', Place::kEnd);
    case Place::kData:
    case Place::kEnd: break;
  }
  return Refuse(400, "The body's chunks are broken.");
}

}  // namespace verbatim::http
