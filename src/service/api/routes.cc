#include "api/api.h"
#include "api/impl/guard.h"
#include "api/problem.h"
#include "base/check.h"
#include "fields/same_site.h"

namespace verbatim::api {
namespace {

// No page of the server wants any of these, but for its own page, which says so.
constexpr std::string_view kNoPermissions =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

}  // namespace

std::vector<http::Route> MakeRoutes(const Services& services) {
  CHECK(services.access != nullptr);
  std::vector<http::Route> routes;
  AddUploadRoutes(services, routes);
  AddJobRoutes(services, routes);
  AddMediaRoutes(services, routes);
  AddTranscriptRoutes(services, routes);
  AddExportRoutes(services, routes);
  AddOpenAiRoutes(services, routes);
  AddEventRoutes(services, routes);
  AddSearchRoutes(services, routes);
  AddPerformanceRoutes(services, routes);
  AddHistoryRoutes(services, routes);
  AddSettingRoutes(services, routes);
  AddPredictionRoutes(services, routes);
  AddSessionRoutes(services, routes);
  AddSystemRoutes(services, routes);
  AddPageRoutes(services, routes);
  for (http::Route& route : routes) route.handler = Guarded(services, route);
  return routes;
}

void SetUpServer(const Services& services, http::ServerOptions& options) {
  options.make_refusal = ProblemForStatus;
  options.response_headers = DefaultHeaders();
  // Browsers would apply it to all ports of "localhost".
  if (options.tls && services.options.site.reach == fields::Reach::kNetwork) {
    options.response_headers.push_back({"Strict-Transport-Security", "max-age=31536000"});
  }
  const std::vector<std::string>& origins = services.options.site.origins;
  if (origins.empty()) return;
  options.more_headers = [&origins](const http::Request& request) {
    return fields::CrossOriginFields(request, origins);
  };
  options.answer_first = [&origins](const http::Request& request) {
    return fields::AnswerPreflight(request, origins);
  };
}

std::vector<http::Headers::Field> DefaultHeaders() {
  return {{"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Content-Security-Policy",
           "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Permissions-Policy", std::string(kNoPermissions)},
          {"Cache-Control", "no-store"}};
}

}  // namespace verbatim::api
