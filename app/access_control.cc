#include "access_control.h"

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "api/audit_json.h"
#include "base/clock.h"
#include "base/log.h"
#include "control_socket.h"
#include "ledger.h"
#include "store/database.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using access::Access;

// For a server that has the folder, but does not listen yet, or no longer.
constexpr int kTries = 50;
constexpr std::chrono::milliseconds kTryPause{100};

json::value TimeJson(int64_t wall_ms) {
  if (wall_ms == 0) return nullptr;
  return json::value(UtcText(wall_ms));
}

json::object TokenJson(const store::Token& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"scope", token.scope},
          {"created", TimeJson(token.created_ms)},
          {"expires", TimeJson(token.expires_ms)},
          {"last_used", TimeJson(token.last_used_ms)}};
}

std::string Text(const json::object& request, std::string_view name) {
  const json::value* value = request.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

int64_t Number(const json::object& request, std::string_view name) {
  const json::value* value = request.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

void Note(Access& access, const std::string& action, const store::Token& token) {
  store::AuditEntry entry;
  entry.action = action;
  entry.object = token.id + " " + token.name + " " + token.scope;
  entry.outcome = "ok";
  access.audit.Note(std::move(entry));
}

Result<json::object> Create(Access& access, const json::object& request) {
  const auto scope = access::ParseScope(Text(request, "scope"));
  if (!scope) return Fail(ErrorCode::kInvalidArgument, "the scope is none of read, upload, admin");
  const access::Issued issued =
      TRY(access.keyring->Issue({Text(request, "name"), *scope, Number(request, "lifetime_ms")}));
  Note(access, "token create", issued.token);
  json::object answer = TokenJson(issued.token);
  answer["secret"] = issued.secret;
  return answer;
}

json::object List(const Access& access) {
  json::array tokens;
  for (const store::Token& token : access.keyring->Tokens()) tokens.push_back(TokenJson(token));
  return {{"tokens", std::move(tokens)}};
}

Result<json::object> Revoke(Access& access, const json::object& request) {
  const store::Token token = TRY(access.keyring->Revoke(Text(request, "id")));
  Note(access, "token revoke", token);
  json::object answer = TokenJson(token);
  answer["left"] = access.keyring->Tokens().size();
  return answer;
}

Result<json::object> ShowAudit(Access& access, const json::object& request) {
  const auto limit = static_cast<size_t>(Number(request, "limit"));
  const std::vector<store::AuditEntry> found =
      TRY(access.audit.Find(Number(request, "since_ms"), limit));
  return json::object{{"entries", api::AuditJson(found)}};
}

Result<json::object> Do(Access& access, const std::string& line) {
  boost::system::error_code error;
  const json::value request = json::parse(line, error);
  if (error || !request.is_object()) {
    return Fail(ErrorCode::kInvalidArgument, "the request is no JSON object");
  }
  const json::object& object = request.get_object();
  const std::string what = Text(object, "do");
  if (what == "token create") return Create(access, object);
  if (what == "token list") return List(access);
  if (what == "token revoke") return Revoke(access, object);
  if (what == "audit") return ShowAudit(access, object);
  return Fail(ErrorCode::kInvalidArgument, "the server knows no \"" + what + "\"");
}

Result<json::object> ReadAnswer(const std::string& line) {
  boost::system::error_code error;
  json::value answer = json::parse(line, error);
  if (error || !answer.is_object()) return Fail(ErrorCode::kInternal, "the answer is no JSON");
  json::object& object = answer.get_object();
  const json::value* failed = object.if_contains("error");
  if (failed == nullptr || !failed->is_object()) return std::move(object);
  const auto code = FindErrorCode(Text(failed->get_object(), "code"));
  return Fail(code.value_or(ErrorCode::kInternal), Text(failed->get_object(), "message"));
}

Result<std::string> AnswerHere(const fs::path& folder, const std::string& line) {
  const std::unique_ptr<store::Database> database = TRY(OpenLedger(folder));
  const SystemClock clock;
  QuietLog log;
  const std::unique_ptr<Access> access = TRY(Access::Open(*database, clock, log));
  std::string answer = AnswerControl(*access, line);
  access->Tick();
  return answer;
}

// Of the server, or, where none runs, of its ledger itself.
Result<std::string> Ask(const fs::path& folder, const std::string& line) {
  for (int i = 0;; ++i) {
    Result<std::string> answer = AskServer(folder, line);
    const bool has_server = answer || answer.error().code != ErrorCode::kNotFound;
    if (!has_server) answer = AnswerHere(folder, line);
    const bool is_between = !has_server && !answer && answer.error().code == ErrorCode::kConflict;
    if (!is_between || i == kTries) return answer;
    std::this_thread::sleep_for(kTryPause);
  }
}

}  // namespace

std::string AnswerControl(Access& access, const std::string& line) {
  const Result<json::object> done = Do(access, line);
  if (done) return json::serialize(*done);
  return json::serialize(
      json::object{{"error", json::object{{"code", ErrorCodeName(done.error().code)},
                                          {"message", done.error().message}}}});
}

Result<json::object> Control(const fs::path& folder, const json::object& request) {
  Result<std::string> answer = Ask(folder, json::serialize(request));
  Result<json::object> read = answer ? ReadAnswer(*answer) : Failure(std::move(answer).error());
  if (read) return read;
  return Failure(WithAdvice(std::move(read).error(), folder));
}

}  // namespace verbatim::app
