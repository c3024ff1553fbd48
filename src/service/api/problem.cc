#include "api/problem.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace verbatim::api {
namespace {

struct CodeStatus {
  ErrorCode code;
  int status;
};

constexpr std::array<CodeStatus, 13> kStatuses = {{
    {ErrorCode::kInvalidArgument, 400},
    {ErrorCode::kNotFound, 404},
    {ErrorCode::kConflict, 409},
    {ErrorCode::kTooLarge, 413},
    {ErrorCode::kBusy, 503},
    {ErrorCode::kUnsupportedMedia, 415},
    {ErrorCode::kCorruptMedia, 422},
    {ErrorCode::kCorruptModel, 500},
    {ErrorCode::kCorruptDatabase, 500},
    {ErrorCode::kOutOfSpace, 507},
    {ErrorCode::kIo, 500},
    {ErrorCode::kCancelled, 503},
    {ErrorCode::kInternal, 500},
}};

// What HTTP itself refuses; codes of the product where they say the same.
constexpr std::array<std::pair<int, std::string_view>, 16> kRefusals = {{
    {400, "invalid_argument"},
    {401, "unauthenticated"},
    {403, "forbidden"},
    {404, "not_found"},
    {405, "method_not_allowed"},
    {408, "timeout"},
    {409, "conflict"},
    {411, "length_required"},
    {412, "precondition_failed"},
    {413, "too_large"},
    {414, "too_large"},
    {428, "precondition_required"},
    {429, "too_many_requests"},
    {431, "too_large"},
    {503, "busy"},
    {507, "out_of_space"},
}};

std::string_view RefusalCode(int status) {
  for (const auto& [known, code] : kRefusals) {
    if (known == status) return code;
  }
  return status < 500 ? "invalid_argument" : "internal";
}

http::Response MakeProblem(int status, std::string_view code, std::string_view detail,
                           const boost::json::object& more = {}) {
  boost::json::object problem{{"type", "about:blank"},
                              {"title", http::ReasonPhrase(status)},
                              {"status", status},
                              {"code", code},
                              {"detail", detail}};
  problem.insert(more.begin(), more.end());
  http::Response response = http::MakeResponse(status, "application/problem+json",
                                               boost::json::serialize(problem) + "\n");
  response.headers.Set("Cache-Control", "no-store");
  if (status == 503) response.headers.Set("Retry-After", "5");
  return response;
}

}  // namespace

bool IsSecret(ErrorCode code) {
  return code == ErrorCode::kInternal || code == ErrorCode::kIo ||
         code == ErrorCode::kCorruptModel || code == ErrorCode::kCorruptDatabase;
}

std::string PublicDetail(const Error& error) {
  if (error.code == ErrorCode::kCorruptModel) {
    return "the model's files are damaged; the server's log says more";
  }
  if (IsSecret(error.code)) return "something went wrong in the server; its log says more";
  return error.message;
}

int StatusOf(ErrorCode code) {
  for (const CodeStatus& row : kStatuses) {
    if (row.code == code) return row.status;
  }
  return 500;
}

http::Response ProblemFor(const Error& error) {
  return MakeProblem(StatusOf(error.code), ErrorCodeName(error.code), PublicDetail(error));
}

http::Response ProblemForStatus(int status, std::string_view detail) {
  return MakeProblem(status, RefusalCode(status), detail);
}

http::Response ExtendedProblem(int status, std::string_view detail,
                               const boost::json::object& more) {
  return MakeProblem(status, RefusalCode(status), detail, more);
}

}  // namespace verbatim::api
