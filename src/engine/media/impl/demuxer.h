// An opened container that gives the packets of one audio track. Video and everything else is
// skipped unread where the container allows it; no other file and no network is ever touched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/error.h"
#include "media/audio_reader.h"
#include "media/impl/file_input.h"
#include "media/impl/libav.h"

namespace verbatim::media {

class Demuxer {
 public:
  struct Packet {
    PacketHandle data;  // null: the container was unreadable here and went on behind
    std::optional<SampleTime>
        begin;  // its timestamp as a time of the product; none if it has none to be believed
    SampleTime length{0};  // 0 = unknown
  };

  // Errors: those of AudioReader::Open.
  static Result<std::unique_ptr<Demuxer>> Open(const std::filesystem::path& path,
                                               const AudioReaderOptions& options);

  const MediaInfo& info() const { return info_; }
  const AVStream& stream() const { return *stream_; }

  // The next packet, or nothing at the end.
  // Errors: kIo, kCancelled, kUnsupportedMedia (the packet is encrypted).
  Result<std::optional<Packet>> Next(std::stop_token stop);

  // A timestamp of the stream as a time of the product; none if it is missing or out of any range.
  std::optional<SampleTime> Time(int64_t timestamp) const;

  // Where the track's sound should end by what the container says of this track; none if it says
  // nothing, or nothing that its size can bear out.
  std::optional<SampleTime> ClaimedEnd() const;

  // No timestamp may lead to silence beyond this time.
  SampleTime silence_end_max() const;

  // True for transport and program streams, in which timestamps may start anew anywhere.
  bool joins_recordings() const;

  // Share of the bytes read, 0..1.
  double byte_share() const;

 private:
  Demuxer() = default;

  static Result<std::unique_ptr<Demuxer>> OpenAs(const AVInputFormat* format,
                                                 const std::filesystem::path& path,
                                                 const AudioReaderOptions& options);
  Result<void> OpenContainer(const AVInputFormat* format);
  Result<void> SelectTrack(const AudioReaderOptions& options);
  Result<std::optional<Packet>> ReadPacket();
  Result<bool> GoOnAfter(int code);
  void DiscardOtherStreams();
  bool IsPlausible(SampleTime duration) const;
  std::optional<SampleTime> RiffEnd() const;

  std::unique_ptr<FileInput> input_;  // outlives the container, which reads through it
  FormatHandle container_;
  AVStream* stream_ = nullptr;
  MediaInfo info_;
  int64_t origin_us_ = 0;  // the container's timestamp of time 0
  unsigned streams_seen_ = 0;
  int errors_in_row_ = 0;
  bool is_primed_ = false;
  std::optional<Packet> ahead_;  // one packet is read ahead, to tell stray timestamps
  std::optional<SampleTime> last_begin_;
};

}  // namespace verbatim::media
