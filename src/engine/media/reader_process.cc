#include "media/reader_process.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/byte_source.h"
#include "media/audio_reader.h"
#include "media/impl/reader_frames.h"

namespace verbatim::media {
namespace {

// The bytes of a file that the parent has. The begin of the file and what came with the last answer
// are kept, so that a few bytes here and there cost no question each.
class ServedSource final : public ByteSource {
 public:
  ServedSource(sandbox::Channel& channel, std::optional<uint64_t> size_bytes)
      : channel_(channel), size_bytes_(size_bytes) {}

  std::optional<uint64_t> size() const override { return size_bytes_; }
  uint64_t available() const override { return last_.end(); }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    if (size_bytes_ && offset >= *size_bytes_) return size_t{0};
    const Piece& piece = offset < head_.end() ? head_ : last_;
    if (offset < piece.begin || offset >= piece.end()) return Fetch(offset, into);
    return Copy(piece, offset, into);
  }

 private:
  struct Piece {
    uint64_t end() const { return begin + bytes.size(); }

    uint64_t begin = 0;
    std::string bytes;
  };

  static size_t Copy(const Piece& piece, uint64_t offset, std::span<char> into) {
    const std::string_view found = std::string_view(piece.bytes).substr(offset - piece.begin);
    const size_t count = std::min(found.size(), into.size());
    std::ranges::copy(found.substr(0, count), into.begin());
    return count;
  }

  Result<size_t> Fetch(uint64_t offset, std::span<char> into) {
    channel_.Send(Encode(WantedBytes{offset, kServedBytesMax}));
    const auto answer = channel_.Receive();
    const auto served = answer ? DecodeServedBytes(*answer) : std::nullopt;
    if (!served) return Fail(ErrorCode::kIo, "the file is no longer to be had");
    size_bytes_ = served->size_bytes;
    Piece& piece = offset == 0 ? head_ : last_;
    piece = {offset, std::string(served->bytes)};
    return Copy(piece, offset, into);
  }

  sandbox::Channel& channel_;
  std::optional<uint64_t> size_bytes_;
  Piece head_;
  Piece last_;
};

// Sends what changed in a list that only grows, at its end or in its last entry.
class DamageSender {
 public:
  bool Send(sandbox::Channel& channel, const std::vector<AudioReader::Damage>& damages) {
    size_t index = count_ == 0 ? 0 : count_ - 1;
    if (count_ > 0 && damages[index].end == last_end_) ++index;
    for (; index < damages.size(); ++index) {
      if (!channel.Send(Encode(NotedDamage{index, damages[index]}))) return false;
    }
    count_ = damages.size();
    if (count_ > 0) last_end_ = damages.back().end;
    return true;
  }

 private:
  size_t count_ = 0;  // that were sent
  SampleTime last_end_{0};
};

// All that the reader gives, until its end, its error, or the parent's.
Result<void> SendAll(sandbox::Channel& channel, AudioReader& reader) {
  DamageSender damages;
  while (std::optional<PcmBlock> block = TRY(reader.Next({}))) {
    if (!damages.Send(channel, reader.damages())) return {};
    if (!channel.Send(Encode(ReadBlock{*std::move(block), reader.progress()}))) return {};
  }
  if (damages.Send(channel, reader.damages())) channel.Send(Encode(ReachedEnd{}));
  return {};
}

Result<void> ReadFor(sandbox::Channel& channel, const ReadingOrder& order,
                     std::optional<int> input) {
  std::shared_ptr<ByteSource> source;
  if (input) {
    source = MakeFileSource(*input, order.size_bytes.value_or(0));
  } else {
    source = std::make_shared<ServedSource>(channel, order.size_bytes);
  }
  const auto reader = TRY(
      AudioReader::Open(source, order.name, {.track = order.track, .access = order.access}, {}));
  channel.Send(Encode(Opened{reader->info()}));
  return SendAll(channel, *reader);
}

}  // namespace

void ReadMedia(sandbox::Channel& channel, std::optional<int> input) {
  const auto message = channel.Receive();
  const auto order = message ? DecodeReadingOrder(*message) : std::nullopt;
  if (!order) return;
  if (const Result<void> read = ReadFor(channel, *order, input); !read) {
    channel.Send(Encode(Failed{read.error()}));
  }
}

}  // namespace verbatim::media
