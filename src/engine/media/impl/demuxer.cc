#include "media/impl/demuxer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <span>
#include <string>

#include "media/impl/allowed_formats.h"
#include "media/impl/timeline.h"
#include "media/impl/tracks.h"

namespace verbatim::media {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int64_t kProbeBytes = 5 << 20;
constexpr int64_t kProbeBytesHeaderless = 16 << 20;  // tracks of a transport stream may begin late
constexpr SampleTime kDurationMax = hours(24 * 7);
constexpr SampleTime kUnclaimedSilenceMax = hours(24);
constexpr uint64_t kBytesPerSecondMin = 8;             // below, a claimed duration is nonsense
constexpr uint64_t kUnclaimedBytesPerSecondMin = 100;  // the thinnest speech codecs have 300
constexpr int kErrorsInRowMax = 200;
constexpr int64_t kTimestampMax = int64_t{1} << 50;
constexpr int64_t kStartKeptMaxUs = 30'000'000;
constexpr int64_t kPrimingMaxUs = 500'000;
constexpr AVRational kSampleTimeBase{1, static_cast<int>(kSampleRate)};
constexpr AVRational kMicroseconds{1, AV_TIME_BASE};

int RefuseOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

int IsInterrupted(void* input) { return static_cast<FileInput*>(input)->stop_requested() ? 1 : 0; }

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

const AVInputFormat* ProbeContent(FileInput& input) {
  const AVInputFormat* format = nullptr;
  if (av_probe_input_buffer2(input.context(), &format, "", nullptr, 0, 0) < 0) return nullptr;
  return format;
}

std::string Extension(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension.empty() ? extension : extension.substr(1);
}

}  // namespace

Result<std::unique_ptr<Demuxer>> Demuxer::Open(const std::filesystem::path& path,
                                               const AudioReaderOptions& options) {
  ConfigureLibav();
  const auto probe = TRY(FileInput::Open(path));
  const AVInputFormat* by_content = ProbeContent(*probe);
  if (probe->error_number() != 0) {
    return Failure(SystemError(probe->error_number(), "reading the file"));
  }
  const AVInputFormat* by_name = FormatForExtension(Extension(path));
  const bool is_allowed = by_content != nullptr && IsAllowedFormat(*by_content);
  if (!is_allowed && by_name == nullptr) {
    return by_content == nullptr ? NotMedia() : NotAllowed(*by_content);
  }
  if (!is_allowed) {
    auto opened = OpenAs(by_name, path, options);
    if (!opened && opened.error().code == ErrorCode::kCorruptMedia) return NotMedia();
    return opened;
  }
  return OpenAs(by_content, path, options);
}

Result<std::unique_ptr<Demuxer>> Demuxer::OpenAs(const AVInputFormat* format,
                                                 const std::filesystem::path& path,
                                                 const AudioReaderOptions& options) {
  std::unique_ptr<Demuxer> demuxer(new Demuxer);
  demuxer->input_ = TRY(FileInput::Open(path));
  TRY_VOID(demuxer->OpenContainer(format));
  TRY_VOID(demuxer->SelectTrack(options));
  return demuxer;
}

Result<void> Demuxer::OpenContainer(const AVInputFormat* format) {
  AVFormatContext* raw = avformat_alloc_context();
  if (raw == nullptr) return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  raw->pb = input_->context();
  raw->flags |= AVFMT_FLAG_CUSTOM_IO;
  raw->io_open = RefuseOpen;
  raw->interrupt_callback = {IsInterrupted, input_.get()};
  raw->format_whitelist = av_strdup(AllowedFormats().c_str());
  raw->codec_whitelist = av_strdup(AllowedCodecs().c_str());
  raw->probesize = HasFreeClock(*format) ? kProbeBytesHeaderless : kProbeBytes;
  AVDictionary* settings = nullptr;
  av_dict_set(&settings, "merge_pmt_versions", "1", 0);
  const int opened = avformat_open_input(&raw, "", format, &settings);
  av_dict_free(&settings);
  const std::string subject = "the " + Title(*format) + " file";
  if (opened < 0) return Failure(LibavError(opened, subject));  // it freed the context
  container_.reset(raw);
  const int found = avformat_find_stream_info(raw, nullptr);
  if (input_->error_number() != 0) {
    return Failure(SystemError(input_->error_number(), "reading the file"));
  }
  if (found < 0 && raw->nb_streams == 0) return Failure(LibavError(found, subject));
  return {};
}

Result<void> Demuxer::SelectTrack(const AudioReaderOptions& options) {
  info_.container = container_->iformat->name;
  info_.size_bytes = input_->size_bytes();
  info_.tracks = ListTracks(*container_);
  info_.track = TRY(ChooseTrack(*container_, info_.tracks, options.track));
  stream_ = StreamOfTrack(*container_, info_.track);
  DiscardOtherStreams();
  origin_us_ = Origin(*container_);
  if (container_->duration > 0) {
    const bool adds_start =
        container_->start_time != AV_NOPTS_VALUE && !ClaimsEnd(*container_->iformat);
    const int64_t start = adds_start ? container_->start_time : 0;
    const SampleTime end = FromMicroseconds(container_->duration) + FromMicroseconds(start) -
                           FromMicroseconds(origin_us_);
    if (IsPlausible(end)) info_.duration_estimate = end;
  }
  return {};
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
  if (input_->error_number() != 0) {
    return Failure(SystemError(input_->error_number(), "reading the file"));
  }
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
  } else if (container_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM &&
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
  const std::string header = input_->Peek();
  if (header.size() < 8 || !header.starts_with("RIFF")) return std::nullopt;
  const auto byte_at = [&](size_t index) { return uint64_t{static_cast<uint8_t>(header[index])}; };
  const uint64_t riff_bytes = byte_at(4) | byte_at(5) << 8 | byte_at(6) << 16 | byte_at(7) << 24;
  if (riff_bytes >= kUnknown || riff_bytes <= info_.size_bytes) return std::nullopt;
  const double growth = static_cast<double>(riff_bytes) / static_cast<double>(info_.size_bytes);
  const auto present = static_cast<double>(info_.duration_estimate.count());
  return SampleTime{static_cast<int64_t>(present * growth)};
}

bool Demuxer::IsPlausible(SampleTime duration) const {
  return duration > SampleTime{0} && duration <= kDurationMax &&
         ToSeconds(duration) * static_cast<double>(kBytesPerSecondMin) <=
             static_cast<double>(info_.size_bytes);
}

SampleTime Demuxer::silence_end_max() const {
  if (info_.duration_estimate > SampleTime{0} &&
      container_->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE) {
    return info_.duration_estimate + seconds(60);
  }
  const auto bearable = seconds(info_.size_bytes / kUnclaimedBytesPerSecondMin);
  return std::min<SampleTime>(bearable, kUnclaimedSilenceMax);
}

bool Demuxer::joins_recordings() const {
  return HasFreeClock(*container_->iformat) && info_.container != "ogg";
}

double Demuxer::byte_share() const {
  const double share =
      static_cast<double>(input_->position_bytes()) / static_cast<double>(input_->size_bytes());
  return std::clamp(share, 0.0, 1.0);
}

}  // namespace verbatim::media
