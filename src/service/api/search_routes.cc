// GET /api/search: full text over all transcripts.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "store/transcripts.h"

namespace verbatim::api {
namespace {

constexpr size_t kQueryBytesMax = 1024;

boost::json::object HitObject(const store::SearchHit& hit) {
  boost::json::array pieces;
  std::string text;
  for (size_t i = 0; i < hit.pieces.size(); ++i) {
    text += hit.pieces[i];
    if (hit.pieces[i].empty()) continue;
    pieces.push_back({{"text", hit.pieces[i]}, {"is_hit", i % 2 == 1}});
  }
  return {{"job", hit.job},
          {"filename", hit.filename},
          {"title", hit.title},
          {"segment", hit.segment},
          {"start", static_cast<double>(hit.begin_ms) / 1000},
          {"end", static_cast<double>(hit.end_ms) / 1000},
          {"text", text},
          {"pieces", std::move(pieces)}};
}

Result<http::Response> Search(const Services& services, const Call& call) {
  const http::Request& request = call.request();
  store::SearchQuery query;
  query.text = request.Query("q").value_or("");
  query.job = request.Query("job").value_or("");
  if (query.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "q: say what to search for");
  }
  if (query.text.size() > kQueryBytesMax) {
    return Fail(ErrorCode::kInvalidArgument, "q: is longer than 1024 bytes");
  }
  query.count = static_cast<size_t>(TRY(QueryNumber(request, "limit", 20, {1, 100})));
  query.offset = static_cast<size_t>(TRY(QueryNumber(request, "offset", 0, {0, 1'000'000})));
  const store::SearchResult found = TRY(services.database.Read(
      [&](store::Connection& connection) { return store::Search(connection, query); }));
  boost::json::array hits;
  for (const store::SearchHit& hit : found.hits) hits.push_back(HitObject(hit));
  return JsonResponse(200,
                      {{"query", query.text}, {"total", found.total}, {"hits", std::move(hits)}});
}

}  // namespace

void AddSearchRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/api/search", Search);
}

}  // namespace verbatim::api
