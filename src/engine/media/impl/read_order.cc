#include "media/impl/read_order.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

#include "media/impl/source_input.h"

namespace verbatim::media {
namespace {

// Demuxers that need nothing from behind to read what is in front. Not among them: AVI and ASF
// (index and length at the end), program streams (their sound may begin late), FLV.
constexpr std::string_view kSequentialFormats[] = {
    "wav",    "w64", "mp3", "flac", "ogg", "matroska,webm",
    "mpegts", "aac", "ac3", "eac3", "amr", "au",
};

constexpr int kBoxesMax = 10'000;
constexpr size_t kBoxHeadBytes = 16;

// One box of an MP4. Source: ISO/IEC 14496-12, section 4.2.
struct Box {
  std::string_view type() const { return {type_letters.data(), type_letters.size()}; }

  std::array<char, 4> type_letters{};
  uint64_t content = 0;  // offset in the file
  uint64_t end = 0;
};

uint64_t BigEndian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

// None at the end and where no box can be.
Result<std::optional<Box>> ReadBox(ByteSource& source, uint64_t begin,
                                   const std::stop_token& stop) {
  std::array<char, kBoxHeadBytes> bytes{};
  const size_t count = TRY(ReadFully(source, begin, bytes, stop));
  const std::string_view head(bytes.data(), count);
  if (head.size() < 8) return std::nullopt;
  uint64_t size = BigEndian(head.substr(0, 4));
  uint64_t head_size = 8;
  if (size == 1) {
    if (head.size() < kBoxHeadBytes) return std::nullopt;
    size = BigEndian(head.substr(8, 8));
    head_size = kBoxHeadBytes;
  }
  Box box;
  std::ranges::copy(head.substr(4, 4), box.type_letters.begin());
  box.content = begin + head_size;
  if (size == 0) {  // up to the end of the file
    box.end = std::numeric_limits<int64_t>::max();
  } else if (size < head_size || __builtin_add_overflow(begin, size, &box.end) ||
             box.end > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return box;
}

// The first box of one of these types among those that follow each other from `begin` to `end`.
Result<std::optional<Box>> FindBox(ByteSource& source, Box around,
                                   std::initializer_list<std::string_view> types,
                                   const std::stop_token& stop) {
  uint64_t begin = around.content;
  for (int i = 0; i < kBoxesMax && begin < around.end; ++i) {
    const auto box = TRY(ReadBox(source, begin, stop));
    if (!box || std::ranges::find(types, box->type()) != types.end()) return box;
    begin = box->end;
  }
  return std::nullopt;
}

// MP4 with its index in front, whole or in fragments.
Result<ReadOrder> FindOrderOfBoxes(ByteSource& source, const std::stop_token& stop) {
  const Box whole{.end = std::numeric_limits<int64_t>::max()};
  const auto first = TRY(FindBox(source, whole, {"moov", "mdat", "moof"}, stop));
  if (!first || first->type() != "moov") return ReadOrder::kSeekable;
  const auto extends = TRY(FindBox(source, *first, {"mvex"}, stop));
  return extends ? ReadOrder::kSequentialFragments : ReadOrder::kSequential;
}

}  // namespace

Result<ReadOrder> FindReadOrder(const AVInputFormat& format, ByteSource& source,
                                const std::stop_token& stop) {
  const std::string_view name = format.name;
  const bool has_boxes = name.starts_with("mov,");
  if (!has_boxes && std::ranges::find(kSequentialFormats, name) == std::end(kSequentialFormats)) {
    return ReadOrder::kSeekable;
  }
  char byte = 0;
  if (TRY(source.ReadAt(kSmallFileBytes, {&byte, 1}, stop)) == 0) return ReadOrder::kSeekable;
  return has_boxes ? FindOrderOfBoxes(source, stop) : ReadOrder::kSequential;
}

}  // namespace verbatim::media
