#include "api/api.h"
#include "api/problem.h"
#include "fields/same_site.h"

namespace verbatim::api {

std::vector<http::Route> MakeRoutes(const Services& services) {
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
  AddSystemRoutes(services, routes);
  AddPageRoutes(services, routes);
  const fields::Reach reach =
      services.options.is_loopback_only ? fields::Reach::kThisMachine : fields::Reach::kNetwork;
  for (http::Route& route : routes) {
    route.handler = fields::SameSiteOnly(std::move(route.handler), reach, ProblemForStatus);
  }
  return routes;
}

std::vector<http::Headers::Field> DefaultHeaders() {
  return {{"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Cache-Control", "no-store"}};
}

}  // namespace verbatim::api
