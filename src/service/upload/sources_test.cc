#include <thread>

#include "digest/digest.h"
#include "upload/test_uploads.h"

namespace verbatim::upload {
namespace {

TEST_F(UploadsTest, ASourceWaitsForBytesAndSeesThemBeforeTheyAreAcknowledged) {
  const store::Upload upload = Create(6);
  const auto source = uploads_->OpenSource(upload.id).value();
  EXPECT_EQ(source->size(), 6U);
  EXPECT_EQ(source->available(), 0U);
  auto receiver = Receive(upload.id, 0);
  std::string all;
  std::jthread reader([&] { all = ReadAll(*source); });
  ASSERT_TRUE(receiver->Append(std::string_view("abc")));
  EXPECT_EQ(Offset(upload.id), 0U);
  EXPECT_EQ(source->available(), 3U);
  ASSERT_TRUE(receiver->Append(std::string_view("def")));
  reader.join();
  EXPECT_EQ(all, "abcdef");
  ASSERT_TRUE(receiver->Finish());
}

TEST_F(UploadsTest, ASourceWithoutALengthEndsWhenItIsTold) {
  const store::Upload upload = Create(std::nullopt);
  ASSERT_TRUE(Send(upload.id, 0, "abc"));
  const auto source = uploads_->OpenSource(upload.id).value();
  EXPECT_EQ(source->size(), std::nullopt);
  std::string all;
  std::jthread reader([&] { all = ReadAll(*source); });
  ASSERT_TRUE(uploads_->SetLength(upload.id, 3));
  reader.join();
  EXPECT_EQ(all, "abc");
  EXPECT_EQ(source->size(), 3U);
}

TEST_F(UploadsTest, AWaitingSourceEndsWhenTheUploadIsDeletedOrExpires) {
  for (const bool is_deleted : {true, false}) {
    const store::Upload upload = Create(6);
    const auto source = uploads_->OpenSource(upload.id).value();
    Result<size_t> count = 0;
    std::jthread reader([&] {
      char byte = 0;
      count = source->ReadAt(0, {&byte, 1}, {});
    });
    if (is_deleted) {
      ASSERT_TRUE(uploads_->Delete(upload.id));
    } else {
      clock_.Advance(options_.limits.expiry_ms);
      ASSERT_EQ(uploads_->RemoveExpired().value(), 1);
    }
    reader.join();
    EXPECT_EQ(CodeOf(count), ErrorCode::kNotFound);
  }
}

TEST_F(UploadsTest, AWaitingSourceCanBeStopped) {
  const store::Upload upload = Create(6);
  const auto source = uploads_->OpenSource(upload.id).value();
  Result<size_t> count = 0;
  std::jthread reader([&](const std::stop_token& stop) {
    char byte = 0;
    count = source->ReadAt(0, {&byte, 1}, stop);
  });
  reader.request_stop();
  reader.join();
  EXPECT_EQ(CodeOf(count), ErrorCode::kCancelled);
}

TEST_F(UploadsTest, BytesUnderAChecksumAreShownOnceItFits) {
  const store::Upload upload = Create(6);
  const auto source = uploads_->OpenSource(upload.id).value();
  auto receiver = Receive(upload.id, 0, Checksum{digest::Kind::kSha1, "wrong"});
  ASSERT_TRUE(receiver->Append(std::string_view("abc")));
  EXPECT_EQ(source->available(), 0U);
  EXPECT_FALSE(receiver->Finish());
  EXPECT_EQ(source->available(), 0U);
  digest::Digest digest(digest::Kind::kSha256);
  digest.Update(std::string_view("abc"));
  ASSERT_TRUE(Send(upload.id, 0, "abc", Checksum{digest::Kind::kSha256, digest.Finish()}));
  EXPECT_EQ(source->available(), 3U);
}

TEST_F(UploadsTest, ASourceOutlivesItsUpload) {
  const store::Upload upload = Create(6);
  const auto growing = uploads_->OpenSource(upload.id).value();
  ASSERT_TRUE(Send(upload.id, 0, "abcdef"));
  const auto complete = uploads_->OpenSource(upload.id).value();
  ASSERT_TRUE(uploads_->Delete(upload.id));
  EXPECT_EQ(ReadAll(*growing), "abcdef");
  EXPECT_EQ(ReadAll(*complete), "abcdef");
}

TEST_F(UploadsTest, JoinedPartsAreReadAcrossTheirBorders) {
  const std::string a = Pattern(10, 1), b = Pattern(1, 2), c = Pattern(20, 3);
  std::vector<std::string> ids;
  for (const std::string& bytes : {a, b, c}) ids.push_back(CreatePart(bytes).id);
  const auto joined = uploads_->Join({}, ids);
  ASSERT_TRUE(joined);
  const auto source = uploads_->OpenSource(joined->id).value();
  const std::string all = a + b + c;
  EXPECT_EQ(source->size(), all.size());
  EXPECT_EQ(source->available(), all.size());
  for (size_t offset = 0; offset < all.size(); ++offset) {
    std::string read(4, '\0');
    const Result<size_t> count = source->ReadAt(offset, read, {});
    ASSERT_TRUE(count);
    ASSERT_GT(*count, 0U);
    EXPECT_EQ(read.substr(0, *count), all.substr(offset, *count));
  }
  EXPECT_EQ(source->ReadAt(all.size(), std::span<char>(), {}).value(), 0U);
}

}  // namespace
}  // namespace verbatim::upload
