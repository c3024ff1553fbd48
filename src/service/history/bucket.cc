#include "history/bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>
#include <cmath>
#include <optional>

namespace verbatim::history {
namespace {

namespace json = boost::json;

std::optional<double> NumberOf(const json::value& value) {
  if (const int64_t* whole = value.if_int64()) return static_cast<double>(*whole);
  if (const uint64_t* whole = value.if_uint64()) return static_cast<double>(*whole);
  if (const double* number = value.if_double()) return *number;
  return std::nullopt;
}

std::optional<Spread> SpreadOf(const json::value& value, int64_t count) {
  if (const std::optional<double> number = NumberOf(value)) {
    return Spread{*number, *number, *number, count};
  }
  const json::array* numbers = value.if_array();
  if (numbers == nullptr || numbers->size() != 3) return std::nullopt;
  const std::optional<double> mean = NumberOf(numbers->at(0));
  const std::optional<double> min = NumberOf(numbers->at(1));
  const std::optional<double> max = NumberOf(numbers->at(2));
  if (!mean || !min || !max) return std::nullopt;
  return Spread{*mean, *min, *max, count};
}

std::string SpreadText(size_t series, const Spread& spread) {
  const bool is_one = IsStage(series) || spread.min == spread.max;
  if (is_one) return fmt::format("{:.6g}", spread.mean);
  return fmt::format("[{:.6g},{:.6g},{:.6g}]", spread.mean, spread.min, spread.max);
}

}  // namespace

void Spread::Merge(const Spread& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  count += other.count;
  mean += (other.mean - mean) * static_cast<double>(other.count) / static_cast<double>(count);
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

void Bucket::Add(const Sample& sample) {
  ++count;
  for (size_t i = 0; i < kSeriesCount; ++i) {
    const double value = sample.values[i];
    if (std::isfinite(value)) series[i].Merge({value, value, value, 1});
  }
}

void Bucket::Merge(const Bucket& other) {
  count += other.count;
  for (size_t i = 0; i < kSeriesCount; ++i) series[i].Merge(other.series[i]);
}

std::string EncodeBucket(const Bucket& bucket) {
  std::string text;
  for (size_t i = 0; i < kSeriesCount; ++i) {
    const Spread& spread = bucket.series[i];
    const bool is_zero = spread.min == 0 && spread.max == 0;
    if (spread.count == 0 || (is_zero && !IsOptional(i))) continue;
    text +=
        fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", SeriesName(i), SpreadText(i, spread));
  }
  return text.empty() ? "{}" : text + "}";
}

Result<Bucket> DecodeBucket(int64_t begin_s, int64_t count, std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* fields = error ? nullptr : value.if_object();
  if (fields == nullptr) {
    return Fail(ErrorCode::kCorruptDatabase, "a stored sample is no JSON object");
  }
  Bucket bucket;
  bucket.begin_s = begin_s;
  bucket.count = count;
  for (size_t i = 0; i < kSeriesCount; ++i) {
    if (!IsOptional(i)) bucket.series[i].count = count;
  }
  for (const auto& [name, field] : *fields) {
    const std::optional<size_t> series = FindSeries(name);
    if (!series) continue;
    const std::optional<Spread> spread = SpreadOf(field, count);
    if (!spread) return Fail(ErrorCode::kCorruptDatabase, "a stored sample is damaged");
    bucket.series[*series] = *spread;
  }
  return bucket;
}

}  // namespace verbatim::history
