// A real file system that is full: two megabytes of memory, where the system allows to mount some.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

namespace fs = std::filesystem;

constexpr int kNotAllowed = 77;

void ExpectStep(int number, bool is_good) {
  if (!is_good) _exit(number);
}

// In a process with mounts of its own; ends with the number of the step that failed, or 0.
[[noreturn]] void FillADisk(const fs::path& folder) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(kNotAllowed);
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=2m") != 0) _exit(kNotAllowed);
  const fs::path ballast = folder / "ballast";
  std::ofstream(ballast) << std::string(600'000, 'b');

  auto database = *Database::Open(folder / "verbatim.db");
  size_t count = 0;
  const auto insert = [&] {
    Upload upload = MakeUpload(std::to_string(count));
    upload.metadata.assign(20'000, 'm');
    Result<void> done = database->Write([&](Connection& c) { return InsertUpload(c, upload); });
    if (done) ++count;
    return done;
  };
  const auto stored = [&] {
    const auto uploads = database->Read([](Connection& c) { return AllUploads(c); });
    return uploads ? uploads->size() : SIZE_MAX;
  };
  Result<void> done;
  while (done && count < 1000) done = insert();
  ExpectStep(1, CodeOfFailure(done) == ErrorCode::kOutOfSpace);
  ExpectStep(2, CodeOfFailure(insert()) == ErrorCode::kOutOfSpace);
  ExpectStep(3, count > 10 && stored() == count);

  // A restart while the disk is full either works or says why not.
  database.reset();
  auto reopened = Database::Open(folder / "verbatim.db");
  ExpectStep(4, reopened.has_value() || reopened.error().code == ErrorCode::kOutOfSpace);
  if (reopened) database = *std::move(reopened);
  fs::remove(ballast);
  if (!database) database = *Database::Open(folder / "verbatim.db");
  ExpectStep(5, stored() == count);
  ExpectStep(6, insert().has_value());
  database.reset();
  database = *Database::Open(folder / "verbatim.db");
  ExpectStep(7, stored() == count);
  _exit(0);
}

TEST(FullDisk, IsSurvivedOnARealFileSystem) {
  const TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) FillADisk(folder.path());
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == kNotAllowed) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that failed";
}

}  // namespace
}  // namespace verbatim::store
