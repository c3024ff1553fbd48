// The messages between an AudioReader in a process of its own and the one that it reads for. The
// parent decodes what a hostile process may have sent: every value is checked here, and what does
// not follow from a message alone is checked by who receives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "media/audio_reader.h"

namespace verbatim::media {

// Bytes of a file in one message.
inline constexpr size_t kServedBytesMax = 64 << 10;

// From the parent: what to read. The first message.
struct ReadingOrder {
  std::string name;  // in ASCII
  std::optional<uint64_t> size_bytes;
  std::optional<int> track;
  AudioReaderOptions::Access access = AudioReaderOptions::Access::kSequential;
};
std::string Encode(const ReadingOrder& order);
std::optional<ReadingOrder> DecodeReadingOrder(std::string_view bytes);

// From the parent: the answer to WantedBytes. None at the end of the file.
struct ServedBytes {
  std::optional<uint64_t> size_bytes;  // of the file, as known by now
  std::string_view bytes;
};
std::string Encode(const ServedBytes& served);
std::optional<ServedBytes> DecodeServedBytes(std::string_view bytes);

// From the process: the file is open. Once, before all that follows.
struct Opened {
  MediaInfo info;
};
// The entry `index` of damages(), which is new or the last one, longer than before.
struct NotedDamage {
  size_t index = 0;
  AudioReader::Damage damage;
};
struct ReadBlock {
  PcmBlock block;
  double progress = 0;
};
struct WantedBytes {
  uint64_t offset = 0;
  size_t count = 0;
};
// After the last block.
struct ReachedEnd {};
// Instead of all that would follow.
struct Failed {
  Error error;
};
using ReaderFrame = std::variant<Opened, NotedDamage, ReadBlock, WantedBytes, ReachedEnd, Failed>;

std::string Encode(const ReaderFrame& frame);

// None: no honest reader sends such a message.
std::optional<ReaderFrame> DecodeReaderFrame(std::string_view bytes);

}  // namespace verbatim::media
