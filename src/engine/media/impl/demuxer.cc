#include "media/impl/demuxer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>

#include "media/impl/allowed_formats.h"
#include "media/impl/limits.h"
#include "media/impl/local_file.h"
#include "media/impl/timeline.h"
#include "media/impl/tracks.h"

namespace verbatim::media {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int64_t kProbeBytes = 5 << 20;
constexpr int64_t kProbeBytesHeaderless = 16 << 20;  // tracks of a transport stream may begin late
constexpr SampleTime kUnclaimedSilenceMax = hours(24);
constexpr uint64_t kBytesPerSecondMin = 8;             // below, a claimed duration is nonsense
constexpr uint64_t kUnclaimedBytesPerSecondMin = 100;  // the thinnest speech codecs have 300
constexpr SampleTime kSilenceAlwaysFree = hours(2);    // a recording of someone who keeps silent
constexpr int kErrorsInRowMax = 200;
constexpr int64_t kTimestampMax = int64_t{1} << 50;
constexpr int64_t kStartKeptMaxUs = 30'000'000;
constexpr int64_t kPrimingMaxUs = 500'000;
constexpr AVRational kSampleTimeBase{1, static_cast<int>(kSampleRate)};
constexpr AVRational kMicroseconds{1, AV_TIME_BASE};

int RefuseOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

int IsInterrupted(void* input) {
  return static_cast<SourceInput*>(input)->stop_requested() ? 1 : 0;
}

std::string Title(const AVInputFormat& format) {
  return format.long_name != nullptr ? format.long_name : format.name;
}

Failure NotMedia() {
  return Fail(ErrorCode::kUnsupportedMedia,
              "it is not a media file: no video or audio format was recognised in it");
}

Failure NotAllowed(const AVInputFormat& format) {
  return Fail(ErrorCode::kUnsupportedMedia,
              "it is not a video or audio file (it looks like " + Title(format) + ")");
}

bool IsSoundAlone(const AVFormatContext& container) {
  return std::ranges::all_of(std::span(container.streams, container.nb_streams), [](auto* stream) {
    return stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO ||
           (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
  });
}

// Transport streams, and others whose timestamps may start anew anywhere.
bool HasFreeClock(const AVInputFormat& format) { return (format.flags & AVFMT_TS_DISCONT) != 0; }

// Formats whose header gives the end of the file on its own clock, instead of a length from its
// first timestamp.
bool ClaimsEnd(const AVInputFormat& format) {
  const std::string_view name = format.name;
  return name.starts_with("matroska") || name == "flv";
}

// Where time 0 is, as a timestamp of the container. Streams cut from a broadcast, and recordings
// whose clock was already running, begin at their first timestamp, as players show them; so does
// sound alone whose encoder delay libav counts as time. All others begin at 0.
int64_t Origin(const AVFormatContext& container) {
  const int64_t start = container.start_time;
  if (start == AV_NOPTS_VALUE) return 0;
  const bool is_priming = start > 0 && start <= kPrimingMaxUs && IsSoundAlone(container);
  const bool is_elsewhere = start > kStartKeptMaxUs || start < -int64_t{AV_TIME_BASE};
  return HasFreeClock(*container.iformat) || is_priming || is_elsewhere ? start : 0;
}

SampleTime FromMicroseconds(int64_t time) {
  return SampleTime{av_rescale_q(time, kMicroseconds, kSampleTimeBase)};
}

std::optional<SampleTime> ParseClock(const char* text) {
  int hour = 0;
  int minute = 0;
  double second = 0;
  if (std::sscanf(text, "%4d:%2d:%lf", &hour, &minute, &second) != 3) return std::nullopt;
  if (hour < 0 || minute < 0 || !(second >= 0 && second < 61)) return std::nullopt;
  return SampleTime(hours(hour)) + std::chrono::minutes(minute) +
         SampleTime(static_cast<int64_t>(second * static_cast<double>(kSampleRate)));
}

bool IsEncrypted(const AVPacket& packet) {
  return av_packet_get_side_data(&packet, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr;
}

// What the content looks like; null: like no media.
Result<const AVInputFormat*> ProbeContent(const std::shared_ptr<ByteSource>& source,
                                          const std::stop_token& stop) {
  const auto input = TRY(SourceInput::Open(source, SourceInput::Access::kSequential, stop));
  const bool is_empty = input->Peek().empty();
  const AVInputFormat* format = nullptr;
  const int code = av_probe_input_buffer2(input->context(), &format, "", nullptr, 0, 0);
  if (input->error()) return Failure(*input->error());
  if (is_empty) return Failure(EmptyError());
  return code < 0 ? nullptr : format;
}

// True if another way to read the file may go better.
bool IsOfContent(const Error& error) {
  return error.code == ErrorCode::kCorruptMedia || error.code == ErrorCode::kUnsupportedMedia;
}

std::string Extension(const std::string& name) {
  const std::string extension = std::filesystem::path(name).extension().string();
  return extension.empty() ? extension : extension.substr(1);
}

}  // namespace

struct Demuxer::Request {
  const std::shared_ptr<ByteSource>& source;
  const AudioReaderOptions& options;
  const std::stop_token& stop;
};

Result<std::unique_ptr<Demuxer>> Demuxer::Open(const std::shared_ptr<ByteSource>& source,
                                               const std::string& name,
                                               const AudioReaderOptions& options,
                                               const std::stop_token& stop) {
  ConfigureLibav();
  const AVInputFormat* by_content = TRY(ProbeContent(source, stop));
  const AVInputFormat* by_name = FormatForExtension(Extension(name));
  const bool is_allowed = by_content != nullptr && IsAllowedFormat(*by_content);
  if (!is_allowed && by_name == nullptr) {
    return by_content == nullptr ? NotMedia() : NotAllowed(*by_content);
  }
  const Request request{source, options, stop};
  if (!is_allowed) {
    auto opened = OpenAs(*by_name, request);
    if (!opened && opened.error().code == ErrorCode::kCorruptMedia) return NotMedia();
    return opened;
  }
  return OpenAs(*by_content, request);
}

Result<std::unique_ptr<Demuxer>> Demuxer::OpenAs(const AVInputFormat& format,
                                                 const Request& request) {
  ReadOrder order = ReadOrder::kSeekable;
  if (request.options.access == AudioReaderOptions::Access::kSequential) {
    order = TRY(FindReadOrder(format, *request.source, request.stop));
  }
  if (order != ReadOrder::kSeekable) {
    auto demuxer = OpenInOrder(order, format, request);
    // What describes the tracks may stand behind them: then the whole file is needed after all.
    const bool is_enough =
        demuxer ? (*demuxer)->container_->nb_streams > 0 : !IsOfContent(demuxer.error());
    if (is_enough && demuxer) TRY_VOID((*demuxer)->SelectTrack(request.options));
    if (is_enough) return demuxer;
  }
  auto demuxer = TRY(OpenInOrder(ReadOrder::kSeekable, format, request));
  TRY_VOID(demuxer->SelectTrack(request.options));
  return demuxer;
}

Result<std::unique_ptr<Demuxer>> Demuxer::OpenInOrder(ReadOrder order, const AVInputFormat& format,
                                                      const Request& request) {
  using Access = SourceInput::Access;
  const Access access = order == ReadOrder::kSeekable ? Access::kSeekable : Access::kSequential;
  auto input = TRY(SourceInput::Open(request.source, access, request.stop));
  std::unique_ptr<Demuxer> demuxer(new Demuxer(order, std::move(input)));
  TRY_VOID(demuxer->OpenContainer(format));
  return demuxer;
}

Result<void> Demuxer::OpenContainer(const AVInputFormat& format) {
  AVFormatContext* raw = avformat_alloc_context();
  if (raw == nullptr) return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  raw->pb = input_->context();
  raw->flags |= AVFMT_FLAG_CUSTOM_IO;
  raw->io_open = RefuseOpen;
  raw->interrupt_callback = {IsInterrupted, input_.get()};
  raw->format_whitelist = av_strdup(AllowedFormats().c_str());
  raw->codec_whitelist = av_strdup(AllowedCodecs().c_str());
  raw->max_streams = kStreamsMax;
  raw->probesize = HasFreeClock(format) ? kProbeBytesHeaderless : kProbeBytes;
  AVDictionary* settings = nullptr;
  av_dict_set(&settings, "merge_pmt_versions", "1", 0);
  const int opened = avformat_open_input(&raw, "", &format, &settings);
  av_dict_free(&settings);
  const std::string subject = "the " + Title(format) + " file";
  if (opened >= 0) container_.reset(raw);  // or it freed the context
  const int found = opened >= 0 ? avformat_find_stream_info(raw, nullptr) : 0;
  if (input_->error()) return Failure(*input_->error());
  if (opened < 0) return Failure(LibavError(opened, subject));
  if (found < 0 && raw->nb_streams == 0) return Failure(LibavError(found, subject));
  return {};
}

Result<void> Demuxer::SelectTrack(const AudioReaderOptions& options) {
  info_.container = container_->iformat->name;
  info_.size_bytes = input_->size_bytes().value_or(0);
  info_.is_sequential = order_ != ReadOrder::kSeekable;
  info_.tracks = ListTracks(*container_);
  info_.track = TRY(ChooseTrack(*container_, info_.tracks, options.track));
  stream_ = StreamOfTrack(*container_, info_.track);
  DiscardOtherStreams();
  origin_us_ = Origin(*container_);
  SampleTime duration = ClaimedDuration();
  if (duration <= SampleTime{0} && order_ == ReadOrder::kSequential) duration = DurationByRate();
  if (IsPlausible(duration)) info_.duration_estimate = duration;
  return {};
}

// What the container says, which may be nonsense; 0: nothing.
SampleTime Demuxer::ClaimedDuration() const {
  if (container_->duration <= 0 || order_ == ReadOrder::kSequentialFragments) return {};
  const bool adds_start =
      container_->start_time != AV_NOPTS_VALUE && !ClaimsEnd(*container_->iformat);
  const int64_t start = adds_start ? container_->start_time : 0;
  return FromMicroseconds(container_->duration) + FromMicroseconds(start) -
         FromMicroseconds(origin_us_);
}

// As libav would estimate it if it knew the size: from the bit rate of bare sound; 0: not known.
SampleTime Demuxer::DurationByRate() const {
  constexpr int kBare = AVFMT_GENERIC_INDEX;  // frames without a clock of their container
  const int64_t bit_rate = stream_->codecpar->bit_rate;
  const bool is_bare = (container_->iformat->flags & (kBare | AVFMT_TS_DISCONT)) == kBare;
  if (!is_bare || bit_rate <= 0 || info_.size_bytes > INT64_MAX / 8) return {};
  return SampleTime{av_rescale(static_cast<int64_t>(info_.size_bytes) * 8, kSampleRate, bit_rate)};
}

void Demuxer::DiscardOtherStreams() {
  for (; streams_seen_ < container_->nb_streams; ++streams_seen_) {
    AVStream* stream = container_->streams[streams_seen_];
    stream->discard = stream == stream_ ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

Result<std::optional<Demuxer::Packet>> Demuxer::Next(std::stop_token stop) {
  input_->set_stop(std::move(stop));
  if (!is_primed_) {
    ahead_ = TRY(ReadPacket());
    is_primed_ = true;
  }
  if (!ahead_) return std::nullopt;
  Packet packet = std::move(*ahead_);
  ahead_.reset();
  ahead_ = TRY(ReadPacket());
  if (!packet.begin) return packet;
  const auto after = ahead_ ? ahead_->begin : std::nullopt;
  const SampleTime begin = *packet.begin;
  if (last_begin_ && IsStrayTimestamp(last_begin_, begin, after)) {
    packet.begin.reset();
    if (packet.data) packet.data->pts = packet.data->dts = AV_NOPTS_VALUE;
  }
  last_begin_ = begin;
  return packet;
}

Result<std::optional<Demuxer::Packet>> Demuxer::ReadPacket() {
  PacketHandle data(av_packet_alloc());
  if (!data) return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  for (;;) {
    const int code = av_read_frame(container_.get(), data.get());
    if (code < 0) {
      if (!TRY(GoOnAfter(code))) return std::nullopt;
      return Packet{};
    }
    DiscardOtherStreams();
    if (data->stream_index == stream_->index) break;
    av_packet_unref(data.get());
    if (input_->stop_requested()) return Fail(ErrorCode::kCancelled, "cancelled");
  }
  errors_in_row_ = 0;
  if (IsEncrypted(*data)) return Failure(EncryptedError());
  Packet packet;
  if (data->pos > 0) packet_bytes_ = std::max(packet_bytes_, static_cast<uint64_t>(data->pos));
  packet.begin = Time(data->pts != AV_NOPTS_VALUE ? data->pts : data->dts);
  if (data->duration > 0) {
    packet.length =
        std::clamp(SampleTime(av_rescale_q(data->duration, stream_->time_base, kSampleTimeBase)),
                   SampleTime{0}, SampleTime(seconds(60)));
  }
  packet.data = std::move(data);
  return packet;
}

// True if reading may go on behind a failure, false at the end.
Result<bool> Demuxer::GoOnAfter(int code) {
  if (input_->stop_requested()) return Fail(ErrorCode::kCancelled, "cancelled");
  if (input_->error()) return Failure(*input_->error());
  if (code == AVERROR_EOF) return false;
  if (code == AVERROR(ENOMEM)) return Failure(LibavError(code, "the file"));
  return ++errors_in_row_ < kErrorsInRowMax;
}

std::optional<SampleTime> Demuxer::Time(int64_t timestamp) const {
  if (timestamp == AV_NOPTS_VALUE) return std::nullopt;
  const int64_t time = av_rescale_q(timestamp, stream_->time_base, kSampleTimeBase);
  if (time > kTimestampMax || time < -kTimestampMax) return std::nullopt;
  return SampleTime{time} - FromMicroseconds(origin_us_);
}

std::optional<SampleTime> Demuxer::ClaimedEnd() const {
  std::optional<SampleTime> end;
  if (const AVDictionaryEntry* tag =
          av_dict_get(stream_->metadata, "DURATION", nullptr, AV_DICT_IGNORE_SUFFIX)) {
    end = ParseClock(tag->value);
  } else if (info_.container == "wav") {
    end = RiffEnd();
  } else if (order_ != ReadOrder::kSequentialFragments &&
             container_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM &&
             (IsSoundAlone(*container_) || info_.container.starts_with("mov"))) {
    if (stream_->duration == AV_NOPTS_VALUE) return std::nullopt;
    const int64_t start = stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time;
    end = Time(start + std::min(stream_->duration, INT64_MAX / 4));
  }
  if (!end || !IsPlausible(*end)) return std::nullopt;
  return end;
}

// libav cuts a WAV's length to the file; the header's own size tells whether the rest is missing.
std::optional<SampleTime> Demuxer::RiffEnd() const {
  constexpr uint64_t kUnknown = 0xFFFFFF00;  // about what programs write that do not know it
  const uint64_t size_bytes = input_->size_bytes_now().value_or(0);
  const std::string header = input_->Peek();
  if (header.size() < 8 || !header.starts_with("RIFF")) return std::nullopt;
  const auto byte_at = [&](size_t index) { return uint64_t{static_cast<uint8_t>(header[index])}; };
  const uint64_t riff_bytes = byte_at(4) | byte_at(5) << 8 | byte_at(6) << 16 | byte_at(7) << 24;
  const int64_t bit_rate = stream_->codecpar->bit_rate;
  if (riff_bytes >= kUnknown || riff_bytes <= size_bytes || bit_rate <= 0) return std::nullopt;
  const double seconds_claimed =
      static_cast<double>(riff_bytes) * 8 / static_cast<double>(bit_rate);
  if (seconds_claimed > ToSeconds(kDurationMax)) return std::nullopt;
  return SampleTime{static_cast<int64_t>(seconds_claimed * static_cast<double>(kSampleRate))};
}

bool Demuxer::IsPlausible(SampleTime duration) const {
  return duration > SampleTime{0} && duration <= kDurationMax &&
         ToSeconds(duration) * static_cast<double>(kBytesPerSecondMin) <=
             static_cast<double>(input_->size_bytes_now().value_or(0));
}

SampleTime Demuxer::silence_end_max() const {
  const bool is_guess = container_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  if (order_ == ReadOrder::kSeekable) {
    if (info_.duration_estimate > SampleTime{0} && !is_guess) {
      return info_.duration_estimate + seconds(60);
    }
    const auto bearable = seconds(info_.size_bytes / kUnclaimedBytesPerSecondMin);
    return std::min<SampleTime>(bearable, kUnclaimedSilenceMax);
  }
  // Of the size nothing is asked here: it may be known in one run and not in another.
  const SampleTime claimed = is_guess ? SampleTime{0} : ClaimedDuration();
  const bool is_claimed = claimed > SampleTime{0} && claimed <= kDurationMax;
  const SampleTime bearable = kSilenceAlwaysFree + seconds(packet_bytes_ / kBytesPerSecondMin);
  return std::min<SampleTime>(bearable, is_claimed ? claimed + seconds(60) : kUnclaimedSilenceMax);
}

bool Demuxer::joins_recordings() const {
  return HasFreeClock(*container_->iformat) && info_.container != "ogg";
}

double Demuxer::byte_share() const {
  const uint64_t size_bytes = input_->size_bytes_now().value_or(0);
  if (size_bytes == 0) return 0;
  const double share =
      static_cast<double>(input_->position_bytes()) / static_cast<double>(size_bytes);
  return std::clamp(share, 0.0, 1.0);
}

}  // namespace verbatim::media
