// Uploads over the wire: what needs a whole service. The protocol's table of requests and answers
// is in tests/e2e/test_tus.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/form.h"
#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

constexpr std::string_view kVersion = "Tus-Resumable: 1.0.0\r\n";

class UploadRoutesTest : public ::testing::Test {
 protected:
  // A new upload's path.
  std::string Create(std::string_view more) {
    const RawResponse response =
        service_.Ask("POST", "/api/uploads", fmt::format("{}{}", kVersion, more));
    EXPECT_EQ(response.status, 201) << response.body;
    return response.headers.contains("location") ? response.headers.at("location") : "";
  }

  static std::string PatchHeaders(uint64_t offset, std::string_view more = "") {
    return fmt::format("{}Content-Type: application/offset+octet-stream\r\nUpload-Offset: {}\r\n{}",
                       kVersion, offset, more);
  }

  RawResponse Patch(const std::string& path, uint64_t offset, std::string_view bytes,
                    std::string_view more = "") {
    return service_.Ask("PATCH", path, PatchHeaders(offset, more), bytes);
  }

  // "404" and the like if there is none.
  std::string Offset(const std::string& path) {
    const RawResponse response = service_.Ask("HEAD", path, kVersion);
    return response.status == 200 ? response.headers.at("upload-offset")
                                  : std::to_string(response.status);
  }

  boost::json::value Json(const std::string& path) {
    const RawResponse response = service_.Get(path);
    EXPECT_EQ(response.status, 200) << response.body;
    return boost::json::parse(response.body);
  }

  size_t CountUploads() {
    const auto uploads =
        service_.services().database.Read([](store::Connection& c) { return AllUploads(c); });
    EXPECT_TRUE(uploads);
    return uploads ? uploads->size() : 0;
  }

  RunningService service_;
};

TEST_F(UploadRoutesTest, AnUploadIsCutAndGoesOn) {
  const std::string path = Create("Upload-Length: 10\r\nUpload-Metadata: filename YS53YXY=\r\n");
  {
    tests::RawHttpClient client(service_.port());
    const std::string cut =
        RunningService::RequestText("PATCH", path, PatchHeaders(0), "0123456789");
    ASSERT_TRUE(client.Send(std::string_view(cut).substr(0, cut.size() - 6)));
    // Until it is there: HEAD would stop it.
    while (Json(path).at("offset").as_int64() == 0 && !client.HasInput()) {
      const auto source = service_.services().uploads.OpenSource(path.substr(13));
      ASSERT_TRUE(source);
      if ((*source)->available() == 4) break;
    }
  }
  EXPECT_EQ(Offset(path), "4");
  EXPECT_EQ(Patch(path, 0, "0123").status, 409);
  const RawResponse done = Patch(path, 4, "456789");
  EXPECT_EQ(done.status, 204);
  EXPECT_EQ(done.headers.at("upload-offset"), "10");
  const boost::json::value upload = Json(path);
  EXPECT_EQ(upload.at("state").as_string(), "complete");
  EXPECT_EQ(upload.at("filename").as_string(), "a.wav");
  EXPECT_EQ(upload.at("sha256").as_string(),
            "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882");
}

TEST_F(UploadRoutesTest, ARequestThatTakesOverEndsTheOtherOne) {
  const std::string path = Create("Upload-Length: 10\r\n");
  tests::RawHttpClient first(service_.port());
  const std::string cut = RunningService::RequestText("PATCH", path, PatchHeaders(0), "0123456789");
  ASSERT_TRUE(first.Send(std::string_view(cut).substr(0, cut.size() - 6)));
  while (Offset(path) == "0") {  // stops whoever has come by then, so it is sent once
    if (first.HasInput()) break;
  }
  const std::optional<RawResponse> refusal = first.ReceiveResponse("PATCH");
  if (refusal) {
    EXPECT_EQ(refusal->status, 409);
  }
  const std::string offset = Offset(path);
  EXPECT_EQ(Patch(path, std::stoull(offset), std::string("0123456789").substr(std::stoull(offset)))
                .status,
            204);
}

TEST_F(UploadRoutesTest, RefusedBytesLeaveNoUploadThatNobodyKnows) {
  const std::string bytes = "Content-Type: application/offset+octet-stream\r\n";
  const size_t before = CountUploads();
  const RawResponse mismatch = service_.Ask(
      "POST", "/api/uploads",
      fmt::format("{}Upload-Length: 5\r\n{}Upload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n",
                  kVersion, bytes),
      "01234");
  EXPECT_EQ(mismatch.status, 460) << mismatch.body;
  EXPECT_EQ(service_.Ask("PUT", "/api/uploads", "", std::string(100'001, 'x')).status, 413);
  EXPECT_EQ(CountUploads(), before);
}

TEST_F(UploadRoutesTest, AnErrorSaysWhichOffsetIsTrue) {
  const std::string path = Create("Upload-Length: 10\r\n");
  ASSERT_EQ(Patch(path, 0, "012").status, 204);
  const RawResponse response = Patch(path, 7, "789");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.headers.at("upload-offset"), "3");
  EXPECT_EQ(response.headers.at("tus-resumable"), "1.0.0");
  EXPECT_EQ(boost::json::parse(response.body).at("code").as_string(), "conflict");
}

TEST_F(UploadRoutesTest, AJobIsMadeByTheUploadThatAsksForIt) {
  // {"language":"de"}
  const std::string path =
      Create("Upload-Length: 5\r\nUpload-Metadata: job eyJsYW5ndWFnZSI6ImRlIn0=\r\n");
  EXPECT_EQ(boost::json::parse(service_.Get("/api/jobs").body).at("jobs").as_array().size(), 0U);
  EXPECT_EQ(Patch(path, 0, "sound").status, 204);
  const boost::json::value jobs = boost::json::parse(service_.Get("/api/jobs").body).at("jobs");
  ASSERT_EQ(jobs.as_array().size(), 1U);
  const boost::json::value& job = jobs.as_array().front();
  EXPECT_EQ(job.at("options").at("language").as_string(), "de");
  EXPECT_EQ(service_.End(std::string(job.at("id").as_string())), "completed");
  const RawResponse kept = service_.Ask("DELETE", path, kVersion);
  EXPECT_EQ(kept.status, 409);
  EXPECT_THAT(kept.body, HasSubstr("job " + std::string(job.at("id").as_string()) +
                                   " has the upload: delete the job"));
}

TEST_F(UploadRoutesTest, AJobThatCannotBeIsRefusedAtOnce) {
  // {"priority":99}
  const RawResponse response = service_.Ask(
      "POST", "/api/uploads",
      fmt::format("{}Upload-Length: 5\r\nUpload-Metadata: job eyJwcmlvcml0eSI6OTl9\r\n", kVersion));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("priority"));
}

TEST_F(UploadRoutesTest, APutIsAWholeFile) {
  const RawResponse response =
      service_.Ask("PUT", "/api/uploads?filename=..%2Fn%C3%A4me.wav", "", "01234");
  ASSERT_EQ(response.status, 201) << response.body;
  const boost::json::value upload = boost::json::parse(response.body);
  EXPECT_EQ(upload.at("filename").as_string(), "n\xc3\xa4me.wav");
  EXPECT_EQ(upload.at("offset").as_int64(), 5);
  EXPECT_EQ(response.headers.at("location"),
            "/api/uploads/" + std::string(upload.at("id").as_string()));
}

// Forms, by way of an endpoint that takes them.

TEST_F(UploadRoutesTest, AFormThatFailsLeavesNothing) {
  const size_t before = CountUploads();
  const auto post = [&](const std::string& form) {
    return service_.Ask("POST", "/api/jobs", kFormType, form).status;
  };
  const std::string file = Form({});
  const std::string open = file.substr(0, file.size() - 7);
  EXPECT_EQ(post(open), 400);                                     // cut off
  EXPECT_EQ(post(open + "--y\r\n"), 400);                         // the same, with something
  EXPECT_EQ(post(open + Form({})), 400);                          // two files
  EXPECT_EQ(post(Form({{"a", std::string(70'000, 'x')}})), 413);  // before the file
  EXPECT_EQ(post(open + Form({{"a", std::string(70'000, 'x')}}, std::nullopt)), 413);
  EXPECT_EQ(post(Form({}, std::string(100'001, 'x'))), 413);
  EXPECT_EQ(CountUploads(), before);
}

TEST_F(UploadRoutesTest, AFileFieldThatIsEmptyIsNoFile) {
  const std::string empty =
      "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n\r\n";
  const RawResponse none = service_.Ask("POST", "/api/jobs", kFormType, empty + "--x--\r\n");
  EXPECT_EQ(none.status, 400);
  const RawResponse one = service_.Ask("POST", "/api/jobs", kFormType, empty + Form({}));
  EXPECT_EQ(one.status, 202) << one.body;
}

TEST(ShownFilenameTest, NamesAreMadeHarmless) {
  EXPECT_EQ(ShownFilename("a b.wav"), "a b.wav");
  EXPECT_EQ(ShownFilename("../../etc/passwd"), "passwd");
  EXPECT_EQ(ShownFilename("C:\\clips\\a.wav"), "a.wav");
  EXPECT_EQ(ShownFilename("a\r\nb\t\x7f\0c"), "ab");
  EXPECT_EQ(ShownFilename("n\xc3\xa4me \xe2\x82\xac \xf0\x9f\x8e\xa4"),
            "n\xc3\xa4me \xe2\x82\xac \xf0\x9f\x8e\xa4");
  EXPECT_EQ(ShownFilename("\xff\xc3(\xed\xa0\x80\xc0\xaf\xf5\x80"),
            "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
            "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(ShownFilename(std::string(254, 'a') + "\xc3\xa4"), std::string(254, 'a'));
  EXPECT_EQ(ShownFilename(""), "");
}

}  // namespace
}  // namespace verbatim::api
