#include "http/message.h"

#include <gtest/gtest.h>

#include "http/impl/request_head.h"
#include "http/impl/response_head.h"

namespace verbatim::http {
namespace {

TEST(MessageTest, FieldsAreFoundByNamesInAnyCase) {
  Headers headers;
  headers.Add("Upload-Offset", "1");
  headers.Add("X", "2");
  headers.Add("x", "3");
  EXPECT_EQ(headers.Find("upload-OFFSET"), "1");
  EXPECT_EQ(headers.Find("X"), std::nullopt) << "two of them: which one is meant?";
  EXPECT_EQ(headers.Count("X"), 2U);
  headers.Set("x", "4");
  EXPECT_EQ(headers.Find("X"), "4");
  EXPECT_EQ(headers.fields().size(), 2U);
  headers.Remove("UPLOAD-offset");
  EXPECT_EQ(headers.Find("Upload-Offset"), std::nullopt);
  EXPECT_FALSE(SameWord("K", "\xE2\x84\xAA"));
  EXPECT_FALSE(SameWord("[", "{"));
}

TEST(MessageTest, StatusesHavePhrases) {
  EXPECT_EQ(ReasonPhrase(404), "Not Found");
  EXPECT_EQ(ReasonPhrase(460), "Checksum Mismatch");
  EXPECT_EQ(ReasonPhrase(507), "Insufficient Storage");
}

TEST(MessageTest, AHeadBecomesARequest) {
  const auto head = ParseHead(
      "POST /a%20b?c=d&c=e HTTP/1.1\r\nHost: a\r\nX-Y:  z \t\r\nContent-Length: 5\r\n"
      "Expect: 100-continue\r\nConnection: x,close\r\n\r\n");
  ASSERT_TRUE(head);
  const Request& request = head->request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a%20b?c=d&c=e");
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.Query("c"), "d");
  EXPECT_EQ(request.headers.Find("x-y"), "z");
  EXPECT_EQ(request.content_length, 5U);
  EXPECT_TRUE(request.has_body());
  EXPECT_TRUE(head->expects_continue);
  EXPECT_FALSE(head->keeps_alive);
  EXPECT_FALSE(ParseHead("GET / HTTP/1.0\r\n\r\n").value().keeps_alive);
  EXPECT_TRUE(ParseHead("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n")->keeps_alive);
}

std::string Head(Response response, ResponseFraming framing = {}) {
  return RenderHead(response, framing, {}).value_or("refused");
}

TEST(MessageTest, AResponseIsRendered) {
  const std::string head = Head(MakeResponse(200, "text/plain", ""), {.length = 7});
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_TRUE(head.ends_with("GMT\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\n"));
}

// Each byte in a value and in a name.
TEST(MessageTest, NoFieldCanEndItsLine) {
  for (int code = 0; code < 256; ++code) {
    const std::string byte(1, static_cast<char>(code));
    Response response;
    response.headers.Add("X", std::string("a") + byte + "b");
    const bool is_value = code == '\t' || (code >= 0x20 && code != 0x7F);
    EXPECT_EQ(Head(response) != "refused", is_value) << code;
    Response named;
    named.headers.Add(std::string("X") + byte, "a");
    const bool is_name = (code < 0x80 && std::isalnum(code) != 0) ||
                         (code > 0 && std::string_view("!#$%&'*+-.^_`|~").contains(byte[0]));
    EXPECT_EQ(Head(named) != "refused", is_name) << code;
  }
  Response response;
  response.headers.Add("", "a");
  EXPECT_EQ(Head(response), "refused");
  for (const int status : {-1, 0, 99, 100, 101, 199, 600, 1000}) {
    response = MakeResponse(status, "a", "");
    EXPECT_EQ(Head(response), "refused") << status;
  }
}

TEST(MessageTest, DatesAreWrittenAsTheRfcDoes) {
  const auto time = std::chrono::system_clock::from_time_t(784111777);
  EXPECT_EQ(HttpDate(time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate(std::chrono::system_clock::from_time_t(951782399)),
            "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(HttpDate(std::chrono::system_clock::from_time_t(951782400)),
            "Tue, 29 Feb 2000 00:00:00 GMT");
}

}  // namespace
}  // namespace verbatim::http
