// What the tests of this room share: uploads over a database, in a folder of their own, and a clock
// that they move.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/database.h"
#include "upload/uploads.h"

namespace verbatim::upload {

class FakeClock final : public Clock {
 public:
  int64_t WallMs() const override { return now_ms_; }
  int64_t SteadyMs() const override { return now_ms_; }
  void Advance(int64_t ms) { now_ms_ += ms; }

 private:
  std::atomic<int64_t> now_ms_{1'700'000'000'000};
};

// Bytes that differ from place to place.
inline std::string Pattern(size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  unsigned state = seed * 2654435761U + 1;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

class UploadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // In memory, where there is such a folder: these tests do not wait for disks.
    const std::filesystem::path memory = "/dev/shm";
    const auto base =
        access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (base / "uploads_test_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.limits.disk_reserve = 0;
    Reopen();
  }

  void TearDown() override {
    Close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Close() {
    uploads_.reset();
    database_.reset();
  }

  Result<void> TryReopen() {
    Close();
    database_ = TRY(store::Database::Open(folder_ / "verbatim.db"));
    options_.folder = folder_ / "uploads";
    uploads_ = TRY(Uploads::Open(options_, *database_, clock_, log_));
    return {};
  }

  void Reopen() {
    const Result<void> opened = TryReopen();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  store::Upload Create(std::optional<uint64_t> length, bool is_partial = false) {
    NewUpload request;
    request.length = length;
    request.is_partial = is_partial;
    request.filename = "talk.wav";
    Result<store::Upload> upload = uploads_->Create(request);
    EXPECT_TRUE(upload) << upload.error().message;
    return upload ? *upload : store::Upload{};
  }

  std::unique_ptr<Receiver> Receive(const std::string& id, uint64_t offset,
                                    std::optional<Checksum> checksum = std::nullopt) {
    auto receiver = uploads_->Receive(id, offset, std::move(checksum), [] {});
    EXPECT_TRUE(receiver) << receiver.error().message;
    return receiver ? std::move(*receiver) : nullptr;
  }

  // One request that sends all of `bytes`.
  Result<store::Upload> Send(const std::string& id, uint64_t offset, std::string_view bytes,
                             std::optional<Checksum> checksum = std::nullopt) {
    auto receiver = TRY(uploads_->Receive(id, offset, std::move(checksum), [] {}));
    TRY_VOID(receiver->Append(bytes));
    return receiver->Finish();
  }

  store::Upload CreatePart(std::string_view bytes) {
    const store::Upload part = Create(bytes.size(), true);
    const Result<store::Upload> sent = Send(part.id, 0, bytes);
    EXPECT_TRUE(sent) << sent.error().message;
    return part;
  }

  uint64_t Offset(const std::string& id) {
    const Result<store::Upload> upload = uploads_->Find(id);
    EXPECT_TRUE(upload);
    return upload ? upload->offset : UINT64_MAX;
  }

  std::filesystem::path FileOf(const std::string& id) const { return folder_ / "uploads" / id; }

  // All bytes of an upload that is complete.
  std::string ContentOf(const std::string& id) {
    auto source = uploads_->OpenSource(id);
    EXPECT_TRUE(source);
    return source ? ReadAll(**source) : std::string();
  }

  static std::string ReadAll(ByteSource& source) {
    std::string all;
    std::vector<char> buffer(1000);
    while (true) {
      const Result<size_t> count = source.ReadAt(all.size(), buffer, {});
      EXPECT_TRUE(count) << count.error().message;
      if (!count || *count == 0) return all;
      all.append(buffer.data(), *count);
    }
  }

  FakeClock clock_;
  QuietLog log_;
  UploadsOptions options_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Uploads> uploads_;
};

// The code of what failed; kInternal with a failure if nothing did.
template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

}  // namespace verbatim::upload
