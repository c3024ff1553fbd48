#include "store/job_samples.h"

#include <algorithm>

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

int64_t AsInteger(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
}

JobSample ReadSample(Statement& row) {
  JobSample sample;
  sample.job = row.Text();
  sample.finished_ms = row.Integer();
  sample.model = row.Text();
  sample.ending = row.Text();
  sample.file_bytes = static_cast<uint64_t>(row.Integer());
  sample.audio_s = row.Real();
  sample.workers = row.NarrowInteger();
  sample.batch = row.NarrowInteger();
  sample.beams = row.NarrowInteger();
  sample.is_language_given = row.Boolean();
  sample.others = row.NarrowInteger();
  sample.cores = row.NarrowInteger();
  sample.load = row.Real();
  sample.waited_s = row.Real();
  sample.worked_s = row.Real();
  sample.peak_bytes = static_cast<uint64_t>(row.Integer());
  sample.assumed_audio_s = row.Real();
  sample.predicted_s = row.Real();
  sample.predicted_bytes = row.Real();
  sample.rule_s = row.Real();
  sample.rule_bytes = row.Real();
  return sample;
}

}  // namespace

Result<void> InsertJobSample(Connection& connection, const JobSample& sample) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO job_samples (job, finished_ms, model, ending, file_bytes, audio_s, workers, "
      "batch, beams, is_language_given, others, cores, load, waited_s, worked_s, peak_bytes, "
      "assumed_audio_s, predicted_s, predicted_bytes, rule_s, rule_bytes) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(sample.job)
      .Bind(sample.finished_ms)
      .Bind(sample.model)
      .Bind(sample.ending)
      .Bind(AsInteger(sample.file_bytes))
      .Bind(sample.audio_s)
      .Bind(sample.workers)
      .Bind(sample.batch)
      .Bind(sample.beams)
      .Bind(sample.is_language_given)
      .Bind(sample.others)
      .Bind(sample.cores)
      .Bind(sample.load)
      .Bind(sample.waited_s)
      .Bind(sample.worked_s)
      .Bind(AsInteger(sample.peak_bytes))
      .Bind(sample.assumed_audio_s)
      .Bind(sample.predicted_s)
      .Bind(sample.predicted_bytes)
      .Bind(sample.rule_s)
      .Bind(sample.rule_bytes);
  TRY(insert.Run());
  return {};
}

Result<std::vector<JobSample>> NewestJobSamples(Connection& connection, size_t count) {
  Statement find = TRY(connection.Prepare(
      "SELECT job, finished_ms, model, ending, file_bytes, audio_s, workers, batch, beams, "
      "is_language_given, others, cores, load, waited_s, worked_s, peak_bytes, assumed_audio_s, "
      "predicted_s, predicted_bytes, rule_s, rule_bytes FROM job_samples ORDER BY number DESC "
      "LIMIT ?"));
  find.Bind(AsLimit(count));
  std::vector<JobSample> samples;
  while (TRY(find.Step())) samples.push_back(ReadSample(find));
  std::ranges::reverse(samples);
  return samples;
}

Result<void> TrimJobSamples(Connection& connection, size_t count) {
  Statement trim = TRY(connection.Prepare(
      "DELETE FROM job_samples WHERE number <= (SELECT max(number) FROM job_samples) - ?"));
  trim.Bind(AsLimit(count));
  TRY(trim.Run());
  return {};
}

}  // namespace verbatim::store
