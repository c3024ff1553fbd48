#include "api/impl/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "access/access.h"
#include "access/secret.h"
#include "api/impl/openai_request.h"
#include "api/problem.h"
#include "fields/same_site.h"

namespace verbatim::api {
namespace {

using access::Access;
using access::Identity;
using access::Scope;

constexpr std::string_view kOpenAi = "/v1/";
constexpr std::string_view kChallenge = "Bearer realm=\"verbatim\"";

bool IsSafeMethod(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

enum class Counted { kNot, kJob, kUpload };

// What is known of a route before requests come.
struct Rules {
  std::string method;
  std::string pattern;
  std::optional<Scope> scope;
  Counted counted = Counted::kNot;
};

Counted CountOf(std::string_view method, std::string_view pattern) {
  const bool is_creation = method == "POST" || method == "PUT";
  if (is_creation && pattern == "/api/uploads") return Counted::kUpload;
  const bool is_job = pattern == "/api/jobs" || pattern == "/api/jobs/{id}/retry" ||
                      pattern.starts_with("/v1/audio/");
  return method == "POST" && is_job ? Counted::kJob : Counted::kNot;
}

// Whatever changes something, and what takes results along. Pieces of a file are part of its
// upload; a session is noted where it is known whose it is.
bool IsAudited(const Rules& rules, const http::Request& request) {
  if (rules.pattern == "/api/session") return false;
  if (rules.method == "PATCH" && rules.pattern.starts_with("/api/uploads")) return false;
  return !IsSafeMethod(rules.method) || rules.pattern.contains("/export") ||
         request.Query("download").value_or("false") == "true";
}

http::Response Refusal(const Rules& rules, int status, std::string_view code,
                       std::string_view detail) {
  if (!rules.pattern.starts_with(kOpenAi)) return ProblemForStatus(status, detail);
  return OpenAiErrorResponse(
      {status, std::string(detail), "invalid_request_error", "", std::string(code)});
}

http::Response Unauthenticated(const Rules& rules, bool has_credentials) {
  http::Response response = Refusal(
      rules, 401, "unauthenticated",
      has_credentials ? "the token is wrong, expired or revoked"
                      : "a token is needed: send it as \"Authorization: Bearer ...\", or sign in");
  response.headers.Set(
      "WWW-Authenticate",
      std::string(kChallenge) + (has_credentials ? ", error=\"invalid_token\"" : ""));
  return response;
}

bool HasTokenInAddress(const http::Request& request) {
  return std::ranges::any_of(request.query, [](const auto& parameter) {
    return parameter.first == "access_token" || access::HasToken(parameter.second);
  });
}

std::optional<std::string_view> SessionCookie(const http::Request& request, bool is_encrypted) {
  const auto cookies = request.headers.Find("Cookie");
  if (!cookies) return std::nullopt;
  std::string_view left = *cookies;
  const std::string_view name = SessionCookieName(is_encrypted);
  while (!left.empty()) {
    const size_t end = std::min(left.find(';'), left.size());
    std::string_view pair = left.substr(0, end);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return std::nullopt;
}

void Note(const Services& services, const Rules& rules, const http::Request& request,
          const std::optional<Identity>& identity, const http::Exchange::Answered& answered) {
  store::AuditEntry entry;
  if (identity) {
    entry.token = identity->token;
    entry.name = identity->name;
  }
  entry.address = CallerOf(services, request).address;
  entry.action = rules.method + " " + rules.pattern;
  entry.object = answered.location.empty() ? request.path : answered.location;
  entry.outcome = answered.status == 0 ? "cut off" : std::to_string(answered.status);
  services.access->audit.Note(std::move(entry));
}

// A wrong token: counted, so that nobody tries many. A right one is always let in: 256 bits are not
// guessed, and behind one address there may be others.
http::Response WrongToken(const Services& services, const Rules& rules,
                          const http::Request& request) {
  const std::string client = access::CountedAs(CallerOf(services, request).address);
  const int64_t wait_ms = services.access->sign_in_failures.Take(client, services.clock.SteadyMs());
  if (wait_ms > 0) return TooMany("too many wrong tokens: try again later", wait_ms);
  Note(services, rules, request, std::nullopt, {401, ""});
  return Unauthenticated(rules, true);
}

struct Admission {
  std::optional<Identity> identity;
  std::optional<http::Response> refusal;
};

// Who asks, and whether they may: where tokens are asked for.
Admission CheckIdentity(const Services& services, const Rules& rules,
                        const http::Request& request) {
  Admission admission;
  admission.identity = IdentityOf(services, request);
  if (!admission.identity) {
    admission.refusal =
        BearerToken(request) ? WrongToken(services, rules, request) : Unauthenticated(rules, false);
    return admission;
  }
  const bool is_foreign = !admission.identity->session.empty() && !IsSafeMethod(rules.method) &&
                          fields::IsOfOtherSite(request);
  if (is_foreign) {
    admission.refusal =
        Refusal(rules, 403, "forbidden", "a session counts on the server's own page alone");
  } else if (!access::Covers(admission.identity->scope, *rules.scope)) {
    admission.refusal =
        Refusal(rules, 403, "forbidden",
                fmt::format("the token \"{}\" has the scope {}; {} is needed here",
                            admission.identity->name, access::ScopeName(admission.identity->scope),
                            access::ScopeName(*rules.scope)));
  }
  if (admission.refusal && IsAudited(rules, request)) {
    Note(services, rules, request, admission.identity, {403, ""});
  }
  return admission;
}

// Of each token, or of each address where none is asked for; this machine itself is not counted
// then.
std::optional<http::Response> CheckRate(const Services& services, const Rules& rules,
                                        const http::Request& request,
                                        const std::optional<Identity>& identity) {
  if (rules.counted == Counted::kNot) return std::nullopt;
  std::string client;
  if (identity) {
    client = identity->token;
  } else {
    const std::string address = CallerOf(services, request).address;
    if (access::IsLoopback(address)) return std::nullopt;
    client = access::CountedAs(address);
  }
  const bool is_job = rules.counted == Counted::kJob;
  access::RateLimiter& limiter = is_job ? services.access->jobs : services.access->uploads;
  const int64_t wait_ms = limiter.Take(client, services.clock.SteadyMs());
  if (wait_ms == 0) return std::nullopt;
  return TooMany(is_job ? "too many jobs in a minute: see jobs_per_minute"
                        : "too many uploads in a minute: see uploads_per_minute",
                 wait_ms);
}

Admission Admit(const Services& services, const Rules& rules, const http::Request& request) {
  Admission admission;
  if (const auto why = fields::WhyForeign(request, services.options.site)) {
    admission.refusal = Refusal(rules, 403, "forbidden", *why);
  } else if (HasTokenInAddress(request)) {
    admission.refusal =
        Refusal(rules, 400, "invalid_argument",
                "a token does not belong into an address, where it would be kept in histories and "
                "logs: send it as \"Authorization: Bearer ...\"");
  } else if (rules.scope && services.access->is_required()) {
    admission = CheckIdentity(services, rules, request);
  }
  if (!admission.refusal) {
    admission.refusal = CheckRate(services, rules, request, admission.identity);
  }
  return admission;
}

http::Task<void> Send(http::Exchange& exchange, http::Response response) {
  co_await exchange.Send(std::move(response));
}

// Calls the endpoint; `identity` ends it when its token is revoked.
http::Task<void> Run(const Services& services, const Rules& rules, const http::Handler& handler,
                     http::Exchange& exchange, std::optional<Identity> identity) {
  if (identity) {
    const access::Keyring::Presence presence =
        services.access->keyring->Enter(*identity, exchange.MakeCloser());
    co_await handler(exchange);
  } else {
    co_await handler(exchange);
  }
  if (IsAudited(rules, exchange.request())) {
    Note(services, rules, exchange.request(), identity, exchange.answered());
  }
}

}  // namespace

std::optional<Scope> NeededScope(std::string_view method, std::string_view pattern) {
  constexpr std::array<std::string_view, 6> kOpen = {"/",       "/assets/{name}", "/healthz",
                                                     "/readyz", "/openapi.json",  "/api/session"};
  const bool is_session_look = method == "GET" && pattern == "/api/session";
  if (!is_session_look && std::ranges::find(kOpen, pattern) != kOpen.end()) return std::nullopt;
  if (pattern == "/api/audit") return Scope::kAdmin;
  if (IsSafeMethod(method)) return Scope::kRead;
  return pattern.starts_with("/api/performance") ? Scope::kAdmin : Scope::kUpload;
}

http::Handler Guarded(const Services& services, const http::Route& route) {
  Rules rules{route.method, route.pattern, NeededScope(route.method, route.pattern),
              CountOf(route.method, route.pattern)};
  return [all = &services, rules = std::move(rules),
          handler = route.handler](http::Exchange& exchange) {
    Admission admission = Admit(*all, rules, exchange.request());
    if (admission.refusal) return Send(exchange, std::move(*admission.refusal));
    if (!admission.identity && !IsAudited(rules, exchange.request())) return handler(exchange);
    return Run(*all, rules, handler, exchange, std::move(admission.identity));
  };
}

Caller CallerOf(const Services& services, const http::Request& request) {
  const std::vector<access::Network>& proxies = services.access->policy().proxies;
  Caller caller{request.remote_address, request.is_encrypted};
  if (proxies.empty()) return caller;
  std::string forwarded_for;
  std::string_view protocol;  // as the last proxy says
  for (const http::Headers::Field& field : request.headers.fields()) {
    if (http::SameWord(field.name, "X-Forwarded-For")) forwarded_for += "," + field.value;
    if (http::SameWord(field.name, "X-Forwarded-Proto")) protocol = field.value;
  }
  caller.address = access::ClientAddress(request.remote_address, forwarded_for, proxies);
  const bool is_proxied = std::ranges::any_of(proxies, [&](const access::Network& network) {
    return network.Contains(request.remote_address);
  });
  if (is_proxied && !protocol.empty()) caller.is_encrypted = http::SameWord(protocol, "https");
  return caller;
}

std::optional<std::string_view> BearerToken(const http::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto field = request.headers.Find("Authorization");
  if (!field || !http::SameWord(field->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::string_view token = field->substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

std::optional<Identity> IdentityOf(const Services& services, const http::Request& request) {
  access::Keyring& keyring = *services.access->keyring;
  if (const auto token = BearerToken(request)) return keyring.FindToken(*token);
  const bool is_encrypted = CallerOf(services, request).is_encrypted;
  const auto cookie = SessionCookie(request, is_encrypted);
  return cookie ? keyring.FindSession(*cookie) : std::nullopt;
}

std::string_view SessionCookieName(bool is_encrypted) {
  return is_encrypted ? "__Host-verbatim" : "verbatim_session";
}

http::Response TooMany(std::string_view detail, int64_t wait_ms) {
  http::Response response = ProblemForStatus(429, detail);
  response.headers.Set("Retry-After", std::to_string((wait_ms + 999) / 1000));
  return response;
}

}  // namespace verbatim::api
