// What the tests of this room share: a database in a folder of its own, and rows to put into it.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "store/database.h"
#include "store/events.h"
#include "store/jobs.h"
#include "store/transcripts.h"
#include "store/uploads.h"

namespace verbatim::store {

// A folder that ends with its owner, in memory if there is such a place: commits are synced often.
enum class FolderKind { kMemory, kDisk };
class TemporaryFolder {
 public:
  explicit TemporaryFolder(FolderKind kind = FolderKind::kMemory) {
    std::filesystem::path parent = "/dev/shm";
    if (kind == FolderKind::kDisk || ::access(parent.c_str(), W_OK) != 0)
      parent = std::filesystem::temp_directory_path();
    std::string name = (parent / "store_test_XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Upload MakeUpload(const std::string& id, const std::string& filename = "talk.mp4") {
  Upload upload;
  upload.id = id;
  upload.filename = filename;
  upload.created_ms = 1000;
  return upload;
}

inline Job MakeJob(const std::string& id, const std::string& upload) {
  Job job;
  job.id = id;
  job.upload = upload;
  job.options = "{}";
  job.created_ms = 2000;
  return job;
}

inline transcript::Transcript MakeTranscript(const std::vector<std::string>& texts) {
  transcript::Transcript transcript;
  for (const std::string& text : texts) {
    transcript::Segment segment;
    segment.begin = SampleTime{static_cast<int64_t>(transcript.segments.size()) * kSampleRate};
    segment.end = segment.begin + SampleTime{kSampleRate / 2};
    segment.text = text;
    transcript.segments.push_back(std::move(segment));
  }
  return transcript;
}

// What a fixture inherits beside ::testing::Test.
class TestDatabase {
 protected:
  explicit TestDatabase(FolderKind kind = FolderKind::kMemory) : folder_(kind) { Reopen(); }

  void Reopen() {
    database_.reset();
    Result<std::unique_ptr<Database>> opened = Database::Open(path());
    CHECK(opened);
    database_ = *std::move(opened);
  }

  std::filesystem::path path() const { return folder_.path() / "verbatim.db"; }

  // Runs one function of a table in a transaction of its own.
  template <typename Function, typename... Arguments>
  auto Write(Function function, const Arguments&... arguments) {
    return database_->Write([&](Connection& c) { return function(c, arguments...); });
  }
  template <typename Function, typename... Arguments>
  auto Read(Function function, const Arguments&... arguments) {
    return database_->Read([&](Connection& c) { return function(c, arguments...); });
  }

  // An upload and a job that has it, named alike.
  Job AddJob(const std::string& id, const std::string& filename = "talk.mp4") {
    CHECK(Write(InsertUpload, MakeUpload("upload_" + id, filename)));
    Job job = MakeJob(id, "upload_" + id);
    CHECK(Write(InsertJob, job));
    return job;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

// The code of what failed, none if nothing did.
template <typename T>
std::optional<ErrorCode> CodeOfFailure(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

}  // namespace verbatim::store
