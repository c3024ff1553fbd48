// GET /api/performance/history: how the machine and the service did, in columns for a chart.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "fields/time_query.h"
#include "history/recorder.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using history::Bucket;
using history::Range;
using history::Spread;

constexpr int64_t kUsualSpan = 900;  // as long as seconds are kept
constexpr int64_t kStepMax = int64_t{366} * 86'400;

// What a span of time is best shown in. Who asks for the usual one need not hit the second.
int64_t StepOf(int64_t span_s) {
  if (span_s <= kUsualSpan + history::kMinuteStep) return history::kSecondStep;
  return span_s <= history::kPointsMax * history::kMinuteStep ? history::kMinuteStep
                                                              : history::kHourStep;
}

// "1s", "1m", "1h", or seconds, rounded up to one of these or to whole hours.
Result<int64_t> ParseStep(std::string_view text) {
  if (text == "1s") return history::kSecondStep;
  if (text == "1m") return history::kMinuteStep;
  if (text == "1h") return history::kHourStep;
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || seconds < 1 || seconds > kStepMax) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("step: \"{}\" is none of 1s, 1m, 1h and no number of seconds from 1 "
                            "to {}",
                            text, kStepMax));
  }
  if (seconds <= history::kSecondStep) return history::kSecondStep;
  if (seconds <= history::kMinuteStep) return history::kMinuteStep;
  return (seconds + history::kHourStep - 1) / history::kHourStep * history::kHourStep;
}

Result<Range> ParseRange(const http::Request& request, int64_t now_s) {
  Range range;
  range.to_s = TRY(fields::QueryTime(request, "to")).value_or(now_s + 1);
  range.from_s = TRY(fields::QueryTime(request, "from")).value_or(range.to_s - kUsualSpan);
  if (range.from_s >= range.to_s) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("from is {} and to is {}: from must be earlier", range.from_s, range.to_s));
  }
  range.step_s = StepOf(range.to_s - range.from_s);
  if (const auto step = request.Query("step")) range.step_s = TRY(ParseStep(*step));
  return range;
}

// The series wanted: all, or those of a list of names.
Result<std::vector<size_t>> ParseSeries(const http::Request& request) {
  std::vector<size_t> wanted;
  std::string_view names = request.Query("series").value_or("");
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    const std::optional<size_t> series = history::FindSeries(name);
    if (!series) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("series: there is no \"{}\"", name));
    }
    wanted.push_back(*series);
  }
  if (!wanted.empty()) return wanted;
  for (size_t series = 0; series < history::kSeriesCount; ++series) wanted.push_back(series);
  return wanted;
}

// Six digits: as many as are stored.
json::value Rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

json::object Columns(const std::vector<Bucket>& points, size_t series) {
  const auto column = [&](double Spread::* value) {
    json::array numbers;
    numbers.reserve(points.size());
    for (const Bucket& point : points) {
      const Spread& spread = point.series[series];
      numbers.push_back(spread.count > 0 ? Rounded(spread.*value) : json::value(nullptr));
    }
    return numbers;
  };
  json::object columns{{"mean", column(&Spread::mean)}};
  if (history::IsStage(series)) return columns;
  columns["min"] = column(&Spread::min);
  columns["max"] = column(&Spread::max);
  return columns;
}

Result<http::Response> History(const Services& services, const Call& call) {
  const Range range = TRY(ParseRange(call.request(), services.clock.WallMs() / 1000));
  const std::vector<size_t> wanted = TRY(ParseSeries(call.request()));
  if (services.recorder == nullptr) {
    return Fail(ErrorCode::kNotFound, "this server keeps no history");
  }
  const history::Table table = TRY(services.recorder->Read(range));
  json::array times;
  for (const Bucket& point : table.points) times.push_back(point.begin_s);
  json::object series;
  for (const size_t one : wanted) series[history::SeriesName(one)] = Columns(table.points, one);
  return JsonResponse(
      200, {{"step", table.step_s}, {"times", std::move(times)}, {"series", std::move(series)}});
}

}  // namespace

void AddHistoryRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/api/performance/history", History);
}

}  // namespace verbatim::api
