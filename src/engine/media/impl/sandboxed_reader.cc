#include "media/impl/sandboxed_reader.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>
#include <vector>

#include "media/impl/limits.h"
#include "media/impl/reader_frames.h"
#include "sandbox/launcher.h"

namespace verbatim::media {
namespace {

using sandbox::Child;
using sandbox::End;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kMemoryBytes = uint64_t{1} << 30;
constexpr milliseconds kEndPatience = seconds(5);
constexpr uint64_t kUnknownSizeBytes = uint64_t{1} << 30;  // what a file in arrival is taken for

// The slowest decoders take about a second for 100 KB of what they read, on a slow machine.
uint64_t CpuSecondsFor(uint64_t size_bytes) { return 60 + size_bytes / (32 << 10); }

// How long nothing may be heard of a process: enough to skip through the whole file on a slow disk.
milliseconds PatienceFor(uint64_t size_bytes) {
  return seconds(60) + seconds(std::min<uint64_t>(size_bytes / (4 << 20), 100'000));
}

Error Crashed(const std::string& how) {
  return {ErrorCode::kCorruptMedia,
          "it is damaged or made to do harm: the decoder " + how + " and was ended"};
}

Error Broken(const std::string& how) {
  return {ErrorCode::kInternal, "the process that read it " + how};
}

Error Gone(const std::string& how) {
  return {ErrorCode::kBusy,
          "the process that read it " + how + ", as happens where memory is short: try again"};
}

Error OfSignal(const End& end, uint64_t cpu_seconds) {
  switch (end.value) {
    case SIGSYS: return Crashed("tried what reading media never needs");
    case SIGXCPU: return Crashed("took too much time");
    case SIGKILL:
      if (end.cpu_time >= seconds(cpu_seconds)) return Crashed("took too much time");
      return Gone("was killed");
    default: return Crashed("crashed (signal " + std::to_string(end.value) + ")");
  }
}

Error OfEnd(const End& end, uint64_t cpu_seconds) {
  switch (end.kind) {
    case End::Kind::kSignal: return OfSignal(end, cpu_seconds);
    case End::Kind::kNotStarted:
      return SystemError(end.value, "starting a process to read the file");
    case End::Kind::kExit:
      if (end.value == sandbox::kExitOutOfMemory) return Crashed("wanted more memory than it may");
      if (end.value == sandbox::kExitUnlocked) return Broken("could not be locked up");
      return Broken("broke off");
    case End::Kind::kUnknown: break;  // the process that started it was killed, and it with that
  }
  return Gone("is gone");
}

Failure Distrusted() {
  return Fail(ErrorCode::kCorruptMedia,
              "it is made to do harm: the process that read it did not keep to the rules and was "
              "ended");
}

class SandboxedReader final : public AudioReader {
 public:
  SandboxedReader(Child child, Input input, std::shared_ptr<ByteSource> source)
      : child_(std::move(child)),
        input_(input),
        source_(std::move(source)),
        size_bytes_(source_->size()) {}

  const MediaInfo& info() const override { return info_; }
  double progress() const override { return progress_; }
  const std::vector<Damage>& damages() const override { return damages_; }

  // The process went with the one that started it.
  bool is_lost() const { return is_lost_; }

  Result<void> AwaitOpened(const std::stop_token& stop) {
    ReaderFrame frame = TRY(Receive(stop));
    auto* opened = std::get_if<Opened>(&frame);
    if (opened == nullptr) return Distrusted();
    info_ = std::move(opened->info);
    return {};
  }

  Result<std::optional<PcmBlock>> Next(std::stop_token stop) override {
    while (!is_finished_) {
      if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "cancelled");
      ReaderFrame frame = TRY(Receive(stop));
      if (auto* read = std::get_if<ReadBlock>(&frame)) return Take(*read);
      if (auto* noted = std::get_if<NotedDamage>(&frame)) {
        TRY_VOID(Note(*noted));
      } else if (std::holds_alternative<ReachedEnd>(frame)) {
        is_finished_ = true;
        progress_ = 1;
      } else {
        return Distrusted();
      }
    }
    return std::nullopt;
  }

 private:
  // The next message that is no question for bytes; those are answered. What the process says of
  // its failure is returned as one.
  Result<ReaderFrame> Receive(const std::stop_token& stop) {
    for (;;) {
      const Child::Received received = child_.Receive(patience(), stop);
      if (received.outcome != Child::Outcome::kMessage) return Failure(ErrorOf(received.outcome));
      auto frame = DecodeReaderFrame(received.message);
      if (!frame) return Distrusted();
      if (auto* failed = std::get_if<Failed>(&*frame)) return Failure(std::move(failed->error));
      const auto* wanted = std::get_if<WantedBytes>(&*frame);
      if (wanted == nullptr) return *std::move(frame);
      TRY_VOID(Serve(*wanted, stop));
    }
  }

  Result<void> Serve(const WantedBytes& wanted, const std::stop_token& stop) {
    if (input_ == Input::kOwn) return Distrusted();
    buffer_.resize(wanted.count);
    const size_t count = TRY(source_->ReadAt(wanted.offset, buffer_, stop));
    if (count > 0) served_end_ = std::max(served_end_, wanted.offset + count);
    size_bytes_ = source_->size();
    const auto outcome =
        child_.Send(Encode(ServedBytes{size_bytes_, {buffer_.data(), count}}), patience(), stop);
    if (outcome != Child::Outcome::kMessage) return Failure(ErrorOf(outcome));
    return {};
  }

  Result<std::optional<PcmBlock>> Take(ReadBlock& read) {
    const SampleTime end = read.block.begin + SampleTime{std::ssize(read.block.samples)};
    if (read.block.begin != position_ || read.progress < progress_) return Distrusted();
    if (end > SoundEndMax(size_bytes_.value_or(served_end_))) {
      return Fail(ErrorCode::kCorruptMedia, "it holds more sound than its size can bear out");
    }
    position_ = end;
    progress_ = read.progress;
    return std::move(read.block);
  }

  Result<void> Note(NotedDamage& noted) {
    const bool is_new = noted.index == damages_.size();
    if (!is_new && noted.index + 1 != damages_.size()) return Distrusted();
    if (is_new && !damages_.empty() && noted.damage.begin < damages_.back().begin) {
      return Distrusted();
    }
    if (is_new) damages_.emplace_back();
    damages_.back() = std::move(noted.damage);
    return {};
  }

  Error ErrorOf(Child::Outcome outcome) {
    switch (outcome) {
      case Child::Outcome::kStopped: return {ErrorCode::kCancelled, "cancelled"};
      case Child::Outcome::kLate: return Crashed("stood still");
      case Child::Outcome::kClosed: {
        const End end = child_.AwaitEnd(kEndPatience);
        is_lost_ = end.kind == End::Kind::kUnknown;
        return OfEnd(end, CpuSecondsFor(size_bytes()));
      }
      case Child::Outcome::kTooLong:
      case Child::Outcome::kMessage: break;
    }
    return Distrusted().error();
  }

  uint64_t size_bytes() const { return size_bytes_.value_or(kUnknownSizeBytes); }
  milliseconds patience() const { return PatienceFor(size_bytes()); }

  Child child_;
  Input input_;
  std::shared_ptr<ByteSource> source_;
  std::optional<uint64_t> size_bytes_;
  uint64_t served_end_ = 0;  // of the bytes that the process was given
  std::vector<char> buffer_;
  MediaInfo info_;
  std::vector<Damage> damages_;
  SampleTime position_{0};
  double progress_ = 0;
  bool is_finished_ = false;
  bool is_lost_ = false;
};

// The ending of a name, which may say what the content does not; nothing else of it is needed.
std::string EndingOf(const std::string& name) {
  std::string ending = std::filesystem::path(name).extension().string();
  const auto is_letter = [](char letter) { return letter > ' ' && letter <= '~'; };
  constexpr size_t kLengthMax = 20;
  if (ending.size() > kLengthMax || !std::ranges::all_of(ending, is_letter)) ending.clear();
  return "media" + ending;
}

Result<std::unique_ptr<SandboxedReader>> StartReader(const std::shared_ptr<ByteSource>& source,
                                                     const std::string& name,
                                                     const AudioReaderOptions& options,
                                                     const std::stop_token& stop) {
  const std::optional<uint64_t> size_bytes = source->size();
  const uint64_t size_limit = size_bytes.value_or(kUnknownSizeBytes);
  Child child = TRY(options.sandbox->Launch({.input = source->descriptor(),
                                             .memory_bytes = kMemoryBytes,
                                             .cpu_seconds = CpuSecondsFor(size_limit)}));
  const ReadingOrder order{EndingOf(name), size_bytes, options.track, options.access};
  // Before it has started, so it can only wait in the socket; what else is wrong shows next.
  child.Send(Encode(order), PatienceFor(size_limit), stop);
  const Input input = source->descriptor() ? Input::kOwn : Input::kServed;
  return std::make_unique<SandboxedReader>(std::move(child), input, source);
}

}  // namespace

Result<std::unique_ptr<AudioReader>> OpenStarted(Child child, Input input,
                                                 const std::shared_ptr<ByteSource>& source,
                                                 const std::stop_token& stop) {
  auto reader = std::make_unique<SandboxedReader>(std::move(child), input, source);
  TRY_VOID(reader->AwaitOpened(stop));
  return reader;
}

Result<std::unique_ptr<AudioReader>> OpenSandboxed(const std::shared_ptr<ByteSource>& source,
                                                   const std::string& name,
                                                   const AudioReaderOptions& options,
                                                   const std::stop_token& stop) {
  auto reader = TRY(StartReader(source, name, options, stop));
  Result<void> opened = reader->AwaitOpened(stop);
  if (!opened && reader->is_lost()) {  // the one that starts them died as it was asked
    reader = TRY(StartReader(source, name, options, stop));
    opened = reader->AwaitOpened(stop);
  }
  if (!opened) return Failure(opened.error());
  return reader;
}

}  // namespace verbatim::media
