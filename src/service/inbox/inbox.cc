#include "inbox/inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/atomic_file.h"
#include "base/byte_source.h"
#include "inbox/impl/folder.h"
#include "store/jobs.h"
#include "store/transcripts.h"
#include "store/uploads.h"
#include "store/watched_files.h"

namespace verbatim::inbox {
namespace {

namespace fs = std::filesystem;
using store::Connection;
using store::Job;
using store::JobState;
using store::Upload;
using store::UploadState;
using store::WatchedFile;

constexpr size_t kPiece = 1 << 20;

// What became of a file that was taken in.
struct Fate {
  enum class Kind { kPending, kCutOff, kCompleted, kFailed, kGone };
  Kind kind = Kind::kPending;
  std::string text;  // the transcript as JSON, or why it failed
};

Result<Fate> FateOfJob(Connection& connection, const std::string& id) {
  const std::optional<Job> job = TRY(store::FindJob(connection, id));
  if (!job || job->state == JobState::kCancelled) return Fate{Fate::Kind::kGone, ""};
  if (job->state == JobState::kFailed) return Fate{Fate::Kind::kFailed, job->error_message};
  if (!store::IsFinal(job->state)) return Fate{};
  std::optional<std::string> json = TRY(store::FindTranscript(connection, id));
  return Fate{Fate::Kind::kCompleted, std::move(json).value_or("")};
}

Result<Fate> FateOf(Connection& connection, const WatchedFile& file) {
  const std::optional<Upload> upload = TRY(store::FindUpload(connection, file.upload));
  if (!upload) return Fate{Fate::Kind::kGone, ""};
  // Files are taken in one by one: one that is still being received was cut off with its server.
  if (upload->state == UploadState::kReceiving) return Fate{Fate::Kind::kCutOff, ""};
  const std::vector<std::string> jobs = TRY(store::JobsOf(connection, file.upload));
  if (jobs.empty()) return Fate{Fate::Kind::kGone, ""};
  return FateOfJob(connection, jobs.back());
}

// What no file looks like: it will be taken in as new.
WatchedFile Unknown(const std::string& path) { return {path, 0, 0, "", true}; }

class FolderInbox final : public Inbox {
 public:
  FolderInbox(InboxOptions options, store::Database& database, upload::Uploads& uploads,
              const Clock& clock, Log& log)
      : options_(std::move(options)),
        database_(database),
        uploads_(uploads),
        clock_(clock),
        log_(log) {}

  void Tick(const std::stop_token& stop) override;

 private:
  struct Seen {
    FileState state;
    int64_t since_ms = 0;  // steady clock
  };

  Result<void> WriteWhatEnded();
  Result<void> WriteResults(const WatchedFile& file, const std::string& json);
  Result<void> WriteFailure(const WatchedFile& file, const std::string& why);
  Result<void> Finish(WatchedFile file);
  Result<void> Note(const WatchedFile& file);

  Result<void> TakeNew(const std::stop_token& stop);
  bool HasSettled(const std::string& path, const FileState& state);
  Result<bool> IsKnown(const std::string& path, const FileState& state);
  Result<void> Take(const std::string& path, const FileState& state, const std::stop_token& stop);
  Result<void> Copy(const std::string& path, const FileState& state, const std::string& upload,
                    const std::stop_token& stop);
  // A trouble that lasts is told once.
  void Complain(const std::string& what, const Error& error);

  const InboxOptions options_;
  store::Database& database_;
  upload::Uploads& uploads_;
  const Clock& clock_;
  Log& log_;
  std::map<std::string, Seen> seen_;         // by path within the folder
  std::map<std::string, std::string> told_;  // what, and the trouble with it
};

void FolderInbox::Tick(const std::stop_token& stop) {
  if (Result<void> written = WriteWhatEnded(); !written) {
    Complain("the results of watched files", written.error());
  }
  if (Result<void> taken = TakeNew(stop); !taken && taken.error().code != ErrorCode::kCancelled) {
    Complain("the watched folder", taken.error());
  }
}

void FolderInbox::Complain(const std::string& what, const Error& error) {
  if (told_[what] == error.message) return;
  told_[what] = error.message;
  log_.Warning("{}: {}", what, error.message);
}

Result<void> FolderInbox::WriteWhatEnded() {
  const std::vector<WatchedFile> pending = TRY(database_.Read(
      [](Connection& connection) { return store::PendingWatchedFiles(connection); }));
  for (const WatchedFile& file : pending) {
    const Fate fate =
        TRY(database_.Read([&](Connection& connection) { return FateOf(connection, file); }));
    Result<void> done;
    switch (fate.kind) {
      case Fate::Kind::kPending: continue;
      case Fate::Kind::kCutOff: {
        TRY_VOID(uploads_.Delete(file.upload));
        done = Note(Unknown(file.path));
        break;
      }
      case Fate::Kind::kCompleted: done = WriteResults(file, fate.text); break;
      case Fate::Kind::kFailed: done = WriteFailure(file, fate.text); break;
      case Fate::Kind::kGone: done = Finish(file); break;
    }
    if (!done) Complain(file.path, done.error());
  }
  return {};
}

Result<void> FolderInbox::WriteResults(const WatchedFile& file, const std::string& json) {
  const transcript::Transcript transcript = TRY(transcript::ReadJson(json));
  const transcript::CueOptions cues = TRY(transcript::ReadJsonCueOptions(json));
  const fs::path stem = TRY(ResultStem(options_.folder, options_.output, file.path));
  for (const transcript::Format format : options_.formats) {
    const fs::path path = fmt::format("{}.{}", stem.string(), transcript::FormatName(format));
    TRY_VOID(WriteFileAtomically(
        path, transcript::Render(transcript, format, cues, transcript::WordTimes::kOmit)));
  }
  std::error_code ignored;
  fs::remove(fmt::format("{}.error.txt", stem.string()), ignored);
  log_.Info("watched file {}: its results are written", file.path);
  return Finish(file);
}

Result<void> FolderInbox::WriteFailure(const WatchedFile& file, const std::string& why) {
  const fs::path stem = TRY(ResultStem(options_.folder, options_.output, file.path));
  TRY_VOID(WriteFileAtomically(fmt::format("{}.error.txt", stem.string()), why + "\n"));
  log_.Warning("watched file {} was not transcribed: {}", file.path, why);
  return Finish(file);
}

Result<void> FolderInbox::Finish(WatchedFile file) {
  file.is_done = true;
  told_.erase(file.path);
  return Note(file);
}

Result<void> FolderInbox::Note(const WatchedFile& file) {
  return database_.Write(
      [&](Connection& connection) { return store::PutWatchedFile(connection, file); });
}

Result<void> FolderInbox::TakeNew(const std::stop_token& stop) {
  const std::map<std::string, FileState> found = TRY(MediaFiles(options_.folder));
  std::erase_if(seen_, [&](const auto& entry) { return !found.contains(entry.first); });
  for (const auto& [path, state] : found) {
    if (stop.stop_requested()) return {};
    if (!HasSettled(path, state) || TRY(IsKnown(path, state))) continue;
    const Result<void> taken = Take(path, state, stop);
    if (taken) continue;
    if (taken.error().code == ErrorCode::kCancelled) return taken;
    if (taken.error().code != ErrorCode::kTooLarge) {
      Complain(path, taken.error());
      continue;
    }
    TRY_VOID(WriteFailure({path, state.size, state.mtime_ns, "", false}, taken.error().message));
  }
  return {};
}

bool FolderInbox::HasSettled(const std::string& path, const FileState& state) {
  const int64_t now_ms = clock_.SteadyMs();
  Seen& seen = seen_.try_emplace(path, Seen{state, now_ms}).first->second;
  if (seen.state != state) seen = {state, now_ms};
  return now_ms - seen.since_ms >= options_.settle_ms && state.size > 0;
}

Result<bool> FolderInbox::IsKnown(const std::string& path, const FileState& state) {
  const std::optional<WatchedFile> known = TRY(database_.Read(
      [&](Connection& connection) { return store::FindWatchedFile(connection, path); }));
  if (!known) return false;
  return !known->is_done || (known->size == state.size && known->mtime_ns == state.mtime_ns);
}

Result<void> FolderInbox::Take(const std::string& path, const FileState& state,
                               const std::stop_token& stop) {
  upload::NewUpload request;
  request.length = state.size;
  request.filename = fs::path(path).filename().string();
  request.job_request = "{}";  // the job of one who asks for nothing
  const Upload upload = TRY(uploads_.Create(request));
  Result<void> copied = Copy(path, state, upload.id, stop);
  if (copied) {
    log_.Info("watched file {} is taken in as upload {}", path, upload.id);
    told_.erase(path);
    return {};
  }
  if (auto removed = uploads_.Delete(upload.id); !removed) {
    log_.Warning("upload {} stays for now: {}", upload.id, removed.error().message);
  }
  return copied;
}

// The job comes with the last byte; who it is for is known before.
Result<void> FolderInbox::Copy(const std::string& path, const FileState& state,
                               const std::string& upload, const std::stop_token& stop) {
  const auto source = TRY(OpenFileSource(options_.folder / path));
  const auto receiver = TRY(uploads_.Receive(upload, 0, std::nullopt, [] {}));
  std::vector<char> buffer(kPiece);
  uint64_t offset = 0;
  while (offset < state.size) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    const size_t count = TRY(source->ReadAt(offset, buffer, stop));
    if (count == 0) break;
    TRY_VOID(receiver->Append({buffer.data(), count}));
    offset += count;
  }
  if (offset != state.size || StateOf(options_.folder / path) != state) {
    return Fail(ErrorCode::kBusy, "it changed while it was read; it is taken in once it rests");
  }
  TRY_VOID(Note({path, state.size, state.mtime_ns, upload, false}));
  Result<Upload> finished = receiver->Finish();
  if (finished) return {};
  TRY_VOID(Note(Unknown(path)));
  return Failure(std::move(finished).error());
}

}  // namespace

Result<std::vector<transcript::Format>> ParseFormats(std::string_view list) {
  std::vector<transcript::Format> formats;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    const auto format = transcript::ParseFormat(list.substr(0, end));
    if (!format) break;
    if (std::ranges::find(formats, *format) == formats.end()) formats.push_back(*format);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  if (list.empty() && !formats.empty()) return formats;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" names no format; choose from txt, srt, vtt, json, tsv", list));
}

Result<std::unique_ptr<Inbox>> Inbox::Open(InboxOptions options, store::Database& database,
                                           upload::Uploads& uploads, const Clock& clock, Log& log) {
  if (auto found = MediaFiles(options.folder); !found) {
    return Failure(std::move(found).error().WithContext("watch_folder"));
  }
  return std::make_unique<FolderInbox>(std::move(options), database, uploads, clock, log);
}

}  // namespace verbatim::inbox
