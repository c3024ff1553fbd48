// An opened container that gives the packets of one audio track. Video and everything else is
// skipped unread where the container allows it; no other file and no network is ever touched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/byte_source.h"
#include "base/error.h"
#include "media/audio_reader.h"
#include "media/impl/libav.h"
#include "media/impl/read_order.h"
#include "media/impl/source_input.h"

namespace verbatim::media {

class Demuxer {
 public:
  struct Packet {
    PacketHandle data;  // null: the container was unreadable here and went on behind
    std::optional<SampleTime>
        begin;  // its timestamp as a time of the product; none if it has none to be believed
    SampleTime length{0};  // 0 = unknown
  };

  // `name`: its ending helps where the content alone does not say what it is.
  // Errors: those of AudioReader::Open.
  static Result<std::unique_ptr<Demuxer>> Open(const std::shared_ptr<ByteSource>& source,
                                               const std::string& name,
                                               const AudioReaderOptions& options,
                                               const std::stop_token& stop);

  const MediaInfo& info() const { return info_; }
  const AVStream& stream() const { return *stream_; }

  // The next packet, or nothing at the end.
  // Errors: those of ByteSource::ReadAt; kUnsupportedMedia (the packet is encrypted).
  Result<std::optional<Packet>> Next(std::stop_token stop);

  // A timestamp of the stream as a time of the product; none if it is missing or out of any range.
  std::optional<SampleTime> Time(int64_t timestamp) const;

  // Where the track's sound should end by what the container says of this track; none if it says
  // nothing, or nothing that its size can bear out.
  std::optional<SampleTime> ClaimedEnd() const;

  // No timestamp of the packets so far may lead to silence beyond this time.
  SampleTime silence_end_max() const;

  // True for transport and program streams, in which timestamps may start anew anywhere.
  bool joins_recordings() const;

  // Share of the bytes read, 0..1; 0 while it is unknown how many there are.
  double byte_share() const;

 private:
  Demuxer(ReadOrder order, std::unique_ptr<SourceInput> input)
      : order_(order), input_(std::move(input)) {}

  struct Request;
  static Result<std::unique_ptr<Demuxer>> OpenAs(const AVInputFormat& format,
                                                 const Request& request);
  static Result<std::unique_ptr<Demuxer>> OpenInOrder(ReadOrder order, const AVInputFormat& format,
                                                      const Request& request);
  Result<void> OpenContainer(const AVInputFormat& format);
  Result<void> SelectTrack(const AudioReaderOptions& options);
  Result<std::optional<Packet>> ReadPacket();
  Result<bool> GoOnAfter(int code);
  void DiscardOtherStreams();
  SampleTime ClaimedDuration() const;
  SampleTime DurationByRate() const;
  bool IsPlausible(SampleTime duration) const;
  std::optional<SampleTime> RiffEnd() const;

  ReadOrder order_;
  std::unique_ptr<SourceInput> input_;  // outlives the container, which reads through it
  FormatHandle container_;
  AVStream* stream_ = nullptr;
  MediaInfo info_;
  int64_t origin_us_ = 0;      // the container's timestamp of time 0
  uint64_t packet_bytes_ = 0;  // the offset of the last packet
  unsigned streams_seen_ = 0;
  int errors_in_row_ = 0;
  bool is_primed_ = false;
  std::optional<Packet> ahead_;  // one packet is read ahead, to tell stray timestamps
  std::optional<SampleTime> last_begin_;
};

}  // namespace verbatim::media
