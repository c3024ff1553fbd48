// Signing in and out for browsers, and the audit: /api/session, /api/audit.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "api/api.h"
#include "api/audit_json.h"
#include "api/impl/endpoint.h"
#include "api/impl/guard.h"
#include "api/problem.h"
#include "fields/time_query.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using access::Identity;

constexpr uint64_t kBodyMax = 4096;
constexpr int64_t kAuditShown = 100;
constexpr int64_t kAuditMax = 10'000;

json::object IdentityJson(const Identity& identity) {
  json::value expires = nullptr;
  if (identity.expires_ms != 0) expires = UtcText(identity.expires_ms);
  return {{"is_required", true},
          {"name", identity.name},
          {"scope", access::ScopeName(identity.scope)},
          {"is_session", !identity.session.empty()},
          {"expires", std::move(expires)}};
}

http::Response WithCookie(http::Response response, std::string_view secret, int64_t age_s,
                          bool is_encrypted) {
  response.headers.Set(
      "Set-Cookie",
      fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}",
                  SessionCookieName(is_encrypted), secret, age_s, is_encrypted ? "; Secure" : ""));
  return response;
}

void Note(const Services& services, const http::Request& request, const Identity& identity,
          int status) {
  store::AuditEntry entry;
  entry.token = identity.token;
  entry.name = identity.name;
  entry.address = CallerOf(services, request).address;
  entry.action = request.method + " /api/session";
  entry.object = request.path;
  entry.outcome = std::to_string(status);
  services.access->audit.Note(std::move(entry));
}

Result<http::Response> SignIn(const Services& services, const Call& call) {
  const json::object object = TRY(ParseObject(call.body));
  const json::value* token = object.if_contains("token");
  if (token == nullptr || !token->is_string()) {
    return Fail(ErrorCode::kInvalidArgument, "token: a token is needed");
  }
  const Caller caller = CallerOf(services, call.request());
  const std::string client = access::CountedAs(caller.address);
  access::RateLimiter& failures = services.access->sign_in_failures;
  const int64_t now_ms = services.clock.SteadyMs();
  if (const int64_t wait_ms = failures.Wait(client, now_ms); wait_ms > 0) {
    return TooMany("too many wrong tokens: try again later", wait_ms);
  }
  const std::optional<Identity> identity =
      services.access->keyring->FindToken(std::string_view(token->get_string()));
  if (!identity) {
    failures.Take(client, now_ms);
    Note(services, call.request(), {}, 401);
    return ProblemForStatus(401, "the token is wrong, expired or revoked");
  }
  const access::SignedIn made = TRY(services.access->keyring->SignIn(*identity));
  Note(services, call.request(), *identity, 200);
  const int64_t age_s = (made.identity.expires_ms - services.clock.WallMs()) / 1000;
  return WithCookie(JsonResponse(200, IdentityJson(made.identity)), made.secret, age_s,
                    caller.is_encrypted);
}

Result<http::Response> Look(const Services& services, const Call& call) {
  const std::optional<Identity> identity = IdentityOf(services, call.request());
  if (!services.access->is_required() || !identity) {
    return JsonResponse(200, {{"is_required", false}});
  }
  return JsonResponse(200, IdentityJson(*identity));
}

// Also for a session that has ended: the cookie goes.
Result<http::Response> SignOut(const Services& services, const Call& call) {
  if (const auto identity = IdentityOf(services, call.request())) {
    TRY_VOID(services.access->keyring->SignOut(*identity));
    Note(services, call.request(), *identity, 204);
  }
  return WithCookie(http::Response{204, {}, ""}, "", 0,
                    CallerOf(services, call.request()).is_encrypted);
}

Result<http::Response> ShowAudit(const Services& services, const Call& call) {
  const int64_t limit = TRY(QueryNumber(call.request(), "limit", kAuditShown, {1, kAuditMax}));
  const auto since = TRY(fields::QueryTime(call.request(), "since"));
  const std::vector<store::AuditEntry> found =
      TRY(services.access->audit.Find(since.value_or(0) * 1000, static_cast<size_t>(limit)));
  return JsonResponse(200, {{"entries", AuditJson(found)}});
}

}  // namespace

void AddSessionRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "POST", "/api/session", SignIn, kBodyMax);
  AddEndpoint(services, routes, "GET", "/api/session", Look);
  AddEndpoint(services, routes, "DELETE", "/api/session", SignOut);
  AddEndpoint(services, routes, "GET", "/api/audit", ShowAudit);
}

}  // namespace verbatim::api
