// What survives: a killed server, and a full disk.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <random>
#include <utility>

#include "store/test_vfs.h"
#include "tests/system_calls.h"
#include "upload/test_uploads.h"

namespace verbatim::upload {
namespace {

constexpr size_t kUploadSize = 4 << 20;

class CrashTest : public UploadsTest {
 protected:
  // Sends the rest of an upload in requests of random sizes; tells each offset that a client would
  // have been told.
  [[noreturn]] void SendUntilKilled(const std::string& id, unsigned seed, int to_parent) {
    std::mt19937 random(seed);
    const std::string bytes = Pattern(kUploadSize);
    if (!TryReopen()) _exit(1);
    uint64_t offset = Offset(id);
    while (offset < kUploadSize) {
      const size_t count = std::min<size_t>(kUploadSize - offset, random() % 50'000 + 1);
      const Result<store::Upload> sent =
          Send(id, offset, std::string_view(bytes).substr(offset, count));
      if (!sent) _exit(2);
      offset = sent->offset;
      if (write(to_parent, &offset, sizeof(offset)) != sizeof(offset)) _exit(3);
    }
    _exit(0);
  }

  // Runs a child until it has told `count` offsets, kills it, and returns the last offset told.
  uint64_t KillAfter(int count, const std::string& id, unsigned seed) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      SendUntilKilled(id, seed, ends[1]);
    }
    close(ends[1]);
    uint64_t told = 0;
    for (int i = 0; i < count && read(ends[0], &told, sizeof(told)) == sizeof(told); ++i) {
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(ends[0], &told, sizeof(told)) == sizeof(told)) {
    }
    close(ends[0]);
    return told;
  }
};

TEST_F(CrashTest, WhatWasAcknowledgedSurvivesKill) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const store::Upload upload = Create(kUploadSize);
  const std::string bytes = Pattern(kUploadSize);
  for (int turn = 0; turn < 6; ++turn) {
    Close();
    const int count = static_cast<int>(random() % 12 + 1);
    const uint64_t told = KillAfter(count, upload.id, static_cast<unsigned>(random()));
    Reopen();
    const uint64_t offset = Offset(upload.id);
    ASSERT_GE(offset, told);
    std::ifstream file(FileOf(upload.id), std::ios::binary);
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    ASSERT_EQ(kept.size(), offset);
    ASSERT_TRUE(kept == bytes.substr(0, offset));
  }
}

// The n-th change to the ledger's files fails, for every n: afterwards all opens, and nothing told
// is missing.
class FailingLedgerTest : public UploadsTest {
 protected:
  static constexpr int kStride = 3;  // not every n: each takes a database of its own
  static constexpr std::string_view kBytes = "0123456789";

  // Sends as far as it goes; returns the upload, with the offset that was told last.
  store::Upload SendAll() {
    NewUpload request;
    request.length = kBytes.size();
    Result<store::Upload> upload = uploads_->Create(request);
    if (!upload) return {};
    for (const size_t end : {4U, 10U}) {
      const Result<store::Upload> sent =
          Send(upload->id, upload->offset, kBytes.substr(upload->offset, end - upload->offset));
      if (sent) upload = sent;
    }
    return *upload;
  }

  void Finish(const store::Upload& told) {
    const Result<store::Upload> kept = uploads_->Find(told.id);
    ASSERT_TRUE(kept) << kept.error().message;
    ASSERT_GE(kept->offset, told.offset);
    if (kept->state == store::UploadState::kReceiving) {
      ASSERT_TRUE(Send(told.id, kept->offset, kBytes.substr(kept->offset)));
    }
    EXPECT_EQ(ContentOf(told.id), kBytes);
  }
};

TEST_F(FailingLedgerTest, NothingThatWasToldIsMissing) {
  int left = 0;  // operations until the one that fails; 0: none does
  bool has_failed = false;
  const store::TestVfs vfs([&](const store::FileOperation& operation) {
    if (left == 0 || --left > 0) return SQLITE_OK;
    has_failed = true;
    return store::CodeOf(operation.kind);
  });
  for (int n = 1;; n += kStride) {
    SCOPED_TRACE("operation " + std::to_string(n));
    Close();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    Reopen();
    has_failed = false;
    left = n;
    const store::Upload told = SendAll();
    left = 0;
    if (!has_failed) {
      EXPECT_GT(n, 10);
      EXPECT_EQ(told.state, store::UploadState::kComplete);
      break;
    }
    Reopen();
    if (!told.id.empty()) Finish(told);
    if (HasFatalFailure()) break;
  }
  Close();  // before the layer below it goes
}

// The first sync that it is to refuse fails; as on Linux, the next one would succeed, without the
// bytes.
class FailingSync final : public SeededChance {
 public:
  FailingSync() : SeededChance(1) {}
  bool IsWatched(const std::string& path) const override { return path.contains("/uploads/"); }
  int OnSync(const std::string&) override { return std::exchange(is_failing_, false) ? EIO : 0; }
  void Fail() { is_failing_ = true; }

 private:
  bool is_failing_ = false;
};

TEST_F(UploadsTest, WhatASyncFailedToPutOnDiskIsNeverAcknowledged) {
  FailingSync disk;
  const ListeningToSystemCalls listening(disk);
  const std::string bytes = Pattern(100);
  const store::Upload upload = Create(bytes.size());
  auto receiver = Receive(upload.id, 0);
  clock_.Advance(2000);  // what comes is acknowledged at once
  disk.Fail();
  EXPECT_EQ(CodeOf(receiver->Append(std::string_view(bytes).substr(0, 50))), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(receiver->Save()), ErrorCode::kIo);
  receiver.reset();
  EXPECT_EQ(Offset(upload.id), 0U);
  EXPECT_TRUE(Send(upload.id, 0, bytes));
  EXPECT_EQ(ContentOf(upload.id), bytes);
}

// A disk of 2 MiB that no other process sees.
class FullDiskTest : public UploadsTest {
 protected:
  void SetUp() override {
    UploadsTest::SetUp();
    Close();
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=2m") != 0) {
      GTEST_SKIP() << "a small disk needs the rights of root";
    }
    is_mounted_ = true;
    Reopen();
  }
  void TearDown() override {
    Close();
    if (is_mounted_) umount2(folder_.c_str(), MNT_DETACH);
    UploadsTest::TearDown();
  }

  // Takes all the space but about this much.
  void FillBut(uint64_t left) {
    std::error_code error;
    const uint64_t free = std::filesystem::space(folder_, error).available;
    std::ofstream(folder_ / "filler") << std::string(free > left ? free - left : 0, 'x');
  }

  bool is_mounted_ = false;
};

TEST_F(FullDiskTest, AFullDiskKeepsTheOffsetTruthfulAndUploadsGoOnAfterIt) {
  const std::string bytes = Pattern(600'000);
  const store::Upload upload = Create(bytes.size());
  FillBut(300'000);
  auto receiver = Receive(upload.id, 0);
  Result<void> appended;
  size_t sent = 0;
  while (appended && sent < bytes.size()) {
    const size_t count = std::min<size_t>(64 << 10, bytes.size() - sent);
    appended = receiver->Append(std::string_view(bytes).substr(sent, count));
    if (appended) sent += count;
  }
  EXPECT_EQ(CodeOf(appended), ErrorCode::kOutOfSpace);
  receiver.reset();
  EXPECT_EQ(CodeOf(uploads_->Create(NewUpload{1 << 20, false, "", "", ""})),
            ErrorCode::kOutOfSpace);

  std::filesystem::remove(folder_ / "filler");
  const uint64_t offset = Offset(upload.id);
  EXPECT_GE(std::filesystem::file_size(FileOf(upload.id)), offset);
  const Result<store::Upload> done =
      Send(upload.id, offset, std::string_view(bytes).substr(offset));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ContentOf(upload.id), bytes);
}

TEST_F(FullDiskTest, UploadsLeaveTheReserveFree) {
  options_.limits.disk_reserve = 1 << 20;
  Reopen();
  const store::Upload upload = Create(std::nullopt);
  const std::string bytes = Pattern(64 << 10);
  auto receiver = Receive(upload.id, 0);
  Result<void> appended;
  for (int i = 0; i < 100 && appended; ++i) appended = receiver->Append(bytes);
  EXPECT_EQ(CodeOf(appended), ErrorCode::kOutOfSpace);
  const Result<store::Upload> saved = receiver->Save();
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_GT(saved->offset, 0U);
  EXPECT_GE(std::filesystem::space(folder_).available + (128U << 10), options_.limits.disk_reserve);
}

}  // namespace
}  // namespace verbatim::upload
