// Many requests for one upload at the same time: whoever wins, the bytes are right.
#include <random>
#include <thread>

#include "upload/test_uploads.h"

namespace verbatim::upload {
namespace {

constexpr size_t kSize = 200'000;
constexpr int kThreads = 4;
constexpr int kTurns = 40;  // of each thread

class RaceTest : public UploadsTest {
 protected:
  // One request as a client makes it: asks for the offset, sends some bytes, sometimes breaks off.
  void SendSome(std::mt19937& random) {
    const Result<store::Upload> upload = uploads_->Find(id_);
    ASSERT_TRUE(upload);
    if (upload->state == store::UploadState::kComplete) return;
    auto receiver = uploads_->Receive(id_, upload->offset, std::nullopt, [] {});
    if (!receiver) {
      EXPECT_TRUE(IsFair(receiver.error())) << receiver.error().message;
      return;
    }
    uint64_t offset = upload->offset;
    for (unsigned i = 0; i < random() % 4; ++i) {
      const size_t count = std::min<size_t>(random() % 2000 + 1, kSize - offset);
      const auto appended = (*receiver)->Append(std::string_view(bytes_).substr(offset, count));
      if (!appended) {
        EXPECT_TRUE(IsFair(appended.error())) << appended.error().message;
        return;
      }
      offset += count;
    }
    if (random() % 3 == 0) return;
    const auto done = random() % 2 == 0 ? (*receiver)->Finish() : (*receiver)->Save();
    if (done) {
      EXPECT_EQ(done->offset, offset);
    } else {
      EXPECT_TRUE(IsFair(done.error())) << done.error().message;
    }
  }

  static bool IsFair(const Error& error) {
    return error.code == ErrorCode::kConflict || error.code == ErrorCode::kCancelled;
  }

  std::string bytes_ = Pattern(kSize);
  std::string id_;
};

TEST_F(RaceTest, TheBytesAreRightWhoeverWins) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  id_ = Create(kSize).id;
  const auto source = uploads_->OpenSource(id_).value();
  std::string read;
  std::jthread reader([&] { read = ReadAll(*source); });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        std::mt19937 random(seed + static_cast<unsigned>(i));
        for (int turn = 0; turn < kTurns; ++turn) {
          SendSome(random);
          if (random() % 8 == 0) {
            EXPECT_TRUE(uploads_->Settle(id_));
          }
        }
      });
    }
  }
  const uint64_t offset = Offset(id_);
  if (offset < kSize) {
    ASSERT_TRUE(Send(id_, offset, std::string_view(bytes_).substr(offset)));
  }
  reader.join();
  EXPECT_TRUE(read == bytes_);
  EXPECT_TRUE(ContentOf(id_) == bytes_);
}

TEST_F(RaceTest, ADeletedUploadStaysDeleted) {
  for (int turn = 0; turn < 10; ++turn) {
    id_ = Create(kSize).id;
    {
      std::jthread sender([&] {
        auto receiver = uploads_->Receive(id_, 0, std::nullopt, [] {});
        while (receiver && (*receiver)->Append(std::string_view(bytes_).substr(0, 1))) {
        }
      });
      std::jthread remover([&] { EXPECT_TRUE(uploads_->Delete(id_)); });
    }
    EXPECT_EQ(CodeOf(uploads_->Find(id_)), ErrorCode::kNotFound);
    EXPECT_FALSE(std::filesystem::exists(FileOf(id_)));
  }
}

}  // namespace
}  // namespace verbatim::upload
