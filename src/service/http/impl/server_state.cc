#include "http/impl/server_state.h"

#include "http/impl/response_head.h"

namespace verbatim::http {

Response ServerState::MakeRefusal(const Refusal& refusal) const {
  if (options.make_refusal) return options.make_refusal(refusal.status, refusal.detail);
  return MakeResponse(refusal.status, "text/plain; charset=utf-8",
                      std::string(refusal.detail) + "\n");
}

std::string ServerState::RenderLastRefusal(const Refusal& refusal) const {
  const Response response = MakeRefusal(refusal);
  const ResponseFraming framing{
      .body = BodyFraming::kLength, .length = response.body.size(), .closes = true};
  Result<std::string> head = RenderHead(response, framing, options.response_headers);
  if (!head)
    return "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  return *std::move(head) + response.body;
}

}  // namespace verbatim::http
