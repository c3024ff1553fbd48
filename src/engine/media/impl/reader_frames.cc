#include "media/impl/reader_frames.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "media/impl/block_queue.h"
#include "media/impl/limits.h"
#include "sandbox/channel.h"
#include "sandbox/frame.h"

namespace verbatim::media {
namespace {

using sandbox::FrameReader;
using sandbox::FrameWriter;

enum Kind : uint8_t {
  kOrder = 1,
  kServed,
  kOpened,
  kDamage,
  kBlock,
  kWanted,
  kEnd,
  kFailed,
};

constexpr size_t kNameBytesMax = 300;
constexpr size_t kShortTextMax = 200;
constexpr size_t kMessageTextMax = 8000;  // one that lists the tracks
constexpr int64_t kTimeMax = int64_t{1} << 60;
constexpr uint64_t kIntMax = INT32_MAX;
constexpr uint64_t kOffsetMax = INT64_MAX;

static_assert(BlockQueue::kBlockSamples * sizeof(float) + 100 < sandbox::kMessageBytesMax);
static_assert(kServedBytesMax + 100 < sandbox::kMessageBytesMax);
static_assert(kTracksMax * (2 * kShortTextMax + 40) < sandbox::kMessageBytesMax);

// A size that may be unknown: 0, or 1 more than it is.
void WriteSize(FrameWriter& writer, std::optional<uint64_t> size) {
  writer.Number(size ? *size + 1 : 0);
}

std::optional<uint64_t> ReadSize(FrameReader& reader) {
  const uint64_t number = reader.Number(kOffsetMax + 1);
  return number == 0 ? std::nullopt : std::optional(number - 1);
}

int ReadInt(FrameReader& reader) { return static_cast<int>(reader.Number(kIntMax)); }

// Of an audio format, in which a broken file may claim what it likes.
void WriteInt(FrameWriter& writer, int number) {
  writer.Number(static_cast<uint64_t>(std::max(number, 0)));
}

SampleTime ReadTime(FrameReader& reader) {
  return SampleTime{static_cast<int64_t>(reader.Number(kTimeMax))};
}

std::string Write(const Opened& opened) {
  const MediaInfo& info = opened.info;
  FrameWriter writer(kOpened);
  writer.Text(info.container);
  writer.Number(info.size_bytes);
  writer.Signed(info.duration_estimate.count());
  WriteInt(writer, info.track);
  writer.Number(info.is_sequential ? 1 : 0);
  writer.Number(info.tracks.size());
  for (const AudioTrack& track : info.tracks) {
    writer.Text(track.codec);
    WriteInt(writer, track.sample_rate);
    WriteInt(writer, track.channel_count);
    writer.Text(track.language);
    writer.Number(track.is_default ? 1 : 0);
  }
  return writer.bytes();
}

Opened ReadOpened(FrameReader& reader) {
  MediaInfo info;
  info.container = reader.Text(kShortTextMax);
  info.size_bytes = reader.Number(kOffsetMax);
  info.duration_estimate =
      SampleTime{static_cast<int64_t>(reader.Number(static_cast<uint64_t>(kDurationMax.count())))};
  info.track = ReadInt(reader);
  info.is_sequential = reader.Number(1) == 1;
  const uint64_t count = reader.Number(kTracksMax);
  for (uint64_t i = 0; i < count; ++i) {
    AudioTrack track;
    track.index = static_cast<int>(i);
    track.codec = reader.Text(kShortTextMax);
    track.sample_rate = ReadInt(reader);
    track.channel_count = ReadInt(reader);
    track.language = reader.Text(kShortTextMax);
    track.is_default = reader.Number(1) == 1;
    info.tracks.push_back(std::move(track));
  }
  return {std::move(info)};
}

std::string Write(const NotedDamage& noted) {
  FrameWriter writer(kDamage);
  writer.Number(noted.index);
  writer.Signed(noted.damage.begin.count());
  writer.Signed(noted.damage.end.count());
  writer.Text(noted.damage.reason);
  return writer.bytes();
}

NotedDamage ReadDamage(FrameReader& reader) {
  NotedDamage noted;
  noted.index = reader.Number(kDamagesMax - 1);
  noted.damage.begin = ReadTime(reader);
  noted.damage.end = ReadTime(reader);
  noted.damage.reason = reader.Text(kShortTextMax);
  return noted;
}

std::string Write(const ReadBlock& read) {
  FrameWriter writer(kBlock);
  writer.Signed(read.block.begin.count());
  writer.Decimal(read.progress);
  writer.Floats(read.block.samples);
  return writer.bytes();
}

ReadBlock ReadOneBlock(FrameReader& reader) {
  ReadBlock read;
  read.block.begin = ReadTime(reader);
  read.progress = reader.Decimal();
  read.block.samples.resize(static_cast<size_t>(BlockQueue::kBlockSamples));
  read.block.samples.resize(reader.Floats(read.block.samples).size());
  return read;
}

std::string Write(const WantedBytes& wanted) {
  FrameWriter writer(kWanted);
  writer.Number(wanted.offset);
  writer.Number(wanted.count);
  return writer.bytes();
}

WantedBytes ReadWanted(FrameReader& reader) {
  WantedBytes wanted;
  wanted.offset = reader.Number(kOffsetMax);
  wanted.count = reader.Number(kServedBytesMax);
  return wanted;
}

std::string Write(const ReachedEnd&) { return FrameWriter(kEnd).bytes(); }

std::string Write(const Failed& failed) {
  FrameWriter writer(kFailed);
  writer.Number(static_cast<uint64_t>(failed.error.code));
  writer.Text(failed.error.message);
  return writer.bytes();
}

Failed ReadFailed(FrameReader& reader) {
  Failed failed;
  failed.error.code =
      static_cast<ErrorCode>(reader.Number(static_cast<uint64_t>(ErrorCode::kInternal)));
  failed.error.message = reader.Text(kMessageTextMax);
  return failed;
}

std::optional<ReaderFrame> ReadAnyFrame(FrameReader& reader) {
  switch (reader.kind()) {
    case kOpened: return ReadOpened(reader);
    case kDamage: return ReadDamage(reader);
    case kBlock: return ReadOneBlock(reader);
    case kWanted: return ReadWanted(reader);
    case kEnd: return ReachedEnd{};
    case kFailed: return ReadFailed(reader);
    default: return std::nullopt;
  }
}

// What a valid encoding may still say wrongly.
bool IsSound(const Opened& opened) { return opened.info.track < std::ssize(opened.info.tracks); }

bool IsSound(const NotedDamage& noted) { return noted.damage.begin < noted.damage.end; }

bool IsSound(const ReadBlock& read) {
  const auto is_sample = [](float sample) { return sample >= -1 && sample <= 1; };
  return !read.block.samples.empty() && read.progress >= 0 && read.progress <= 1 &&
         std::ranges::all_of(read.block.samples, is_sample);
}

bool IsSound(const WantedBytes& wanted) { return wanted.count > 0; }

bool IsSound(const ReachedEnd&) { return true; }

// Being stopped and given up are the parent's to know.
bool IsSound(const Failed& failed) {
  constexpr std::array kCodes = {ErrorCode::kUnsupportedMedia, ErrorCode::kCorruptMedia,
                                 ErrorCode::kInvalidArgument, ErrorCode::kIo, ErrorCode::kInternal};
  return std::ranges::find(kCodes, failed.error.code) != kCodes.end() &&
         !failed.error.message.empty();
}

}  // namespace

std::string Encode(const ReadingOrder& order) {
  FrameWriter writer(kOrder);
  writer.Text(order.name);
  WriteSize(writer, order.size_bytes);
  writer.Number(order.track ? 1 : 0);
  writer.Signed(order.track.value_or(0));
  writer.Number(order.access == AudioReaderOptions::Access::kSequential ? 1 : 0);
  return writer.bytes();
}

std::optional<ReadingOrder> DecodeReadingOrder(std::string_view bytes) {
  using Access = AudioReaderOptions::Access;
  FrameReader reader(bytes);
  ReadingOrder order;
  order.name = reader.Text(kNameBytesMax);
  order.size_bytes = ReadSize(reader);
  const bool has_track = reader.Number(1) == 1;
  const auto track = static_cast<int>(reader.Signed());
  if (has_track) order.track = track;
  order.access = reader.Number(1) == 1 ? Access::kSequential : Access::kSeekable;
  if (!reader.is_valid() || reader.kind() != kOrder) return std::nullopt;
  return order;
}

std::string Encode(const ServedBytes& served) {
  FrameWriter writer(kServed);
  WriteSize(writer, served.size_bytes);
  writer.Rest(served.bytes);
  return writer.bytes();
}

std::optional<ServedBytes> DecodeServedBytes(std::string_view bytes) {
  FrameReader reader(bytes);
  ServedBytes served;
  served.size_bytes = ReadSize(reader);
  served.bytes = reader.Rest();
  if (!reader.is_valid() || reader.kind() != kServed) return std::nullopt;
  return served;
}

std::string Encode(const ReaderFrame& frame) {
  return std::visit([](const auto& one) { return Write(one); }, frame);
}

std::optional<ReaderFrame> DecodeReaderFrame(std::string_view bytes) {
  FrameReader reader(bytes);
  std::optional<ReaderFrame> frame = ReadAnyFrame(reader);
  if (!frame || !reader.is_valid()) return std::nullopt;
  const bool is_sound = std::visit([](const auto& one) { return IsSound(one); }, *frame);
  return is_sound ? std::move(frame) : std::nullopt;
}

}  // namespace verbatim::media
