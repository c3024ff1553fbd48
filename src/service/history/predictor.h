// What a job will take, before it runs. The rule knows the size of the model, the cores and the
// length; a regression for each model (Ridge, on the logarithm of what a job took over what the
// rule said) corrects it from the jobs that ended. Each is judged by what it said before each job.
// Pure: time and disk stay outside.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/ridge.h"
#include "store/job_samples.h"

namespace verbatim::history {

// What is known of a job before it runs.
struct JobFacts {
  std::string model;
  uint64_t model_bytes = 0;   // of its file
  uint64_t engine_bytes = 0;  // that the process is expected to have; 0: estimated
  std::string ending;         // of the file's name: "mp4"
  uint64_t file_bytes = 0;
  double audio_s = 0;  // 0: unknown, estimated from the file's size
  int workers = 0;     // 0: the forecaster's business
  int threads = 1;     // of each worker
  int batch = 0;
  int beams = 1;
  bool is_language_given = false;
  int others = 0;  // jobs that run already
  int cores = 1;
};

// Those of a job that has ended.
JobFacts FactsOf(const store::JobSample& sample);

struct Forecast {
  double seconds = 0;
  double bytes = 0;  // of the process at its peak
};

enum class Method { kRule, kRegression };
// "rule", "regression".
std::string_view MethodName(Method method);

// How good the predictions of one quantity were: medians over the newest jobs of how far they were
// off, as a share of what it took.
struct Accuracy {
  size_t count = 0;
  std::optional<double> regression;
  std::optional<double> rule;
  Method in_use = Method::kRule;
};

struct Prediction {
  double audio_s = 0;  // as known, or as estimated
  bool is_audio_known = false;
  Forecast rule;
  Forecast regression;
  Forecast used;  // that of the two which was better so far
  Method seconds_from = Method::kRule;
  Method bytes_from = Method::kRule;
  int best_workers = 1;  // the fewest that are within 2 % of the fastest
};

struct ModelAccuracy {
  size_t samples = 0;  // jobs learned from
  Accuracy seconds;
  Accuracy bytes;
};

// Thread: one at a time.
class Predictor {
 public:
  // Fewer jobs than this, and the rule is used.
  static constexpr size_t kSamplesMin = 8;
  // The newest predictions that accuracy is taken from.
  static constexpr size_t kJudged = 30;

  // `workers_max`: as many may be recommended.
  Prediction Predict(const JobFacts& facts, int workers_max) const;

  // Takes a job that has ended, with what had been predicted for it.
  void Learn(const store::JobSample& sample);

  // How good it was for a model; nothing of one that it has not met.
  ModelAccuracy AccuracyOf(const std::string& model) const;
  // Those that something was learned of, in the order of their names.
  std::vector<std::string> models() const;

 private:
  static constexpr size_t kFeatures = 8;
  using Features = std::array<double, kFeatures>;
  using Errors = std::deque<std::array<double, 2>>;  // of the regression and the rule

  struct Learned {
    Learned();
    size_t samples = 0;
    Ridge seconds;
    Ridge bytes;
    Errors seconds_errors;
    Errors bytes_errors;
  };
  // Bytes for a second of audio, as a logarithm.
  struct Density {
    double weight = 0;
    double sum = 0;
  };

  static Features FeaturesOf(const JobFacts& facts, double audio_s);
  static Accuracy AccuracyOf(const Errors& errors, size_t samples);
  double AudioSeconds(const JobFacts& facts) const;
  Forecast ByRegression(const Learned& learned, const JobFacts& facts, double audio_s) const;

  std::map<std::string, Learned> models_;
  std::map<std::string, Density> densities_;  // by ending
};

// What the rule says.
Forecast ByRule(const JobFacts& facts, double audio_s);

}  // namespace verbatim::history
