#include "history/forecaster.h"

#include <algorithm>
#include <utility>

namespace verbatim::history {
namespace {

using store::Connection;
using store::JobSample;

constexpr size_t kSamplesLearned = 1000;
constexpr size_t kSamplesKept = 10'000;
constexpr int kWorkersMax = 64;  // what the engine takes
constexpr size_t kEndingMax = 8;
constexpr int kUsualBatch = 4;

double Seconds(int64_t ms) { return static_cast<double>(std::max<int64_t>(ms, 0)) / 1000; }

}  // namespace

std::string EndingOf(const std::string& filename) {
  const size_t dot = filename.rfind('.');
  if (dot == std::string::npos || filename.size() - dot - 1 > kEndingMax) return "";
  std::string ending = filename.substr(dot + 1);
  std::ranges::transform(ending, ending.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return std::ranges::all_of(ending, is_plain) ? ending : "";
}

Result<std::unique_ptr<Forecaster>> Forecaster::Open(ForecasterParts parts) {
  std::unique_ptr<Forecaster> forecaster(new Forecaster(std::move(parts)));
  const std::vector<JobSample> samples = TRY(forecaster->parts_.database.Read(
      [](Connection& connection) { return store::NewestJobSamples(connection, kSamplesLearned); }));
  const MutexLock lock(forecaster->mutex_);
  for (const JobSample& sample : samples) {
    forecaster->predictor_.Learn(sample);
    forecaster->shapes_[sample.model] = {sample.workers, 1, sample.batch, 0};
  }
  return forecaster;
}

jobs::RunEvents Forecaster::Events() {
  return {[this](const jobs::RunStart& start) { Start(start); },
          [this](const store::Job& job) { End(job); }};
}

void Forecaster::OnEachSample(OnLearned listener) { listener_ = std::move(listener); }

void Forecaster::OnSecond(const performance::Resources& resources) {
  const MutexLock lock(mutex_);
  resources_ = resources;
  for (auto& [id, run] : runs_) {
    run.sample.peak_bytes = std::max(run.sample.peak_bytes, resources.process_memory.value);
  }
}

JobFacts Forecaster::Completed(JobFacts facts) const {
  if (facts.model_bytes == 0) facts.model_bytes = parts_.model_bytes(facts.model);
  facts.cores = resources_.cores.value;
  if (facts.workers > 0) return facts;
  const auto found = shapes_.find(facts.model);
  const Shape shape =
      found != shapes_.end() ? found->second : Shape{facts.cores, 1, kUsualBatch, 0};
  facts.workers = shape.workers;
  facts.threads = shape.threads;
  facts.batch = shape.batch;
  facts.engine_bytes = shape.engine_bytes;
  return facts;
}

Prediction Forecaster::Predict(JobFacts facts) const {
  const MutexLock lock(mutex_);
  return predictor_.Predict(Completed(std::move(facts)), kWorkersMax);
}

int Forecaster::BestWorkers(const JobSample& sample) const {
  const Prediction prediction = Predict(FactsOf(sample));
  return prediction.seconds_from == Method::kRegression ? prediction.best_workers : 0;
}

std::vector<std::pair<std::string, ModelAccuracy>> Forecaster::accuracies() const {
  const MutexLock lock(mutex_);
  std::vector<std::pair<std::string, ModelAccuracy>> all;
  for (const std::string& model : predictor_.models()) {
    all.emplace_back(model, predictor_.AccuracyOf(model));
  }
  return all;
}

void Forecaster::Start(const jobs::RunStart& start) {
  JobFacts facts;
  facts.model = start.options.model;
  facts.engine_bytes = start.engine_bytes;
  facts.ending = EndingOf(start.filename);
  facts.file_bytes = start.file_bytes;
  facts.workers = start.shape.workers;
  facts.threads = start.shape.threads;
  facts.batch = start.shape.batch;
  facts.beams = start.options.beam_size;
  facts.is_language_given = start.options.language != "auto";
  const MutexLock lock(mutex_);
  shapes_[facts.model] = {facts.workers, facts.threads, facts.batch, facts.engine_bytes};
  facts.others = static_cast<int>(runs_.size() - runs_.count(start.job.id));
  facts = Completed(std::move(facts));
  const Prediction prediction = predictor_.Predict(facts, kWorkersMax);
  Run run;
  run.started_ms = parts_.clock.SteadyMs();
  run.is_typical = start.job.attempt == 1 && start.is_file_whole;
  JobSample& sample = run.sample;
  sample.job = start.job.is_ephemeral ? "" : start.job.id;  // of these nothing stays
  sample.model = facts.model;
  sample.ending = facts.ending;
  sample.file_bytes = facts.file_bytes;
  sample.workers = facts.workers;
  sample.batch = facts.batch;
  sample.beams = facts.beams;
  sample.is_language_given = facts.is_language_given;
  sample.others = facts.others;
  sample.cores = facts.cores;
  sample.load = resources_.load ? resources_.load->value : 0;
  sample.waited_s = Seconds(start.job.started_ms - start.job.created_ms);
  sample.peak_bytes = performance::ResidentBytes();
  sample.assumed_audio_s = prediction.audio_s;
  sample.predicted_s = prediction.regression.seconds;
  sample.predicted_bytes = prediction.regression.bytes;
  sample.rule_s = prediction.rule.seconds;
  sample.rule_bytes = prediction.rule.bytes;
  runs_[start.job.id] = std::move(run);
}

// What a run that is over leaves to learn from.
std::optional<JobSample> Forecaster::Take(const store::Job& job) {
  const MutexLock lock(mutex_);
  const auto found = runs_.find(job.id);
  if (found == runs_.end()) return std::nullopt;
  Run run = std::move(found->second);
  runs_.erase(found);
  if (!run.is_typical || job.state != store::JobState::kCompleted) return std::nullopt;
  run.sample.finished_ms = job.finished_ms;
  run.sample.audio_s = Seconds(job.duration_ms);
  run.sample.worked_s = Seconds(std::max<int64_t>(parts_.clock.SteadyMs() - run.started_ms, 1));
  run.sample.peak_bytes = std::max(run.sample.peak_bytes, performance::ResidentBytes());
  predictor_.Learn(run.sample);
  return std::move(run.sample);
}

void Forecaster::End(const store::Job& job) {
  const std::optional<JobSample> sample = Take(job);
  if (!sample) return;
  const Result<void> stored = parts_.database.Write([&](Connection& connection) -> Result<void> {
    TRY_VOID(store::InsertJobSample(connection, *sample));
    return store::TrimJobSamples(connection, kSamplesKept);
  });
  if (!stored) {
    parts_.log.Warning("what job {} took can't be stored: {}", job.id, stored.error().message);
  }
  if (listener_) listener_(*sample);
}

}  // namespace verbatim::history
