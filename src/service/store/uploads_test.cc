#include "store/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UploadsTest : public ::testing::Test, protected TestDatabase {
 protected:
  static std::vector<std::string> Ids(const Result<std::vector<Upload>>& uploads) {
    EXPECT_TRUE(uploads);
    std::vector<std::string> ids;
    for (const Upload& upload : *uploads) ids.push_back(upload.id);
    return ids;
  }
};

Upload FullUpload() {
  Upload upload = MakeUpload("full", "a 'film'; DROP TABLE jobs.mp4");
  upload.state = UploadState::kJoined;
  upload.length = (uint64_t{1} << 40) + 1;
  upload.offset = (uint64_t{1} << 40) + 1;
  upload.is_partial = true;
  upload.parts = {"one", "two", "three"};
  upload.metadata = "filename ZQ==";
  upload.sha256 = std::string(64, 'a');
  upload.job_request = "{}";
  upload.expires_ms = 77;
  return upload;
}

void ExpectSame(const Upload& a, const Upload& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.length, b.length);
  EXPECT_EQ(a.offset, b.offset);
  EXPECT_EQ(a.is_partial, b.is_partial);
  EXPECT_EQ(a.parts, b.parts);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.filename, b.filename);
  EXPECT_EQ(a.sha256, b.sha256);
  EXPECT_EQ(a.job_request, b.job_request);
  EXPECT_EQ(a.created_ms, b.created_ms);
  EXPECT_EQ(a.expires_ms, b.expires_ms);
}

TEST_F(UploadsTest, EveryFieldComesBack) {
  ASSERT_TRUE(Write(InsertUpload, FullUpload()));
  ExpectSame(**Read(FindUpload, "full"), FullUpload());

  const Upload plain = MakeUpload("plain");
  ASSERT_TRUE(Write(InsertUpload, plain));
  ExpectSame(**Read(FindUpload, "plain"), plain);
  Upload updated = FullUpload();
  updated.id = "plain";
  ASSERT_TRUE(Write(UpdateUpload, updated));
  ExpectSame(**Read(FindUpload, "plain"), updated);

  Upload empty = MakeUpload("empty");
  empty.length = 0;
  ASSERT_TRUE(Write(InsertUpload, empty));
  EXPECT_EQ((*Read(FindUpload, "empty"))->length, 0u) << "zero is not unknown";
}

TEST_F(UploadsTest, WhatIsNotThereIsNotFound) {
  EXPECT_FALSE(*Read(FindUpload, "none"));
  EXPECT_EQ(CodeOfFailure(Write(UpdateUpload, MakeUpload("none"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOfFailure(Write(DeleteUpload, "none")), ErrorCode::kNotFound);
}

TEST_F(UploadsTest, AnIdIsGivenOnce) {
  ASSERT_TRUE(Write(InsertUpload, MakeUpload("a")));
  Result<void> again = Write(InsertUpload, MakeUpload("a"));
  EXPECT_EQ(CodeOfFailure(again), ErrorCode::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr("there is an upload a already"));
  ASSERT_TRUE(Write(DeleteUpload, "a"));
  EXPECT_TRUE(Write(InsertUpload, MakeUpload("a")));
}

TEST_F(UploadsTest, AllComeOldestFirst) {
  EXPECT_THAT(Ids(Read(AllUploads)), IsEmpty());
  for (const char* id : {"c", "a", "b"}) ASSERT_TRUE(Write(InsertUpload, MakeUpload(id)));
  EXPECT_THAT(Ids(Read(AllUploads)), ElementsAre("c", "a", "b"));
}

TEST_F(UploadsTest, OnlyThoseThatExpireDo) {
  for (const auto& [id, expires_ms] : {std::pair{"never", 0}, {"soon", 20}, {"late", 30}}) {
    Upload upload = MakeUpload(id);
    upload.expires_ms = expires_ms;
    ASSERT_TRUE(Write(InsertUpload, upload));
  }
  EXPECT_THAT(Ids(Read(ExpiredUploads, int64_t{19})), IsEmpty());
  EXPECT_THAT(Ids(Read(ExpiredUploads, int64_t{20})), ElementsAre("soon"));
  EXPECT_THAT(Ids(Read(ExpiredUploads, int64_t{1000})), ElementsAre("soon", "late"));
}

}  // namespace
}  // namespace verbatim::store
