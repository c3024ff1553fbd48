// The page for browsers: GET / and GET /assets/{name}. It is a client of the API like any other.
#include <algorithm>
#include <string>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "api/impl/page_assets.h"

namespace verbatim::api {
namespace {

// Scripts, styles and requests of this server alone; nothing inline.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

// Whether a list like "gzip, deflate;q=0.5" takes gzip. Browsers send no weights.
bool TakesGzip(const http::Request& request) {
  const auto accepted = request.headers.Find("Accept-Encoding");
  if (!accepted) return false;
  const size_t at = accepted->find("gzip");
  return at != std::string_view::npos && !accepted->substr(at + 4).starts_with(";q=0");
}

http::Response AssetResponse(const http::Request& request, const PageAsset& asset) {
  const bool is_packed = !asset.gzip.empty() && TakesGzip(request);
  http::Response response = http::MakeResponse(200, asset.content_type, "");
  response.headers.Set("Vary", "Accept-Encoding");
  response.headers.Set("ETag", std::string(asset.etag));
  response.headers.Set("Cache-Control",
                       asset.is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
  const auto known = request.headers.Find("If-None-Match");
  if (known && NamesEtag(*known, asset.etag)) {
    response.status = 304;
    response.headers.Remove("Content-Type");
    return response;
  }
  if (is_packed) response.headers.Set("Content-Encoding", "gzip");
  response.body = is_packed ? asset.gzip : asset.bytes;
  return response;
}

Result<http::Response> NamedAsset(const http::Request& request, std::string_view name) {
  const auto asset = std::ranges::find(PageAssets(), name, &PageAsset::name);
  if (asset == PageAssets().end()) return Fail(ErrorCode::kNotFound, "there is no such file");
  return AssetResponse(request, *asset);
}

Result<http::Response> Asset(const Services&, const Call& call) {
  return NamedAsset(call.request(), call.parameter("name"));
}

Result<http::Response> Page(const Services&, const Call& call) {
  http::Response response = TRY(NamedAsset(call.request(), "index.html"));
  response.headers.Set("Content-Security-Policy", std::string(kPagePolicy));
  response.headers.Set(
      "Permissions-Policy",
      "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()");
  return response;
}

}  // namespace

void AddPageRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/", Page);
  AddEndpoint(services, routes, "GET", "/assets/{name}", Asset);
}

}  // namespace verbatim::api
