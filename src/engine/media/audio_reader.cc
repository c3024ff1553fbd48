#include "media/audio_reader.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "media/impl/assembler.h"
#include "media/impl/damage_log.h"
#include "media/impl/decoder.h"
#include "media/impl/demuxer.h"
#include "media/impl/local_file.h"
#include "media/impl/sandboxed_reader.h"

namespace verbatim::media {
namespace {

constexpr int kFailuresInRowMax = 100;  // of one packet, or while the decoder empties itself
constexpr const char* kEmpty = "it holds no audio: its sound track is empty";
constexpr SampleTime kMissingTailMin = std::chrono::seconds(2);

class FileAudioReader final : public AudioReader {
 public:
  FileAudioReader(std::unique_ptr<Demuxer> demuxer, Decoder decoder)
      : demuxer_(std::move(demuxer)),
        decoder_(std::move(decoder)),
        assembler_({.silence_end_max = demuxer_->silence_end_max(),
                    .long_jumps_are_cuts = demuxer_->joins_recordings()}) {}

  const MediaInfo& info() const override { return demuxer_->info(); }
  const std::vector<Damage>& damages() const override { return damages_.entries(); }
  double progress() const override { return progress_; }

  Result<std::optional<PcmBlock>> Next(std::stop_token stop) override {
    while (!assembler_.has_block() && !is_finished_) {
      if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "cancelled");
      TRY_VOID(Advance(stop));
    }
    UpdateProgress();
    return assembler_.Take();
  }

 private:
  // One step of the decoder: a frame, or the packet it asks for.
  Result<void> Advance(const std::stop_token& stop) {
    switch (decoder_.Receive()) {
      case Decoder::Step::kFrame: AddFrame(); return {};
      case Decoder::Step::kNeedsPacket: return Feed(stop);
      case Decoder::Step::kDamaged: NoteDamage(SampleTime{0}); return {};
      case Decoder::Step::kEnd: return Finish();
    }
    return {};
  }

  Result<void> Feed(const std::stop_token& stop) {
    const auto packet = TRY(demuxer_->Next(stop));
    if (!packet) {
      decoder_.Send(nullptr);
      return {};
    }
    ++packets_;
    failures_in_row_ = 0;
    if (!packet->data || !decoder_.Send(packet->data.get())) NoteDamage(packet->length);
    return {};
  }

  void AddFrame() {
    AVFrame& frame = decoder_.frame();
    const auto stamp = demuxer_->Time(frame.best_effort_timestamp);
    assembler_.set_silence_end_max(demuxer_->silence_end_max());
    const auto begin = assembler_.Add(frame, stamp, is_damaged_);
    if (!begin) {
      unusable_ = begin.error();
      NoteDamage(SampleTime{0});
      return;
    }
    ++frames_;
    CloseDamage(*begin);
  }

  // Damage lasts until the next good frame; `length` is what the damaged packet would have added.
  void NoteDamage(SampleTime length) {
    if (!is_damaged_) damage_begin_ = assembler_.position();
    is_damaged_ = true;
    damage_length_ += length;
  }

  void CloseDamage(SampleTime next_begin) {
    if (!is_damaged_) return;
    const SampleTime end = next_begin > damage_begin_ ? next_begin : damage_begin_ + damage_length_;
    damages_.Add(damage_begin_, end, "damaged");
    is_damaged_ = false;
    damage_length_ = SampleTime{0};
  }

  Result<void> Finish() {
    is_finished_ = true;
    if (frames_ == 0) return Failure(NothingDecoded());
    TRY_VOID(assembler_.Finish());
    if (assembler_.position() == SampleTime{0}) return Fail(ErrorCode::kUnsupportedMedia, kEmpty);
    CloseDamage(assembler_.position());
    NoteMissingTail();
    return {};
  }

  Error NothingDecoded() const {
    if (packets_ == 0 && demuxer_->ClaimedEnd()) {
      return {ErrorCode::kCorruptMedia, "it is damaged or cut short: its sound is missing"};
    }
    if (packets_ == 0) {
      return {ErrorCode::kUnsupportedMedia, kEmpty};
    }
    return unusable_ ? *unusable_ : decoder_.last_error();
  }

  // A file cut short, by what the container says of this track.
  void NoteMissingTail() {
    const auto claimed = demuxer_->ClaimedEnd();
    const SampleTime end = assembler_.position();
    if (claimed && *claimed - end > std::max(kMissingTailMin, *claimed / 20)) {
      damages_.Add(end, *claimed, "missing: the file ends early");
    }
  }

  void UpdateProgress() {
    const SampleTime duration = demuxer_->ClaimedEnd().value_or(info().duration_estimate);
    const double share = duration > SampleTime{0}
                             ? ToSeconds(assembler_.position()) / ToSeconds(duration)
                             : demuxer_->byte_share();
    progress_ = is_finished_ ? 1.0 : std::clamp(share, progress_, 1.0);
  }

  std::unique_ptr<Demuxer> demuxer_;
  Decoder decoder_;
  Assembler assembler_;
  DamageLog damages_;
  std::optional<Error> unusable_;  // why the last unusable frame was so
  int failures_in_row_ = 0;
  bool is_finished_ = false;
  bool is_damaged_ = false;
  SampleTime damage_begin_{0};
  SampleTime damage_length_{0};
  int64_t packets_ = 0;
  int64_t frames_ = 0;
  double progress_ = 0;
};

}  // namespace

Result<std::unique_ptr<AudioReader>> AudioReader::Open(const std::filesystem::path& path,
                                                       const AudioReaderOptions& options,
                                                       std::stop_token stop) {
  auto source = TRY(OpenLocalFile(path));
  AudioReaderOptions anywhere = options;
  anywhere.access = AudioReaderOptions::Access::kSeekable;
  return Open(std::move(source), path.filename().string(), anywhere, std::move(stop));
}

// By value, since the reader keeps the source: NOLINTNEXTLINE(performance-unnecessary-value-param)
Result<std::unique_ptr<AudioReader>> AudioReader::Open(std::shared_ptr<ByteSource> source,
                                                       const std::string& name,
                                                       const AudioReaderOptions& options,
                                                       std::stop_token stop) {
  if (options.sandbox != nullptr) return OpenSandboxed(source, name, options, stop);
  auto demuxer = TRY(Demuxer::Open(source, name, options, stop));
  Decoder decoder = TRY(Decoder::Open(demuxer->stream()));
  return std::make_unique<FileAudioReader>(std::move(demuxer), std::move(decoder));
}

}  // namespace verbatim::media
