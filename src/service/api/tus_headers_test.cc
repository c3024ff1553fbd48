#include "api/tus_headers.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <tuple>

namespace verbatim::api {
namespace {

const std::string kId(32, 'a');
const std::string kOther(32, 'b');

using Field = std::pair<std::string, std::string>;

http::Request MakeRequest(std::vector<Field> fields, std::optional<uint64_t> content_length = 0) {
  http::Request request;
  request.content_length = content_length;
  request.is_chunked = !content_length;
  for (auto& [name, value] : fields) request.headers.Add(std::move(name), std::move(value));
  return request;
}

template <typename T>
int StatusOfRefusal(const TusResult<T>& result) {
  return result ? 0 : result.error().status;
}

TEST(TusHeadersTest, NumbersAreDigitsAlone) {
  EXPECT_EQ(ParseTusNumber("n", "0").value(), 0U);
  EXPECT_EQ(ParseTusNumber("n", "007").value(), 7U);
  EXPECT_EQ(ParseTusNumber("n", "18446744073709551615").value(), UINT64_MAX);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1.5", "1e3", "0x10", "a", "18446744073709551616", "1,2"}) {
    EXPECT_EQ(StatusOfRefusal(ParseTusNumber("n", text)), 400) << text;
  }
}

TEST(TusHeadersTest, MetadataIsPairsOfKeysAndBase64) {
  const auto metadata = ParseTusMetadata("filename dGFsay53YXY=,empty,blank ,is_x WA==");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(*metadata,
            (TusMetadata{{"filename", "talk.wav"}, {"empty", ""}, {"blank", ""}, {"is_x", "X"}}));
  EXPECT_EQ(TusMetadataValue(*metadata, "filename"), "talk.wav");
  EXPECT_EQ(TusMetadataValue(*metadata, "none"), "");
}

TEST(TusHeadersTest, MetadataThatIsMalformedIsRefused) {
  for (const char* text :
       {"a YQ==,a Yg==", ",", "a YQ==,", ",a YQ==", " YQ==", "a YQ", "a Y===", "a ====", "a YR==",
        "a YQ==,, b Yg==", "a YQ== Yg==", "a Y_==", "a Y Q=", "k\xc3\xa4 YQ==", "a YWF="}) {
    EXPECT_EQ(StatusOfRefusal(ParseTusMetadata(text)), 400) << text;
  }
}

TEST(TusHeadersTest, Base64HoldsAnyBytes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const auto metadata = ParseTusMetadata(
      "k AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQk"
      "NERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4"
      "iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM"
      "3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->front().second, all);
}

TEST(TusHeadersTest, ChecksumsAreSha1AndSha256) {
  const auto sha1 = ParseTusChecksum("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  ASSERT_TRUE(sha1);
  EXPECT_EQ(sha1->kind, digest::Kind::kSha1);
  EXPECT_EQ(sha1->digest.size(), 20U);
  EXPECT_EQ(sha1->digest.front(), '\xa9');
  const auto sha256 = ParseTusChecksum("sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  ASSERT_TRUE(sha256);
  EXPECT_EQ(sha256->kind, digest::Kind::kSha256);
  EXPECT_EQ(sha256->digest.size(), 32U);
  for (const char* text :
       {"", "sha1", "sha1 ", "md5 kAFQmDzST7DWlj99KOF/cg==", "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0", "sha1  qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        "sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha1 a9993e364706816aba3e25717850c26c9cd0d89d"}) {
    EXPECT_EQ(StatusOfRefusal(ParseTusChecksum(text)), 400) << text;
  }
}

TEST(TusHeadersTest, PartsAreAddressesOfUploads) {
  EXPECT_EQ(ParseTusConcat("partial").value().kind, TusConcat::Kind::kPartial);
  const auto concat = ParseTusConcat("final;/api/uploads/" + kId +
                                     " https://a.example:8443/x/api/uploads/" + kOther);
  ASSERT_TRUE(concat) << concat.error().detail;
  EXPECT_EQ(concat->kind, TusConcat::Kind::kFinal);
  EXPECT_EQ(concat->parts, (std::vector{kId, kOther}));
}

TEST(TusHeadersTest, WhatIsNoAddressOfAnUploadIsRefused) {
  const std::string good = "/api/uploads/" + kId;
  for (const std::string& text :
       {std::string(), std::string("final"), std::string("final;"), std::string("Partial"),
        "partial;" + good, "final; " + good, "final;" + good + " ", "final;" + good + "  " + good,
        "final;" + kId, "final;/files/" + kId, "final;.." + good, "final;ftp://a" + good,
        "final;" + good + "/", "final;" + good + "?x", "final;http://a/?x=" + good,
        "final;http://a/#" + good, std::string("final;/api/uploads/../../etc/passwd"),
        "final;/api/uploads/" + std::string(31, 'a'),
        "final;/api/uploads/" + std::string(32, 'A')}) {
    const int status = StatusOfRefusal(ParseTusConcat(text));
    if (text == "final;" + good + " ") {
      EXPECT_EQ(status, 0) << text;  // a blank at the end names no part
    } else {
      EXPECT_EQ(status, 400) << text;
    }
  }
  std::string many = "final;";
  for (int i = 0; i < 101; ++i) many += good + " ";
  EXPECT_EQ(StatusOfRefusal(ParseTusConcat(many)), 400);
}

struct CreationCase {
  const char* name;
  std::vector<Field> fields;
  std::optional<uint64_t> content_length;
  int status;  // 0: accepted
};

TEST(TusHeadersTest, Creations) {
  const Field version{"Tus-Resumable", "1.0.0"};
  const Field length{"Upload-Length", "10"};
  const Field bytes{"Content-Type", "application/offset+octet-stream"};
  const Field final{"Upload-Concat", "final;/api/uploads/" + kId};
  const CreationCase cases[] = {
      {"length", {version, length}, 0, 0},
      {"deferred", {version, {"Upload-Defer-Length", "1"}}, 0, 0},
      {"partial", {version, length, {"Upload-Concat", "partial"}}, 0, 0},
      {"final", {version, final}, 0, 0},
      {"bytes", {version, length, bytes}, 10, 0},
      {"bytes in chunks", {version, length, bytes}, std::nullopt, 0},
      {"empty metadata", {version, length, {"Upload-Metadata", ""}}, 0, 0},
      {"no version", {length}, 0, 412},
      {"old version", {{"Tus-Resumable", "0.2.2"}, length}, 0, 412},
      {"two versions", {version, version, length}, 0, 412},
      {"no length", {version}, 0, 400},
      {"both", {version, length, {"Upload-Defer-Length", "1"}}, 0, 400},
      {"deferred 0", {version, {"Upload-Defer-Length", "0"}}, 0, 400},
      {"two lengths", {version, length, length}, 0, 400},
      {"negative", {version, {"Upload-Length", "-1"}}, 0, 400},
      {"final with length", {version, length, final}, 0, 400},
      {"final with bytes", {version, bytes, final}, 10, 403},
      {"bytes of another type", {version, length, {"Content-Type", "text/plain"}}, 10, 415},
      {"bytes without type", {version, length}, 10, 415},
      {"too many bytes", {version, length, bytes}, 11, 413},
      {"bad metadata", {version, length, {"Upload-Metadata", "a b c"}}, 0, 400},
      {"bad concat", {version, length, {"Upload-Concat", "no"}}, 0, 400},
      {"bad checksum", {version, length, bytes, {"Upload-Checksum", "md5 x"}}, 10, 400},
  };
  for (const CreationCase& c : cases) {
    const auto creation = ParseTusCreation(MakeRequest(c.fields, c.content_length));
    EXPECT_EQ(StatusOfRefusal(creation), c.status) << c.name;
  }
}

TEST(TusHeadersTest, Patches) {
  const Field version{"Tus-Resumable", "1.0.0"};
  const Field offset{"Upload-Offset", "5"};
  const Field bytes{"Content-Type", "application/offset+octet-stream"};
  const CreationCase cases[] = {
      {"plain", {version, bytes, offset}, 3, 0},
      {"empty", {version, bytes, offset}, 0, 0},
      {"with length", {version, bytes, offset, {"Upload-Length", "9"}}, 3, 0},
      {"no version", {bytes, offset}, 3, 412},
      {"no type", {version, offset}, 3, 415},
      {"no offset", {version, bytes}, 3, 400},
      {"two offsets", {version, bytes, offset, offset}, 3, 400},
      {"bad offset", {version, bytes, {"Upload-Offset", "x"}}, 3, 400},
      {"bad length", {version, bytes, offset, {"Upload-Length", "x"}}, 3, 400},
      {"bad checksum", {version, bytes, offset, {"Upload-Checksum", "sha1 x"}}, 3, 400},
      {"two checksums",
       {version,
        bytes,
        offset,
        {"Upload-Checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
        {"Upload-Checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="}},
       3,
       400},
  };
  for (const CreationCase& c : cases) {
    const auto patch = ParseTusPatch(MakeRequest(c.fields, c.content_length));
    EXPECT_EQ(StatusOfRefusal(patch), c.status) << c.name;
    if (patch) {
      EXPECT_EQ(patch->offset, 5U);
    }
  }
}

TEST(TusHeadersTest, DatesAreThoseOfHttp) {
  EXPECT_EQ(HttpDate(1'403'712'000'000), "Wed, 25 Jun 2014 16:00:00 GMT");
  EXPECT_EQ(HttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace verbatim::api
