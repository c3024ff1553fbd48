#include "http/framing_guard.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace verbatim::http {
namespace {

constexpr std::string_view kHead =
    "GET /a HTTP/1.1\r\nHost: a\r\nA:b\r\nC:\r\nD: \t e \xC3\xA4\r\n\r\n";

Headers Fields(std::initializer_list<Headers::Field> fields) {
  Headers headers;
  for (const Headers::Field& field : fields) headers.Add(field.name, field.value);
  return headers;
}

int StatusOf(const Checked<Framing>& framing) { return framing ? 200 : framing.error().status; }

TEST(HeadGuardTest, FindsTheEndWhereverTheBytesAreCut) {
  const std::string bytes = std::string(kHead) + "body";
  for (size_t cut = 0; cut < kHead.size(); ++cut) {
    HeadGuard guard({});
    const Checked<bool> first = guard.Take(std::string_view(bytes).substr(0, cut));
    ASSERT_TRUE(first.has_value());
    EXPECT_FALSE(*first);
    const Checked<bool> second = guard.Take(std::string_view(bytes).substr(cut));
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(*second);
    EXPECT_EQ(guard.size(), kHead.size());
  }
}

TEST(HeadGuardTest, RefusesAtTheFirstWrongByte) {
  HeadGuard guard({});
  EXPECT_TRUE(guard.Take("GET /a HTTP/1.1\r\nHost: a\r").has_value());
  EXPECT_EQ(guard.Take("X").error().status, 400);
  HeadGuard hello({});
  EXPECT_EQ(hello.Take("\x16").error().status, 400);
}

// Each byte in each place, against what RFC 9110 calls tchar, VCHAR and obs-text.
TEST(HeadGuardTest, KnowsWhichBytesMayStandWhere) {
  const std::string token =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const auto is_taken = [](const std::string& head) {
    HeadGuard guard({});
    return guard.Take(head).value_or(false);
  };
  for (int code = 0; code < 256; ++code) {
    const std::string byte(1, static_cast<char>(code));
    const bool is_token = token.contains(byte);
    const bool is_visible = code > 0x20 && code < 0x7F;
    EXPECT_EQ(is_taken(std::string("G") + byte + "T /a HTTP/1.1\r\n\r\n"), is_token) << code;
    EXPECT_EQ(is_taken(std::string("GET /") + byte + " HTTP/1.1\r\n\r\n"), is_visible) << code;
    EXPECT_EQ(is_taken(std::string("GET / HTTP/1.1\r\n") + byte + ":a\r\n\r\n"), is_token) << code;
    EXPECT_EQ(is_taken(std::string("GET / HTTP/1.1\r\nA") + byte + ":a\r\n\r\n"),
              is_token || code == ':')
        << code;
    EXPECT_EQ(is_taken(std::string("GET / HTTP/1.1\r\nA:") + byte + "\r\n\r\n"),
              is_visible || code == ' ' || code == '\t' || code >= 0x80)
        << code;
  }
}

TEST(HeadGuardTest, LimitsTheHead) {
  const auto status = [](std::string_view head, HeadLimits limits) {
    HeadGuard guard(limits);
    const Checked<bool> taken = guard.Take(head);
    return taken ? (*taken ? 200 : 100) : taken.error().status;
  };
  const size_t size = kHead.size();
  EXPECT_EQ(status(kHead, {.bytes_max = size, .fields_max = 4}), 200);
  EXPECT_EQ(status(kHead, {.bytes_max = size - 1, .fields_max = 4}), 431);
  EXPECT_EQ(status(kHead, {.bytes_max = size, .fields_max = 3}), 431);
  EXPECT_EQ(status("GET /abc", {.bytes_max = 8, .fields_max = 3}), 100);
  EXPECT_EQ(status("GET /abcd", {.bytes_max = 8, .fields_max = 3}), 414);
}

TEST(FramingTest, TakesOnlyWhatIsClear) {
  const auto status = [](std::initializer_list<Headers::Field> fields) {
    Headers headers = Fields(fields);
    headers.Add("Host", "a");
    return StatusOf(CheckFraming(Version::k11, headers));
  };
  EXPECT_EQ(status({}), 200);
  EXPECT_EQ(status({{"Content-Length", "0"}}), 200);
  EXPECT_EQ(status({{"content-LENGTH", "999999999999999999"}}), 200);
  EXPECT_EQ(status({{"Content-Length", "1000000000000000000"}}), 400);
  EXPECT_EQ(status({{"Content-Length", "01"}}), 400);
  EXPECT_EQ(status({{"Content-Length", "1"}, {"Content-Length", "1"}}), 400);
  EXPECT_EQ(status({{"Transfer-Encoding", "Chunked"}}), 200);
  EXPECT_EQ(status({{"Transfer-Encoding", "chunked"}, {"Content-Length", "1"}}), 400);
  EXPECT_EQ(status({{"Transfer-Encoding", "gzip, chunked"}}), 400);
  EXPECT_EQ(status({{"Transfer_Encoding", "chunked"}}), 400);
  EXPECT_EQ(status({{"Host", "a"}}), 400);
  EXPECT_EQ(status({{"Expect", "100-Continue"}}), 200);
  EXPECT_EQ(status({{"Expect", "else"}}), 417);
}

TEST(FramingTest, SaysHowTheBodyIsFramed) {
  const auto framing =
      CheckFraming(Version::k11, Fields({{"Host", "a"}, {"Content-Length", "17"}}));
  EXPECT_EQ(framing.value().content_length, 17U);
  EXPECT_FALSE(framing.value().is_chunked);
  const auto chunked = CheckFraming(
      Version::k11,
      Fields({{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Expect", "100-continue"}}));
  EXPECT_FALSE(chunked.value().content_length);
  EXPECT_TRUE(chunked.value().is_chunked);
  EXPECT_TRUE(chunked.value().expects_continue);
}

TEST(FramingTest, OldVersionsHaveLess) {
  EXPECT_EQ(StatusOf(CheckFraming(Version::k10, {})), 200);
  EXPECT_EQ(StatusOf(CheckFraming(Version::k11, {})), 400);
  EXPECT_EQ(StatusOf(CheckFraming(Version::k10, Fields({{"Transfer-Encoding", "chunked"}}))), 400);
  EXPECT_FALSE(
      CheckFraming(Version::k10, Fields({{"Expect", "100-continue"}})).value().expects_continue);
}

TEST(FramingTest, KnowsHosts) {
  for (const char* host : {"a", "a.b:80", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8080",
                           "[::ffff:1.2.3.4]", "a_b-c~d", "a:"}) {
    EXPECT_EQ(StatusOf(CheckFraming(Version::k11, Fields({{"Host", host}}))), 200) << host;
  }
  for (const char* host : {"", "a:b", "a:1:2", ":1", "[]", "[::1", "::1", "[::1]a", "[a]", "a@b",
                           "a/b", "a b", "a,b", "a:123456"}) {
    EXPECT_EQ(StatusOf(CheckFraming(Version::k11, Fields({{"Host", host}}))), 400) << host;
  }
}

// What a body decodes to; "!" if it is refused; what was left over behind "|".
std::string Decode(std::string_view body, size_t piece, size_t room) {
  ChunkGuard guard;
  std::string data;
  std::string out(room, '\0');
  while (!guard.at_end() && !body.empty()) {
    const auto step = guard.Decode(body.substr(0, piece), out);
    if (!step) return "!";
    data.append(out, 0, step->written);
    body.remove_prefix(step->taken);
  }
  return data + "|" + std::string(body);
}

TEST(ChunkGuardTest, DecodesHoweverItIsCut) {
  const std::string_view body =
      "3\r\nabc\r\n00A\r\n0123456789\r\nB\r\nhello world\r\n00\r\n\r\nGET /";
  for (const size_t piece : {1, 2, 3, 7, 1000}) {
    for (const size_t room : {1, 2, 5, 1000}) {
      EXPECT_EQ(Decode(body, piece, room), "abc0123456789hello world|GET /")
          << piece << " " << room;
    }
  }
}

TEST(ChunkGuardTest, RefusesWhateverElse) {
  for (const char* body :
       {"3;a=b\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "0\r\nA: b\r\n\r\n", "\r\n", "-1\r\n",
        "00000000000000001\r\n", "ffffffffffffffff\r\n", "0 \r\n\r\n", "0\r\n\n"}) {
    for (const size_t piece : {1, 1000}) EXPECT_EQ(Decode(body, piece, 100), "!") << body;
  }
}

TEST(ChunkGuardTest, TakesNothingBeyondTheEnd) {
  ChunkGuard guard;
  std::string out(10, '\0');
  const auto step = guard.Decode("0\r\n\r\n0\r\n\r\n", out);
  EXPECT_EQ(step.value().taken, 5U);
  EXPECT_TRUE(guard.at_end());
  EXPECT_EQ(guard.Decode("x", out).value().taken, 0U);
}

}  // namespace
}  // namespace verbatim::http
