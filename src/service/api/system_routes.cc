// How the service is: health, metrics, the description of its API.
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <system_error>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "api/problem.h"
#include "store/inspection.h"

// In embedded.S.
extern "C" {
extern const char verbatim_openapi_begin[];
extern const char verbatim_openapi_end[];
}

namespace verbatim::api {
namespace {

Result<http::Response> Health(const Services& services, const Call&) {
  return JsonResponse(200, {{"status", "ok"}, {"version", services.options.version}});
}

// The disk must take a commit, not only the database a query.
Result<void> CheckDatabase(const Services& services) {
  return services.database.Write(store::CheckWritable);
}

Result<void> CheckDisk(const Services& services) {
  const uint64_t reserve = services.uploads.limits().disk_reserve;
  std::error_code error;
  const std::filesystem::space_info space =
      std::filesystem::space(services.uploads.folder(), error);
  if (error) return Failure(SystemError(error.value(), "asking for the disk's free space"));
  if (space.available >= reserve) return {};
  return Fail(ErrorCode::kOutOfSpace,
              fmt::format("{} bytes are free; uploads leave {} free", space.available, reserve));
}

Result<void> CheckModel(const Services& services) {
  return services.engines.Check(services.settings.Current().model);
}

struct Readiness {
  bool is_ready = true;
  boost::json::object checks;
};

boost::json::array LayersJson(const SandboxState& state) {
  boost::json::array layers;
  for (const SandboxState::Layer& layer : state.layers) {
    boost::json::object json{{"name", layer.name}, {"active", layer.is_active}};
    if (!layer.is_active) json["reason"] = layer.reason;
    layers.push_back(std::move(json));
  }
  return layers;
}

Readiness CheckAll(const Services& services, const Call& call) {
  Readiness readiness;
  const auto add = [&](std::string_view name, const Result<void>& checked) {
    boost::json::object check{{"ok", checked.has_value()}};
    if (!checked) {
      LogSecret(services, call.request(), checked.error());
      check["detail"] = PublicDetail(checked.error());
    }
    readiness.checks[name] = std::move(check);
    readiness.is_ready = readiness.is_ready && checked;
  };
  add("database", CheckDatabase(services));
  add("disk", CheckDisk(services));
  add("model", CheckModel(services));
  const SandboxState sandbox = services.sandbox ? services.sandbox() : SandboxState{};
  add("sandbox", sandbox.checked);
  readiness.checks["sandbox"].as_object()["layers"] = LayersJson(sandbox);
  return readiness;
}

Result<http::Response> Ready(const Services& services, const Call& call) {
  Readiness readiness = CheckAll(services, call);
  return JsonResponse(readiness.is_ready ? 200 : 503,
                      {{"status", readiness.is_ready ? "ready" : "not_ready"},
                       {"checks", std::move(readiness.checks)}});
}

Result<http::Response> Metrics(const Services& services, const Call& call) {
  const jobs::Jobs::Load load = services.jobs.load();
  services.metrics.SetJobs(load.queued, load.running);
  services.metrics.SetOldestWait(load.oldest_wait_s);
  services.metrics.SetReady(CheckAll(services, call).is_ready);
  return http::MakeResponse(200, "text/plain; version=0.0.4; charset=utf-8",
                            services.metrics.Exposition());
}

Result<http::Response> OpenApi(const Services&, const Call& call) {
  return WithEtag(call.request(),
                  http::MakeResponse(200, "application/json", std::string(OpenApiDocument())));
}

}  // namespace

std::string_view OpenApiDocument() {
  return {static_cast<const char*>(verbatim_openapi_begin),
          static_cast<const char*>(verbatim_openapi_end)};
}

void AddSystemRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/healthz", Health);
  AddEndpoint(services, routes, "GET", "/readyz", Ready);
  AddEndpoint(services, routes, "GET", "/metrics", Metrics);
  AddEndpoint(services, routes, "GET", "/openapi.json", OpenApi);
}

}  // namespace verbatim::api
