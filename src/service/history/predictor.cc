#include "history/predictor.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "performance/worker_count.h"

namespace verbatim::history {
namespace {

// One core computes about 20 s of audio each second with `base`, whose file has 145 MB; the work
// grows with the size of the model.
constexpr double kModelBytesPerSecond = 145e6 * 20;

// Speech in small files is coded at about 32 kbit/s.
constexpr double kFileBytesPerSecond = 4000;

constexpr double kWindowSeconds = 30;
constexpr double kProgramBytes = 80e6;  // of the program itself, and what reading media takes

// Errors of logarithms beyond this come from something else than the job.
constexpr double kCorrectionMax = 4;

constexpr double kDensityKeep = 0.9;
constexpr double kDensityPrior = 0.5;  // the rule counts as half a file

constexpr double kWorkersTolerance = 1.02;

double Correction(const Ridge& ridge, std::span<const double> features) {
  return std::exp(std::clamp(ridge.Predict(features), -kCorrectionMax, kCorrectionMax));
}

double LogRatio(double taken, double rule) {
  return std::clamp(std::log(taken / rule), -kCorrectionMax, kCorrectionMax);
}

double ErrorOf(double predicted, double taken) { return std::abs(predicted - taken) / taken; }

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

JobFacts FactsOf(const store::JobSample& sample) {
  JobFacts facts;
  facts.model = sample.model;
  facts.ending = sample.ending;
  facts.file_bytes = sample.file_bytes;
  facts.audio_s = sample.audio_s;
  facts.workers = sample.workers;
  facts.batch = sample.batch;
  facts.beams = sample.beams;
  facts.is_language_given = sample.is_language_given;
  facts.others = sample.others;
  facts.cores = sample.cores;
  return facts;
}

std::string_view MethodName(Method method) {
  return method == Method::kRule ? "rule" : "regression";
}

Forecast ByRule(const JobFacts& facts, double audio_s) {
  const int workers = std::max(facts.workers, 1);
  const int threads = std::clamp(workers * std::max(facts.threads, 1), 1, std::max(facts.cores, 1));
  const double core_s =
      std::max(audio_s, 1.0) * static_cast<double>(facts.model_bytes) / kModelBytesPerSecond;
  Forecast forecast;
  forecast.seconds = std::max(core_s, 0.01) / threads * (1 + std::max(facts.others, 0));
  const performance::WorkerCost cost = performance::EstimateCost(facts.model_bytes);
  forecast.bytes = facts.engine_bytes > 0 ? kProgramBytes + static_cast<double>(facts.engine_bytes)
                                          : kProgramBytes + static_cast<double>(cost.shared_bytes) +
                                                static_cast<double>(cost.bytes) * workers;
  return forecast;
}

// The intercept is hardly held, as no machine is quite like that of the rule.
Predictor::Learned::Learned()
    : seconds({.01, .1, .1, .1, .1, .1, .1, .1}), bytes({.01, .1, .1, .1, .1, .1, .1, .1}) {}

// Centred on a usual job, so that a coefficient that is not known yet does little harm. The square
// of the workers lets them have an optimum.
Predictor::Features Predictor::FeaturesOf(const JobFacts& facts, double audio_s) {
  constexpr double kUsualAudio = 60;
  constexpr double kUsualWorkers = 2;
  constexpr double kUsualBatch = 4;
  const auto log_of = [](double value, double usual) {
    return std::log(std::max(value, 0.1) / usual);
  };
  const double workers = log_of(facts.workers, kUsualWorkers);
  return {1,
          log_of(audio_s, kUsualAudio),
          workers,
          workers * workers,
          log_of(facts.batch, kUsualBatch),
          log_of(facts.beams, 1),
          facts.is_language_given ? 0.0 : 1.0,
          log_of(1 + facts.others, 1)};
}

double Predictor::AudioSeconds(const JobFacts& facts) const {
  if (facts.audio_s > 0) return facts.audio_s;
  double sum = kDensityPrior * std::log(kFileBytesPerSecond);
  double weight = kDensityPrior;
  if (const auto found = densities_.find(facts.ending); found != densities_.end()) {
    sum += found->second.sum;
    weight += found->second.weight;
  }
  return static_cast<double>(facts.file_bytes) / std::exp(sum / weight);
}

Forecast Predictor::ByRegression(const Learned& learned, const JobFacts& facts,
                                 double audio_s) const {
  const Features features = FeaturesOf(facts, audio_s);
  Forecast forecast = ByRule(facts, audio_s);
  forecast.seconds *= Correction(learned.seconds, features);
  forecast.bytes *= Correction(learned.bytes, features);
  return forecast;
}

Accuracy Predictor::AccuracyOf(const Errors& errors, size_t samples) {
  Accuracy accuracy;
  accuracy.count = errors.size();
  if (errors.empty()) return accuracy;
  std::vector<double> regression;
  std::vector<double> rule;
  for (const auto& [of_regression, of_rule] : errors) {
    regression.push_back(of_regression);
    rule.push_back(of_rule);
  }
  accuracy.regression = Median(std::move(regression));
  accuracy.rule = Median(std::move(rule));
  const bool is_better = samples >= kSamplesMin && *accuracy.regression < *accuracy.rule;
  accuracy.in_use = is_better ? Method::kRegression : Method::kRule;
  return accuracy;
}

ModelAccuracy Predictor::AccuracyOf(const std::string& model) const {
  const auto found = models_.find(model);
  if (found == models_.end()) return {};
  const Learned& learned = found->second;
  return {learned.samples, AccuracyOf(learned.seconds_errors, learned.samples),
          AccuracyOf(learned.bytes_errors, learned.samples)};
}

std::vector<std::string> Predictor::models() const {
  std::vector<std::string> names;
  for (const auto& [name, learned] : models_) names.push_back(name);
  return names;
}

Prediction Predictor::Predict(const JobFacts& facts, int workers_max) const {
  Prediction prediction;
  prediction.is_audio_known = facts.audio_s > 0;
  prediction.audio_s = AudioSeconds(facts);
  prediction.rule = ByRule(facts, prediction.audio_s);
  prediction.regression = prediction.rule;
  const auto found = models_.find(facts.model);
  if (found != models_.end()) {
    const ModelAccuracy accuracy = AccuracyOf(facts.model);
    prediction.seconds_from = accuracy.seconds.in_use;
    prediction.bytes_from = accuracy.bytes.in_use;
    prediction.regression = ByRegression(found->second, facts, prediction.audio_s);
  }
  const auto choose = [&](const JobFacts& wanted) {
    const bool is_learned = prediction.seconds_from == Method::kRegression;
    return is_learned ? ByRegression(found->second, wanted, prediction.audio_s).seconds
                      : ByRule(wanted, prediction.audio_s).seconds;
  };
  prediction.used.seconds = choose(facts);
  prediction.used.bytes = prediction.bytes_from == Method::kRegression ? prediction.regression.bytes
                                                                       : prediction.rule.bytes;
  std::vector<double> seconds;
  JobFacts other = facts;
  for (other.workers = 1; other.workers <= std::max(workers_max, 1); ++other.workers) {
    seconds.push_back(choose(other));
  }
  const double limit = *std::ranges::min_element(seconds) * kWorkersTolerance;
  const auto best = std::ranges::find_if(seconds, [limit](double one) { return one <= limit; });
  prediction.best_workers = static_cast<int>(best - seconds.begin()) + 1;
  return prediction;
}

void Predictor::Learn(const store::JobSample& sample) {
  const bool is_whole = sample.audio_s > 0 && sample.worked_s > 0 && sample.rule_s > 0 &&
                        sample.peak_bytes > 0 && sample.rule_bytes > 0;
  if (!is_whole) return;
  if (sample.file_bytes > 0) {
    Density& density = densities_[sample.ending];
    density.weight = kDensityKeep * density.weight + 1;
    density.sum = kDensityKeep * density.sum +
                  std::log(static_cast<double>(sample.file_bytes) / sample.audio_s);
  }
  Learned& learned = models_[sample.model];
  ++learned.samples;
  const auto peak = static_cast<double>(sample.peak_bytes);
  const auto judge = [](Errors& errors, double predicted, double rule, double taken) {
    if (predicted > 0) errors.push_back({ErrorOf(predicted, taken), ErrorOf(rule, taken)});
    if (errors.size() > kJudged) errors.pop_front();
  };
  judge(learned.seconds_errors, sample.predicted_s, sample.rule_s, sample.worked_s);
  judge(learned.bytes_errors, sample.predicted_bytes, sample.rule_bytes, peak);
  // What the rule would have said, had it known the length.
  const double rule_s =
      sample.rule_s * std::max(sample.audio_s, 1.0) / std::max(sample.assumed_audio_s, 1.0);
  const Features features = FeaturesOf(FactsOf(sample), sample.audio_s);
  learned.seconds.Add(features, LogRatio(sample.worked_s, rule_s));
  learned.bytes.Add(features, LogRatio(peak, sample.rule_bytes));
}

}  // namespace verbatim::history
