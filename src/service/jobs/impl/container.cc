#include "jobs/impl/container.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace verbatim::jobs {
namespace {

using namespace std::string_view_literals;

constexpr size_t kHeadBytes = 1024;
constexpr int kBoxesMax = 64;  // before the index of an MP4; a sane file has three
constexpr size_t kPacketBytes = 188;

// Up to `count` bytes that are there already.
Result<std::string> Peek(ByteSource& source, uint64_t offset, size_t count,
                         const std::stop_token& stop) {
  const uint64_t available = source.available();
  if (offset >= available) return std::string();
  std::string bytes(static_cast<size_t>(std::min<uint64_t>(count, available - offset)), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const size_t got = TRY(source.ReadAt(offset + done, std::span(bytes).subspan(done), stop));
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// A frame's head: eleven ones, then version, layer, bit rate and sampling rate, none of them the
// value that is forbidden. Source: ISO 11172-3, 2.4.1.3; for AAC, ISO 13818-7, 6.2.
bool IsAudioFrame(std::string_view head) {
  const auto first = static_cast<unsigned char>(head[0]);
  const auto second = static_cast<unsigned char>(head[1]);
  const auto third = static_cast<unsigned char>(head[2]);
  if (first != 0xFF) return false;
  if ((second & 0xF6) == 0xF0) return (third & 0x3C) != 0x3C;  // AAC in ADTS
  return (second & 0xE0) == 0xE0 && (second & 0x18) != 0x08 && (second & 0x06) != 0 &&
         (third & 0xF0) != 0xF0 && (third & 0x0C) != 0x0C;
}

bool IsTransportStream(std::string_view head) {
  for (size_t at = 0; at < 4 * kPacketBytes; at += kPacketBytes) {
    if (head.size() <= at || head[at] != 0x47) return false;
  }
  return true;
}

bool IsMp4(std::string_view head) {
  constexpr std::array kTypes = {"ftyp"sv, "moov"sv, "mdat"sv, "free"sv,
                                 "skip"sv, "wide"sv, "pnot"sv, "styp"sv};
  return std::ranges::find(kTypes, head.substr(4, 4)) != kTypes.end();
}

// In order if the index (moov) comes before the media (mdat), as in fragmented files too.
Result<ReadingOrder> OrderOfMp4(ByteSource& source, const std::stop_token& stop) {
  uint64_t offset = 0;
  for (int box = 0; box < kBoxesMax; ++box) {
    const std::string header = TRY(Peek(source, offset, 16, stop));
    if (header.size() < 16) return ReadingOrder::kUnknown;
    const std::string_view type = std::string_view(header).substr(4, 4);
    if (type == "moov") return ReadingOrder::kInOrder;
    if (type == "mdat") return ReadingOrder::kNeedsWhole;
    uint64_t size = BigEndian(std::string_view(header).substr(0, 4));
    if (size == 1) size = BigEndian(std::string_view(header).substr(8, 8));
    if (size < 8 || size > UINT64_MAX - offset) return ReadingOrder::kNeedsWhole;
    offset += size;
  }
  return ReadingOrder::kNeedsWhole;
}

}  // namespace

Result<ReadingOrder> FindReadingOrder(ByteSource& source, const std::stop_token& stop) {
  const std::string head = TRY(Peek(source, 0, kHeadBytes, stop));
  if (head.size() < kHeadBytes) return ReadingOrder::kUnknown;
  const std::string_view view = head;
  for (const std::string_view magic :
       {"fLaC"sv, "OggS"sv, "ID3"sv, "\x1A\x45\xDF\xA3"sv, "RF64"sv}) {
    if (view.starts_with(magic)) return ReadingOrder::kInOrder;
  }
  if (view.starts_with("RIFF") && view.substr(8, 4) == "WAVE") return ReadingOrder::kInOrder;
  if (IsAudioFrame(view) || IsTransportStream(view)) return ReadingOrder::kInOrder;
  if (IsMp4(view)) return OrderOfMp4(source, stop);
  return ReadingOrder::kNeedsWhole;
}

}  // namespace verbatim::jobs
