#include "store/samples.h"

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

StoredSample ReadSample(Statement& row) {
  StoredSample sample;
  sample.step_s = row.Integer();
  sample.begin_s = row.Integer();
  sample.count = row.Integer();
  sample.data = row.Text();
  return sample;
}

}  // namespace

Result<void> PutSample(Connection& connection, const StoredSample& sample) {
  Statement put = TRY(connection.Prepare(
      "INSERT OR REPLACE INTO samples (step_s, begin_s, count, data) VALUES (?, ?, ?, ?)"));
  put.Bind(sample.step_s).Bind(sample.begin_s).Bind(sample.count).Bind(sample.data);
  TRY(put.Run());
  return {};
}

Result<std::optional<StoredSample>> FindSample(Connection& connection, int64_t step_s,
                                               int64_t begin_s) {
  Statement find = TRY(connection.Prepare(
      "SELECT step_s, begin_s, count, data FROM samples WHERE step_s = ? AND begin_s = ?"));
  find.Bind(step_s).Bind(begin_s);
  if (!TRY(find.Step())) return std::nullopt;
  return ReadSample(find);
}

Result<std::vector<StoredSample>> SamplesIn(Connection& connection, const SampleRange& range) {
  Statement find =
      TRY(connection.Prepare("SELECT step_s, begin_s, count, data FROM samples "
                             "WHERE step_s = ? AND begin_s >= ? AND begin_s < ? ORDER BY begin_s"));
  find.Bind(range.step_s).Bind(range.from_s).Bind(range.to_s);
  std::vector<StoredSample> samples;
  while (TRY(find.Step())) samples.push_back(ReadSample(find));
  return samples;
}

Result<std::vector<int64_t>> HoursWithoutSample(Connection& connection, int64_t before_s) {
  Statement find = TRY(connection.Prepare(
      "SELECT DISTINCT begin_s - begin_s % 3600 AS hour FROM samples "
      "WHERE step_s = 60 AND begin_s >= 0 AND begin_s < ? "
      "AND hour NOT IN (SELECT begin_s FROM samples WHERE step_s = 3600) ORDER BY hour"));
  find.Bind(before_s);
  std::vector<int64_t> hours;
  while (TRY(find.Step())) hours.push_back(find.Integer());
  return hours;
}

Result<void> TrimSamples(Connection& connection, int64_t step_s, int64_t before_s) {
  Statement trim = TRY(connection.Prepare("DELETE FROM samples WHERE step_s = ? AND begin_s < ?"));
  trim.Bind(step_s).Bind(before_s);
  TRY(trim.Run());
  return {};
}

}  // namespace verbatim::store
