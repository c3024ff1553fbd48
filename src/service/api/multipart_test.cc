#include "api/multipart.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace verbatim::api {
namespace {

using Kind = MultipartEvent::Kind;

// What a parser says, as lines; the last one is "end" or an error's code.
std::vector<std::string> Parse(std::string_view body, size_t step = SIZE_MAX,
                               MultipartLimits limits = {}, std::string_view boundary = "b") {
  MultipartParser parser(boundary, limits);
  std::vector<std::string> said;
  std::string file;
  while (true) {
    const Result<MultipartEvent> event = parser.Next();
    if (!event) {
      said.emplace_back(ErrorCodeName(event.error().code));
      return said;
    }
    switch (event->kind) {
      case Kind::kNeedBytes: {
        const size_t count = std::min(step, body.size());
        parser.Push(std::span<const char>(body.data(), count));
        body.remove_prefix(count);
        break;
      }
      case Kind::kField: said.push_back(event->name + "=" + event->value); break;
      case Kind::kFileBegin:
        said.push_back(event->name + ":" + event->filename + ":" + event->content_type);
        file.clear();
        break;
      case Kind::kFileBytes: file.append(event->bytes.data(), event->bytes.size()); break;
      case Kind::kFileEnd: said.push_back("file " + file); break;
      case Kind::kEnd: said.emplace_back("end"); return said;
    }
  }
}

std::string Part(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; " + name + "\r\n\r\n" + value + "\r\n";
}

using Said = std::vector<std::string>;

TEST(MultipartTest, FieldsAndAFileAreReadHoweverTheyAreCut) {
  const std::string body = Part("name=\"model\"", "tiny") +
                           "--b\r\ncontent-type: audio/wav\r\nContent-Disposition: form-data; "
                           "name=file; filename=\"a b.wav\"\r\n\r\nRIFF\r\n--\r\n-\r\n--ax\r\n" +
                           Part("name=empty", "") + "--b--\r\nepilogue";
  const Said expected = {"model=tiny", "file:a b.wav:audio/wav", "file RIFF\r\n--\r\n-\r\n--ax",
                         "empty=", "end"};
  for (size_t step = 1; step < 80; ++step) EXPECT_EQ(Parse(body, step), expected) << step;
  EXPECT_EQ(Parse(body), expected);
}

TEST(MultipartTest, APreambleAndBlanksAfterABoundaryAreSkipped) {
  EXPECT_EQ(Parse("hello\r\n--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--"),
            (Said{"a=x", "end"}));
  EXPECT_EQ(Parse("--b--"), (Said{"end"}));
}

TEST(MultipartTest, NamesAreReadAsClientsWriteThem) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(name="f"; filename="say \"hi\".wav")", "f:say \"hi\".wav:"},    // curl
      {R"(name="f"; filename="say %22hi%22.wav")", "f:say \"hi\".wav:"},  // browsers
      {R"(name="f"; filename="100%.wav")", "f:100%.wav:"},
      {R"(name="f"; filename="C:\dir\a.wav")", R"(f:C:\dir\a.wav:)"},  // old browsers
      {R"(name="f"; filename="a;b=c.wav")", "f:a;b=c.wav:"},
      {R"(name="f"; filename*=UTF-8''na%C3%AFve.wav)", "f:na\xc3\xafve.wav:"},
      {R"(name="f"; filename="x"; filename*=utf-8'en'y%20z)", "f:y z:"},
      {R"(name="f"; filename="x"; filename*=utf-8''%zz)", "f:x:"},
      {R"(NAME=f ; FileName = a.wav )", "f:a.wav:"},
      {R"(name="f"; filename="")", "f::"},
  };
  for (const auto& [disposition, said] : cases) {
    EXPECT_EQ(Parse(Part(disposition, "x") + "--b--").front(), said) << disposition;
  }
}

TEST(MultipartTest, MalformedFormsAreRefused) {
  const std::string part = Part("name=a", "x");
  const std::string bodies[] = {
      "",
      "--b",
      "--b\r\n",
      part,
      part + "--b",
      part + "--b-",
      "--bx\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--",
      "--b\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b"
      "\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=a\r\nno colon\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\nx\r\n--b--",
      "--b\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=a"
      "\r\n\r\nx\r\n--b--",
      "--b\nContent-Disposition: form-data; name=a\n\nx\n--b--",
  };
  for (const std::string& body : bodies) {
    EXPECT_EQ(Parse(body).back(), "invalid_argument") << body;
    EXPECT_EQ(Parse(body, 1).back(), "invalid_argument") << body;
  }
}

TEST(MultipartTest, LimitsHoldBeforeMemoryIsUsed) {
  MultipartLimits limits;
  limits.field_size_max = 10;
  EXPECT_EQ(Parse(Part("name=a", std::string(10, 'x')) + "--b--", 7, limits).back(), "end");
  EXPECT_EQ(Parse(Part("name=a", std::string(11, 'x')) + "--b--", 7, limits).back(), "too_large");
  limits.part_header_size_max = 100;
  EXPECT_EQ(Parse("--b\r\nX: " + std::string(1000, 'x'), 7, limits).back(), "too_large");
  EXPECT_EQ(Parse("--b" + std::string(1000, ' '), 7, limits).back(), "invalid_argument");
  limits.parts_max = 2;
  const std::string part = Part("name=a", "x");
  EXPECT_EQ(Parse(part + part + "--b--", 7, limits).back(), "end");
  EXPECT_EQ(Parse(part + part + part + "--b--", 7, limits).back(), "too_large");
}

TEST(MultipartTest, TheEndIsToldAgain) {
  MultipartParser parser("b");
  parser.Push(std::string_view("--b--"));
  EXPECT_EQ(parser.Next()->kind, Kind::kEnd);
  parser.Push(std::string_view("more"));
  EXPECT_EQ(parser.Next()->kind, Kind::kEnd);
}

TEST(MultipartTest, TheBoundaryIsReadFromTheContentType) {
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(MultipartBoundary("Multipart/Form-Data;charset=x; Boundary=\"a b:c\"").value(),
            "a b:c");
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=" + std::string(70, 'x')).value(),
            std::string(70, 'x'));
  for (const std::string& type :
       {std::string(), std::string("multipart/form-data"),
        std::string("multipart/mixed; boundary=abc"), std::string("application/json"),
        std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"a \""),
        std::string("multipart/form-data; boundary=\"a\x01\""),
        "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    EXPECT_FALSE(MultipartBoundary(type)) << type;
  }
}

}  // namespace
}  // namespace verbatim::api
