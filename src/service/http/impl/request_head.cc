#include "http/impl/request_head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>
#include <string>
#include <utility>

#include "http/impl/target.h"

namespace verbatim::http {
namespace {

namespace beast = boost::beast;

std::string ToString(beast::string_view text) { return {text.data(), text.size()}; }

// Whether a comma-separated list has this word.
bool Lists(std::string_view list, std::string_view word) {
  while (true) {
    const size_t end = list.find(',');
    std::string_view item = list.substr(0, end);
    item.remove_prefix(std::min(item.find_first_not_of(" 	"), item.size()));
    item = item.substr(0, item.find_last_not_of(" 	") + 1);
    if (SameWord(item, word)) return true;
    if (end == std::string_view::npos) return false;
    list.remove_prefix(end + 1);
  }
}

bool AsksToClose(const Headers& headers) {
  return std::ranges::any_of(headers.fields(), [](const Headers::Field& field) {
    return SameWord(field.name, "Connection") && Lists(field.value, "close");
  });
}

}  // namespace

Checked<RequestHead> ParseHead(std::string_view bytes) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(std::numeric_limits<uint32_t>::max());  // the guard has its own
  parser.body_limit(std::numeric_limits<uint64_t>::max());
  beast::error_code error;
  const size_t taken = parser.put(boost::asio::buffer(bytes), error);
  if (error || taken != bytes.size() || !parser.is_header_done()) {
    return std::unexpected(Refusal{400, "The request's header is broken."});
  }
  const auto& message = parser.get();
  RequestHead head;
  Request& request = head.request;
  head.version = message.version() == 10 ? Version::k10 : Version::k11;
  request.method = ToString(message.method_string());
  request.target = ToString(message.target());
  for (const auto& field : message) {
    request.headers.Add(ToString(field.name_string()), ToString(field.value()));
  }
  const Checked<Framing> framing = CheckFraming(head.version, request.headers);
  if (!framing) return std::unexpected(framing.error());
  request.content_length = framing->content_length;
  request.is_chunked = framing->is_chunked;
  head.expects_continue = framing->expects_continue && request.has_body();
  Checked<Target> target = ParseTarget(request.target);
  if (!target) return std::unexpected(target.error());
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  head.keeps_alive = head.version == Version::k11 && !AsksToClose(request.headers);
  return head;
}

}  // namespace verbatim::http
