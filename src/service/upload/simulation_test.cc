// Clients, a failing disk, time and crashes at random, on one thread, so that a seed gives the same
// run again, bit for bit. Beside it stands a model of what clients were told; after each step all
// is compared with it.
#include <gtest/gtest.h>

#include <map>

#include "base/random_id.h"
#include "digest/digest.h"
#include "store/events.h"
#include "store/jobs.h"
#include "store/test_database.h"
#include "tests/seeds.h"
#include "upload/stored_files.h"
#include "upload/test_machine.h"
#include "upload/test_told.h"
#include "upload/test_uploads.h"

namespace verbatim::upload {
namespace {

using store::Connection;
using store::Upload;
using store::UploadState;

constexpr uint64_t kSizeMax = 2500;
constexpr int64_t kExpiryMs = 600'000;
constexpr int kFilesPerSeed = 6;

// A ledger without rows: made once, as making tables takes longer than a whole run.
const std::string& EmptyLedger() {
  static const std::string bytes = [] {
    const store::TemporaryFolder folder;
    CHECK(store::Database::Open(folder.path() / "verbatim.db"));
    std::ifstream file(folder.path() / "verbatim.db", std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }();
  return bytes;
}

std::string DigestOf(digest::Kind kind, std::string_view bytes) {
  digest::Digest digest(kind);
  digest.Update(bytes);
  return digest.Finish();
}

class Simulation {
 public:
  Simulation(const std::filesystem::path& folder, unsigned seed)
      : random_(seed),
        trace_(folder.string()),
        machine_(folder, seed + 1'000'000, trace_),
        listening_(machine_),
        vfs_(
            [this](const store::FileOperation& operation) { return machine_.OnLedger(operation); }),
        log_(trace_) {
    machine_.Put("verbatim.db", EmptyLedger());
    for (int i = 0; i < kFilesPerSeed; ++i) {
      const size_t size = i < 2 ? static_cast<size_t>(i) : static_cast<size_t>(Pick(kSizeMax));
      files_.push_back(Pattern(size, static_cast<unsigned>(Pick(1'000'000))));
    }
    Recover();
  }
  ~Simulation() { CloseAll(); }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      trace_.Add(fmt::format("step {}", i));
      machine_.BeginStep();
      is_sweeping_ = false;
      Act();
      if (machine_.is_dead()) {
        Recover();
      } else {
        Check(Depth::kChanged);
      }
    }
    if (!testing::Test::HasFailure()) Complete();
    if (!testing::Test::HasFailure()) RemoveAll();
  }

  uint64_t hash() const { return trace_.hash(); }
  std::string Newest() const { return trace_.Newest(); }

 private:
  enum class Depth { kChanged, kAll };  // all: after a start

  int Pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
  bool Chance(int one_in) { return Pick(one_in) == 0; }
  // Whether what a client asked may have gone wrong, or half wrong, for no fault of its own.
  bool IsTroubled() const { return machine_.is_troubled() || machine_.is_dead(); }

  // --- The server ---

  void CloseAll() {
    senders_.clear();
    sources_.clear();
    uploads_.reset();
    database_.reset();
  }

  Result<void> Boot() {
    database_ = TRY(store::Database::Open(machine_.root() / "verbatim.db"));
    UploadsOptions options;
    options.folder = machine_.uploads();
    options.limits = {.size_max = kSizeMax, .expiry_ms = kExpiryMs, .disk_reserve = 0};
    uploads_ = TRY(Uploads::Open(options, *database_, clock_, log_));
    uploads_->OnComplete([this](Connection& connection, const Upload& upload) {
      return OnComplete(connection, upload);
    });
    return {};
  }

  // Starts on what is on disk; the disk may fail again, or all die again, meanwhile.
  void Recover() {
    for (int tries = 0;; ++tries) {
      CloseAll();
      if (machine_.is_dead()) machine_.Revive();
      if (tries > 3) machine_.Calm();
      const Result<void> booted = Boot();
      trace_.Add(fmt::format("booted: {}", booted ? "well" : booted.error().message));
      if (booted && !machine_.is_dead()) break;
      ASSERT_LT(tries, 5) << booted.error().message;
    }
    Check(Depth::kAll);
    NothingIsDoubtful();
  }

  // What room `jobs` does in the transaction that completes an upload.
  Result<void> OnComplete(Connection& connection, const Upload& upload) {
    if (is_hook_failing_) return Fail(ErrorCode::kInvalidArgument, "the hook says no");
    if (upload.job_request.empty()) return {};
    store::Job job = store::MakeJob(RandomId(), upload.id);
    TRY_VOID(store::InsertJob(connection, job));
    TRY(store::AppendEvent(connection, {.type = "job", .job = job.id, .data = "{}"}));
    Upload kept = upload;
    kept.expires_ms = 0;
    return store::UpdateUpload(connection, kept);
  }

  // --- What happens ---

  void Act() {
    is_hook_failing_ = Chance(20);
    switch (Pick(20)) {
      case 0:
      case 1: return Create();
      case 2:
      case 3: return Begin();
      case 4:
      case 5:
      case 6:
      case 7: return Append();
      case 8:
      case 9: return End();
      case 10:
      case 11: return SendRest(AnyId());
      case 12: return SetLength();
      case 13: return Join();
      case 14: return Chance(2) ? Delete() : Sweep();
      case 15: return Chance(8) ? clock_.Advance(Pick(kExpiryMs)) : clock_.Advance(Pick(3000));
      case 16: return Chance(2) ? Ask() : Read();
      case 17: return UseJob();
      case 18: return MakeTrouble();
      default: return Crash();
    }
  }

  std::string AnyId() {
    if (told_.empty()) return std::string(32, '0');
    return std::next(told_.begin(), Pick(static_cast<int>(told_.size())))->first;
  }

  template <typename T>
  std::string Outcome(const Result<T>& result) {
    return result
               ? "done"
               : fmt::format("{}: {}", ErrorCodeName(result.error().code), result.error().message);
  }

  // A request may fail as it should, or because of the disk.
  template <typename T>
  void Expect(std::string_view what, const Result<T>& result, std::optional<ErrorCode> wanted) {
    trace_.Add(fmt::format("{}: {}", what, Outcome(result)));
    if (machine_.is_dead()) return;
    if (machine_.is_troubled()) {
      if (result || result.error().code == wanted) return;
      EXPECT_TRUE(result.error().code == ErrorCode::kIo ||
                  result.error().code == ErrorCode::kOutOfSpace)
          << what << ": " << Outcome(result);
      return;
    }
    if (result) {
      EXPECT_FALSE(wanted) << what << " should fail";
    } else if (wanted == std::nullopt && result.error().code == ErrorCode::kOutOfSpace) {
      EXPECT_TRUE(is_full_) << what << ": " << Outcome(result);  // found out beforehand
    } else {
      EXPECT_TRUE(result.error().code == wanted) << what << ": " << Outcome(result);
    }
  }

  void Create() {
    const int file = Pick(kFilesPerSeed);
    NewUpload request;
    if (!Chance(4)) request.length = files_[static_cast<size_t>(file)].size();
    request.is_partial = Chance(3);
    request.filename = std::to_string(file);
    if (!request.is_partial && Chance(2)) request.job_request = "{}";
    const bool is_large = Chance(15);
    if (is_large) request.length = kSizeMax + 1;
    const bool is_refused = is_hook_failing_ && request.length == 0U && !request.is_partial;
    const Result<Upload> made = uploads_->Create(request);
    Expect("create", made,
           is_large     ? std::optional(ErrorCode::kTooLarge)
           : is_refused ? std::optional(ErrorCode::kConflict)
                        : std::nullopt);
    if (!made || machine_.is_dead()) return;
    Adopt(*made);
    EXPECT_EQ(made->offset, 0U);
    EXPECT_EQ(made->state == UploadState::kComplete, request.length == 0U);
  }

  // An upload that was not known of: its name says what it is to hold.
  Told& Adopt(const Upload& row) {
    Told told;
    told.length = row.length;
    told.is_partial = row.is_partial;
    told.wants_job = !row.job_request.empty();
    told.parts = row.parts;
    if (row.parts.empty()) told.content = files_[static_cast<size_t>(std::stoi(row.filename))];
    for (const std::string& part : row.parts) told.content += told_[part].content;
    if (!row.parts.empty()) told.sent = told.content.size();
    return told_[row.id] = std::move(told);
  }

  // Whether a request at work has this upload.
  bool IsTaken(const std::string& id) const {
    return std::ranges::any_of(
        senders_, [&](const Sender& sender) { return sender.id == id && !*sender.is_evicted; });
  }

  std::optional<ErrorCode> WhyNotReceived(const std::string& id, uint64_t offset) {
    const auto found = told_.find(id);
    if (found == told_.end() || found->second.is_gone) return ErrorCode::kNotFound;
    const Told& told = found->second;
    if (told.state != UploadState::kReceiving || told.offset != offset) return ErrorCode::kConflict;
    return std::nullopt;
  }

  void Begin() {
    const std::string id = AnyId();
    const auto found = told_.find(id);
    const uint64_t known = found == told_.end() ? 0 : found->second.offset;
    const uint64_t offset = Chance(10) ? known + 1 : known;
    Sender sender;
    sender.id = id;
    sender.position = offset;
    std::optional<Checksum> checksum;
    if (found != told_.end() && offset < found->second.content.size() && Chance(3)) {
      const uint64_t left = found->second.content.size() - offset;
      sender.has_checksum = true;
      sender.is_bad = Chance(3);
      sender.end = offset + 1 + static_cast<uint64_t>(Pick(static_cast<int>(left)));
      const digest::Kind kind = Chance(2) ? digest::Kind::kSha1 : digest::Kind::kSha256;
      const std::string_view promised =
          std::string_view(found->second.content).substr(offset, sender.end - offset);
      checksum = Checksum{kind, DigestOf(kind, promised)};
    }
    const bool was_taken = IsTaken(id);  // then it saves what it has first, and that is not known
    auto receiver = uploads_->Receive(id, offset, std::move(checksum),
                                      [flag = sender.is_evicted] { *flag = true; });
    std::optional<ErrorCode> wanted = WhyNotReceived(id, offset);
    if (was_taken && !receiver) wanted = ErrorCode::kConflict;
    if (was_taken && receiver) wanted = std::nullopt;
    Expect("receive", receiver, wanted);
    if (!receiver) return;
    sender.receiver = *std::move(receiver);
    senders_.push_back(std::move(sender));
  }

  Sender* AnySender() {
    if (senders_.empty()) return nullptr;
    return &senders_[static_cast<size_t>(Pick(static_cast<int>(senders_.size())))];
  }

  void Append() {
    Sender* sender = AnySender();
    if (sender == nullptr || sender->has_failed) return;
    const Told& told = told_[sender->id];
    const uint64_t end = sender->has_checksum ? sender->end : told.content.size();
    const bool is_too_much = Chance(20);
    const uint64_t count =
        std::min<uint64_t>(end - sender->position, static_cast<uint64_t>(Pick(900)));
    if (is_too_much) {
      return AppendBytes(*sender, std::string(kSizeMax + 1, 'x'), ErrorCode::kTooLarge);
    }
    std::string bytes = told.content.substr(sender->position, count);
    if (sender->is_bad) {
      for (char& byte : bytes) byte = static_cast<char>(~byte);
    }
    AppendBytes(*sender, bytes, std::nullopt);
  }

  void AppendBytes(Sender& sender, const std::string& bytes, std::optional<ErrorCode> wanted) {
    Told& told = told_[sender.id];
    if (!sender.has_checksum && !wanted) {
      told.sent = std::max(told.sent, sender.position + bytes.size());
    }
    if (*sender.is_evicted) wanted = ErrorCode::kCancelled;
    const Result<void> appended = sender.receiver->Append(bytes);
    Expect(fmt::format("append {} at {}", bytes.size(), sender.position), appended, wanted);
    if (appended) sender.position += bytes.size();
    sender.has_failed = !appended;
  }

  // In one of the ways in which a request ends.
  void End() {
    if (senders_.empty()) return;
    const auto index = Pick(static_cast<int>(senders_.size()));
    Sender sender = std::move(senders_[static_cast<size_t>(index)]);
    senders_.erase(senders_.begin() + index);
    switch (Pick(4)) {
      case 0: return sender.receiver.reset();
      case 1: return EndWith("save", sender, sender.receiver->Save());
      default:
        if (sender.has_failed) return EndWith("save", sender, sender.receiver->Save());
        return Finish(sender);
    }
  }

  // What Save, or Finish, told.
  void EndWith(std::string_view what, const Sender& sender, const Result<Upload>& ended) {
    trace_.Add(fmt::format("{}: {}", what, Outcome(ended)));
    if (ended && !machine_.is_dead()) Learn(sender.id, *ended);
  }

  void Finish(const Sender& sender) {
    const Told& told = told_[sender.id];
    const uint64_t begin = told.offset;
    const bool is_wrong = sender.has_checksum && (sender.is_bad || sender.position != sender.end);
    if (sender.has_checksum && !is_wrong) {
      told_[sender.id].sent = std::max(told.sent, sender.end);
    }
    const bool completes = told.length == sender.position && !told.is_partial;
    const Result<Upload> ended = sender.receiver->Finish();
    std::optional<ErrorCode> wanted;
    if (is_hook_failing_ && completes) wanted = ErrorCode::kConflict;
    if (is_wrong && sender.position > begin) wanted = ErrorCode::kInvalidArgument;
    if (is_wrong && sender.position == begin) wanted = ErrorCode::kInvalidArgument;
    if (*sender.is_evicted) wanted = ErrorCode::kCancelled;
    Expect("finish", ended, wanted);
    if (!ended || machine_.is_dead()) return;
    EXPECT_EQ(ended->offset, sender.position);
    EXPECT_EQ(ended->state == UploadState::kComplete, ended->length == sender.position);
    Learn(sender.id, *ended);
  }

  void Learn(const std::string& id, const Upload& answer) {
    Told& told = told_[id];
    EXPECT_GE(answer.offset, told.offset);
    told.offset = answer.offset;
    if (answer.state != UploadState::kReceiving) told.state = answer.state;
  }

  // One request that sends all that is left.
  void SendRest(const std::string& id) {
    const auto found = told_.find(id);
    if (found == told_.end() || WhyNotReceived(id, found->second.offset)) return;
    Told& told = found->second;
    if (auto settled = uploads_->Settle(id); !settled) return;
    const Result<Upload> asked = uploads_->Find(id);
    if (!asked || asked->state != UploadState::kReceiving) return;
    told.offset = std::max(told.offset, asked->offset);
    Sender sender;
    sender.id = id;
    sender.position = asked->offset;
    auto receiver = uploads_->Receive(id, asked->offset, std::nullopt, [] {});
    Expect("send rest", receiver, std::nullopt);
    if (!receiver) return;
    sender.receiver = *std::move(receiver);
    while (sender.position < told.content.size()) {
      const auto count = static_cast<size_t>(1 + Pick(1000));
      AppendBytes(sender, told.content.substr(sender.position, count), std::nullopt);
      if (sender.has_failed) return EndWith("save", sender, sender.receiver->Save());
    }
    Finish(sender);
  }

  void SetLength() {
    const std::string id = AnyId();
    if (!told_.contains(id)) return;
    Told& told = told_[id];
    static_cast<void>(uploads_->Settle(id));
    const Result<Upload> asked = uploads_->Find(id);
    uint64_t length = told.content.size();
    std::optional<ErrorCode> wanted;
    if (told.is_gone || !asked) {
      wanted = ErrorCode::kNotFound;
    } else if (Chance(6)) {
      length = kSizeMax + 1;
      wanted = ErrorCode::kTooLarge;
    } else if (asked->length && Chance(3)) {
      length = *asked->length + 1;
      wanted = length > kSizeMax ? ErrorCode::kTooLarge : ErrorCode::kConflict;
    } else if (!asked->length && asked->offset > 0 && Chance(4)) {
      length = asked->offset - 1;
      wanted = ErrorCode::kInvalidArgument;
    }
    const bool completes = asked && asked->state == UploadState::kReceiving && !told.is_partial &&
                           asked->offset == length;
    if (!wanted && completes && is_hook_failing_) wanted = ErrorCode::kConflict;
    const Result<Upload> done = uploads_->SetLength(id, length);
    Expect(fmt::format("set length {}", length), done, wanted);
    if (!done || machine_.is_dead()) return;
    told.length = length;
    Learn(id, *done);
  }

  void Join() {
    NewUpload request;
    if (Chance(2)) request.job_request = "{}";
    std::vector<std::string> parts;
    for (const auto& [id, told] : told_) {
      if (told.is_partial ? Chance(2) : Chance(20)) parts.push_back(id);
    }
    if (parts.size() > 3) parts.resize(3);
    if (!parts.empty() && Chance(6)) parts.push_back(parts.front());
    const Result<Upload> joined = uploads_->Join(request, parts);
    trace_.Add(fmt::format("join {}: {}", parts.size(), Outcome(joined)));
    if (!joined || machine_.is_dead()) return;
    const bool is_known = told_.contains(joined->id);
    Told& told = is_known ? told_[joined->id] : Adopt(*joined);
    EXPECT_EQ(told.parts, parts);
    for (const std::string& part : parts) {
      EXPECT_TRUE(told_[part].is_partial);
      EXPECT_NE(told_[part].state, UploadState::kReceiving);
      told_[part].state = UploadState::kJoined;
    }
    Learn(joined->id, *joined);
    EXPECT_EQ(joined->state, UploadState::kComplete);
  }

  void Forget(const std::string& id) {
    told_[id].is_gone = true;
    for (const std::string& part : told_[id].parts) told_[part].is_gone = true;
  }

  void Delete() {
    const std::string id = AnyId();
    if (!told_.contains(id)) return;
    Told& told = told_[id];
    const bool was_taken = IsTaken(id);  // it may complete the upload first, with a job
    told.may_be_gone = true;
    const Result<void> deleted = uploads_->Delete(id);
    const bool is_kept =
        told.state == UploadState::kJoined ||
        (told.state == UploadState::kComplete && told.wants_job && !told.is_job_deleted);
    std::optional<ErrorCode> wanted;
    if (told.is_gone) wanted = ErrorCode::kNotFound;
    if (!told.is_gone && is_kept) wanted = ErrorCode::kConflict;
    if (was_taken && !deleted && told.wants_job) wanted = ErrorCode::kConflict;
    Expect("delete", deleted, wanted);
    if (!deleted && deleted.error().code == ErrorCode::kIo) Doubt(id, told);
    if (deleted && !machine_.is_dead()) Forget(id);
  }

  void Sweep() {
    is_sweeping_ = true;
    if (Chance(4)) clock_.Advance(Pick(2 * kExpiryMs));
    const Result<int> removed = uploads_->RemoveExpired();
    trace_.Add(fmt::format("sweep: {}", removed.value_or(-1)));
    EXPECT_TRUE(removed || IsTroubled());
    for (auto& [id, told] : told_) {
      if (IsTroubled() && HasExpired(told)) Doubt(id, told);
    }
  }

  // Its deletion was refused, but may come true until the next change is on disk.
  void Doubt(const std::string& id, Told& told) {
    if (const Result<Upload> now = uploads_->Find(id)) Learn(id, *now);
    told.is_doubtful = true;
  }

  bool HasExpired(const Told& told) const {
    return told.expires_ms > 0 && told.expires_ms <= clock_.WallMs();
  }

  // After a start: what was doubtful has come true, or is undone.
  void NothingIsDoubtful() {
    for (auto& [id, told] : told_) told.is_doubtful = false;
  }

  void Ask() {
    const std::string id = AnyId();
    static_cast<void>(uploads_->Settle(id));
    const Result<Upload> found = uploads_->Find(id);
    if (machine_.is_dead()) return;
    const auto told = told_.find(id);
    EXPECT_EQ(found.has_value(), told != told_.end() && !told->second.is_gone) << id;
    if (found) Learn(id, *found);
  }

  // Opens bytes, or reads on in what was opened. Never waits for more.
  void Read() {
    if (sources_.empty() || Chance(3)) {
      const std::string id = AnyId();
      auto source = uploads_->OpenSource(id);
      trace_.Add(fmt::format("open: {}", Outcome(source)));
      if (source) sources_.emplace_back(id, *std::move(source));
      return;
    }
    auto& [id, source] = sources_[static_cast<size_t>(Pick(static_cast<int>(sources_.size())))];
    std::stop_source stop;
    stop.request_stop();
    std::vector<char> buffer(1000);
    const auto offset = static_cast<uint64_t>(Pick(kSizeMax));
    const Result<size_t> count = source->ReadAt(offset, buffer, stop.get_token());
    trace_.Add(fmt::format("read: {}", count ? std::to_string(*count) : Outcome(count)));
    if (!count || *count == 0) return;
    const std::string& content = told_[id].content;
    ASSERT_LE(offset + *count, content.size());
    EXPECT_EQ(std::string_view(buffer.data(), *count),
              std::string_view(content).substr(offset, *count));
  }

  // What room `jobs` does later: a job ends, its media are let go, or it is deleted.
  void UseJob() {
    const std::string id = AnyId();
    if (!told_.contains(id)) return;
    Told& told = told_[id];
    const bool has_job = told.state == UploadState::kComplete && told.wants_job && !told.is_gone;
    if (!has_job || told.is_job_deleted) return;
    const int what = Pick(3);
    const Result<void> done = database_->Write([&](Connection& connection) -> Result<void> {
      const std::vector<std::string> jobs = TRY(store::JobsOf(connection, id));
      store::Job job = *TRY(store::FindJob(connection, jobs.at(0)));
      Upload upload = *TRY(store::FindUpload(connection, id));
      if (what == 0) {
        TRY_VOID(store::DeleteJob(connection, job.id));
        upload.expires_ms = clock_.WallMs();
      } else {
        job.state = store::JobState::kCompleted;
        job.finished_ms = clock_.WallMs();
        TRY_VOID(store::UpdateJob(connection, job));
        if (what == 2) upload.released_ms = clock_.WallMs();
      }
      for (const std::string& part_id : upload.parts) {
        Upload part = *TRY(store::FindUpload(connection, part_id));
        part.released_ms = upload.released_ms;
        TRY_VOID(store::UpdateUpload(connection, part));
      }
      return store::UpdateUpload(connection, upload);
    });
    Expect(fmt::format("job {}", what), done, std::nullopt);
    if (done && what == 2) {
      const Result<void> removed = uploads_->RemoveReleased(id);
      trace_.Add(fmt::format("release: {}", Outcome(removed)));
    }
  }

  void MakeTrouble() {
    switch (Pick(4)) {
      case 0: is_full_ = true; return machine_.SetSpace(static_cast<uint64_t>(Pick(6000)));
      case 1: is_full_ = false; return machine_.SetSpace(Machine::kRoomy);
      default: return machine_.FailAt(1 + Pick(20), Chance(3) ? 1 + Pick(6) : 1);
    }
  }

  void Crash() {
    const Machine::Death death = Chance(2) ? Machine::Death::kKill : Machine::Death::kPowerLoss;
    if (Chance(3)) return machine_.Die(death);
    machine_.DieAt(1 + Pick(25), death);
  }

  // --- What must hold ---

  Held Look() {
    auto held = database_->Read([](Connection& connection) -> Result<Held> {
      Held found;
      found.uploads = TRY(store::AllUploads(connection));
      for (const Upload& upload : found.uploads) {
        for (const std::string& id : TRY(store::JobsOf(connection, upload.id))) {
          found.jobs[upload.id].push_back(*TRY(store::FindJob(connection, id)));
        }
      }
      found.kept_bytes = TRY(store::KeptBytes(connection));
      return found;
    });
    CHECK(held);
    return *std::move(held);
  }

  void Check(Depth depth) {
    const Held held = Look();
    std::set<std::string> seen;
    uint64_t kept_bytes = 0;
    for (const Upload& row : held.uploads) {
      seen.insert(row.id);
      trace_.Add(fmt::format("{} {} {} {} {}", row.id, static_cast<int>(row.state), row.offset,
                             row.expires_ms, row.released_ms));
      if (!told_.contains(row.id)) {
        EXPECT_TRUE(IsTroubled() || depth == Depth::kAll) << "an upload that nobody made";
        Adopt(row);
      }
      const auto jobs = held.jobs.find(row.id);
      CheckRow(row, jobs == held.jobs.end() ? std::vector<store::Job>() : jobs->second, depth);
      const bool counts =
          row.released_ms == 0 && jobs != held.jobs.end() && jobs->second.front().finished_ms > 0;
      if (counts) kept_bytes += told_[row.id].content.size();
    }
    EXPECT_EQ(held.kept_bytes, kept_bytes);
    for (const bool is_joined : {true, false}) {  // parts go with the whole
      for (auto& [id, told] : told_) {
        if (!told.parts.empty() == is_joined && !seen.contains(id)) CheckGone(id, told);
      }
    }
    CheckFolder(held);
    EXPECT_EQ(log_.errors(), 0) << "acknowledged bytes are lost";
  }

  void CheckRow(const Upload& row, const std::vector<store::Job>& jobs, Depth depth) {
    Told& told = told_[row.id];
    EXPECT_FALSE(told.is_gone) << row.id << " is back";
    EXPECT_GE(row.offset, told.offset) << row.id;
    EXPECT_LE(row.offset, std::max(told.sent, told.offset)) << row.id;
    const bool is_whole = row.state != UploadState::kReceiving;
    EXPECT_TRUE(is_whole || told.state == UploadState::kReceiving) << row.id << " was complete";
    EXPECT_TRUE(!is_whole || row.offset == told.content.size()) << row.id << " is not";
    EXPECT_EQ(is_whole, row.length == row.offset);
    const bool has_job = is_whole && told.wants_job && !told.is_job_deleted;
    if (has_job && jobs.empty()) {
      // Deleted by one whose answer got lost, if at all: then the upload goes with it.
      EXPECT_TRUE(told.state != UploadState::kReceiving && row.expires_ms > 0) << row.id;
      told.is_job_deleted = true;
    } else {
      EXPECT_EQ(jobs.size(), has_job ? 1U : 0U) << row.id;
    }
    const bool is_in_use = row.state == UploadState::kJoined || !jobs.empty();
    EXPECT_TRUE(!is_in_use || row.expires_ms == 0) << row.id;
    if (is_sweeping_ && !IsTroubled() && row.expires_ms > 0) {
      EXPECT_GT(row.expires_ms, clock_.WallMs()) << "not swept";
    }
    const bool is_changed = row.offset != told.offset || row.state != told.state;
    told.offset = row.offset;
    told.state = row.state;
    told.length = row.length;
    told.expires_ms = row.expires_ms;
    told.is_released = row.released_ms > 0;
    told.may_be_gone = false;
    if (is_changed && depth == Depth::kChanged) told.is_doubtful = false;
    if (is_changed || depth == Depth::kAll) CheckBytes(row, depth);
  }

  void CheckBytes(const Upload& row, Depth depth) {
    const Told& told = told_[row.id];
    if (told.is_released) return;
    const Result<std::string> problem =
        FileProblem(machine_.uploads(), row, [](uint64_t) { return true; });
    EXPECT_EQ(problem.value_or("cannot be read"), "") << row.id;
    if (!row.parts.empty()) return;
    std::ifstream file(machine_.uploads() / row.id, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    ASSERT_GE(bytes.size(), row.offset) << row.id;
    EXPECT_TRUE(depth == Depth::kChanged || bytes.size() == row.offset) << row.id << " is not cut";
    EXPECT_TRUE(std::string_view(bytes).substr(0, row.offset) ==
                std::string_view(told.content).substr(0, row.offset))
        << row.id << " has other bytes";
    if (row.state == UploadState::kComplete && !row.is_partial) {
      EXPECT_EQ(row.sha256, digest::Hex(DigestOf(digest::Kind::kSha256, told.content)));
    }
  }

  void CheckGone(const std::string& id, Told& told) {
    if (told.is_gone) return;
    EXPECT_TRUE(told.may_be_gone || told.is_doubtful || (is_sweeping_ && HasExpired(told)))
        << id << " is lost";
    Forget(id);
  }

  // No file without an upload, and no upload without its file.
  void CheckFolder(const Held& held) {
    const auto stored = StoredFiles(machine_.uploads());
    ASSERT_TRUE(stored);
    std::set<std::string> names(stored->begin(), stored->end());
    for (const Upload& row : held.uploads) {
      if (!row.parts.empty() || told_[row.id].is_released) continue;
      EXPECT_EQ(names.erase(row.id), 1U) << row.id << " has no file";
    }
    for (const std::string& name : names) {
      EXPECT_TRUE(machine_.IsExcused(name)) << name << " is a file of no upload";
    }
  }

  // --- The end ---

  void Restart(std::optional<Machine::Death> death) {
    machine_.BeginStep();
    if (death) machine_.Die(*death);
    Recover();
  }

  // The storm is over: all that is left gets done, and stays.
  void Complete() {
    machine_.Calm();
    is_full_ = is_hook_failing_ = is_sweeping_ = false;
    senders_.clear();
    Restart(std::nullopt);
    for (auto& [id, told] : told_) {
      machine_.BeginStep();
      if (told.is_gone) continue;
      if (told.state == UploadState::kReceiving && !told.length) {
        const Result<Upload> known = uploads_->SetLength(id, told.content.size());
        ASSERT_TRUE(known) << known.error().message;
        Learn(id, *known);
      }
      SendRest(id);
      EXPECT_NE(told.state, UploadState::kReceiving);
      told.length = told.content.size();
    }
    for (const auto& death :
         {std::optional<Machine::Death>(), std::optional(Machine::Death::kPowerLoss)}) {
      if (!testing::Test::HasFailure()) Restart(death);
    }
  }

  void RemoveAll() {
    machine_.BeginStep();
    const Result<void> done = database_->Write([&](Connection& connection) -> Result<void> {
      for (Upload& upload : TRY(store::AllUploads(connection))) {
        for (const std::string& job : TRY(store::JobsOf(connection, upload.id))) {
          TRY_VOID(store::DeleteJob(connection, job));
        }
        if (upload.state == UploadState::kJoined) continue;
        upload.expires_ms = 1;
        TRY_VOID(store::UpdateUpload(connection, upload));
      }
      return {};
    });
    EXPECT_TRUE(done);
    EXPECT_TRUE(uploads_->RemoveExpired());
    const Held held = Look();
    EXPECT_TRUE(held.uploads.empty());
    EXPECT_EQ(held.kept_bytes, 0U);
    EXPECT_TRUE(StoredFiles(machine_.uploads())->empty());
  }

  std::mt19937 random_;
  Trace trace_;
  Machine machine_;
  ListeningToSystemCalls listening_;
  store::TestVfs vfs_;
  FakeClock clock_;
  WatchedLog log_;
  std::vector<std::string> files_;  // that clients have
  std::map<std::string, Told> told_;
  bool is_hook_failing_ = false;
  bool is_full_ = false;
  bool is_sweeping_ = false;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Uploads> uploads_;
  std::vector<Sender> senders_;
  std::vector<std::pair<std::string, std::shared_ptr<ByteSource>>> sources_;
};

// The hash of what happened.
uint64_t Simulate(unsigned seed) {
  const store::TemporaryFolder folder;
  EmptyLedger();  // before anyone listens
  Simulation simulation(folder.path(), seed);
  simulation.Run(100);
  if (testing::Test::HasFailure()) std::printf("%s", simulation.Newest().c_str());
  return simulation.hash();
}

// In several parts, which run at the same time (tests/seeds.h).
class SeedsTest : public testing::TestWithParam<unsigned> {};
constexpr unsigned kParts = 4;
constexpr unsigned kSeeds = 240;

TEST_P(SeedsTest, WhatWasToldHolds) { RunSeeds(SeedsOf(GetParam(), kParts, kSeeds), Simulate); }

INSTANTIATE_TEST_SUITE_P(Simulation, SeedsTest, testing::Range(0U, kParts));

TEST(SimulationTest, ASeedGivesTheSameRunAgain) { ExpectTheSameRunAgain(Simulate); }

}  // namespace
}  // namespace verbatim::upload
