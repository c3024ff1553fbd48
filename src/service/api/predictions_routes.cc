// GET /api/performance/predictions: what jobs will take, how good that was so far, and what
// self-tuning tries.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "history/forecaster.h"
#include "history/tuning.h"
#include "jobs/job_options.h"
#include "store/jobs.h"
#include "store/uploads.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using history::Accuracy;
using history::Forecast;
using history::JobFacts;
using history::Prediction;

constexpr size_t kQueueShown = 100;
constexpr uint64_t kFileBytesMax = uint64_t{1} << 50;
constexpr double kAudioSecondsMax = 1e8;

json::value Rounded(double value) { return std::round(value * 1000) / 1000; }

json::value PercentOrNull(std::optional<double> share) {
  return share ? Rounded(*share * 100) : json::value(nullptr);
}

json::object AccuracyJson(const Accuracy& accuracy) {
  return {{"predictions", accuracy.count},
          {"regression_error_percent", PercentOrNull(accuracy.regression)},
          {"rule_error_percent", PercentOrNull(accuracy.rule)},
          {"in_use", history::MethodName(accuracy.in_use)}};
}

json::object ModelJson(const std::string& model, const history::ModelAccuracy& accuracy) {
  return {{"model", model},
          {"samples", accuracy.samples},
          {"time", AccuracyJson(accuracy.seconds)},
          {"memory", AccuracyJson(accuracy.bytes)}};
}

json::object ForecastJson(const Forecast& forecast) {
  return {{"time_s", Rounded(forecast.seconds)}, {"memory_bytes", std::round(forecast.bytes)}};
}

json::object PredictionJson(const Prediction& prediction) {
  return {{"audio_s", Rounded(prediction.audio_s)},
          {"is_audio_known", prediction.is_audio_known},
          {"time_s", Rounded(prediction.used.seconds)},
          {"time_from", history::MethodName(prediction.seconds_from)},
          {"memory_bytes", std::round(prediction.used.bytes)},
          {"memory_from", history::MethodName(prediction.bytes_from)},
          {"best_workers", prediction.best_workers},
          {"rule", ForecastJson(prediction.rule)},
          {"regression", ForecastJson(prediction.regression)}};
}

JobFacts FactsOf(const Services& services, const store::Job& job,
                 const std::optional<store::Upload>& upload) {
  const jobs::JobOptions options = jobs::ParseJobOptions(job.options).value_or(jobs::JobOptions{});
  JobFacts facts;
  facts.model = options.model.empty() ? services.settings.Current().model : options.model;
  facts.beams = options.beam_size;
  facts.is_language_given = options.language != "auto";
  facts.audio_s = static_cast<double>(job.duration_ms) / 1000;
  if (upload) {
    facts.ending = history::EndingOf(upload->filename);
    facts.file_bytes = upload->length.value_or(upload->offset);
  }
  return facts;
}

struct Waiting {
  store::Job job;
  std::optional<store::Upload> upload;
};

// Those that run, then those that are queued, in their order.
Result<std::vector<Waiting>> ReadQueue(const Services& services) {
  return services.database.Read([](store::Connection& connection) -> Result<std::vector<Waiting>> {
    std::vector<Waiting> all;
    std::vector<store::Job> jobs = TRY(store::RunningJobs(connection));
    for (store::Job& job : TRY(store::QueuedJobs(connection, kQueueShown))) {
      jobs.push_back(std::move(job));
    }
    for (store::Job& job : jobs) {
      if (job.is_ephemeral) continue;
      std::optional<store::Upload> upload = TRY(store::FindUpload(connection, job.upload));
      all.push_back({std::move(job), std::move(upload)});
    }
    return all;
  });
}

// The workers are shared, so the work of those before a job is done before its own, whichever runs
// beside which.
json::array QueueJson(const Services& services, const std::vector<Waiting>& queue) {
  json::array all;
  double ends_in_s = 0;
  for (const Waiting& waiting : queue) {
    const JobFacts facts = FactsOf(services, waiting.job, waiting.upload);
    const Prediction prediction = services.forecaster->Predict(facts);
    ends_in_s += prediction.used.seconds * (1 - std::clamp(waiting.job.share, 0.0, 1.0));
    json::object one = PredictionJson(prediction);
    one["job"] = waiting.job.id;
    one["model"] = facts.model;
    one["state"] = store::JobStateName(waiting.job.state);
    one["ends_in_s"] = Rounded(ends_in_s);
    all.push_back(std::move(one));
  }
  return all;
}

json::object ComparisonJson(const history::Comparison& comparison) {
  return {{"gain_percent", Rounded(comparison.gain * 100)},
          {"doubt", comparison.doubt},
          {"jobs_before", comparison.present},
          {"jobs_after", comparison.candidate}};
}

json::object TuningJson(const history::Tuning::View& view) {
  json::object tuning{
      {"is_on", view.is_on}, {"state", history::TunerStateName(view.state)}, {"attempt", nullptr}};
  if (view.attempt) {
    json::object attempt = ComparisonJson(view.attempt->comparison);
    attempt["setting"] = view.attempt->setting;
    attempt["before"] = view.attempt->present;
    attempt["after"] = view.attempt->candidate;
    tuning["attempt"] = std::move(attempt);
  }
  json::array outcomes;
  for (const history::Outcome& outcome : view.outcomes) {
    json::object one = ComparisonJson(outcome.comparison);
    one["setting"] = outcome.setting;
    one["before"] = outcome.before;
    one["after"] = outcome.after;
    one["verdict"] = outcome.verdict;
    outcomes.push_back(std::move(one));
  }
  tuning["outcomes"] = std::move(outcomes);
  return tuning;
}

// A length in seconds; 0: it is not there.
Result<double> QuerySeconds(const http::Request& request, std::string_view name) {
  const auto word = request.Query(name);
  if (!word) return 0;
  double seconds = 0;
  const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), seconds);
  const bool is_number = error == std::errc() && end == word->data() + word->size();
  if (is_number && seconds > 0 && seconds <= kAudioSecondsMax) return seconds;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: \"{}\" is no number of seconds above 0", name, *word));
}

// What the query asks about; none: about no file of its own.
Result<std::optional<JobFacts>> ReadQuestion(const Services& services,
                                             const http::Request& request) {
  JobFacts facts;
  facts.file_bytes = static_cast<uint64_t>(
      TRY(QueryNumber(request, "file_bytes", 0, {1, static_cast<int64_t>(kFileBytesMax)})));
  facts.audio_s = TRY(QuerySeconds(request, "audio_s"));
  facts.model = request.Query("model").value_or("");
  facts.ending = history::EndingOf(std::string(request.Query("filename").value_or("")));
  const bool is_asked = facts.file_bytes > 0 || facts.audio_s > 0;
  if (!is_asked) {
    if (facts.model.empty()) return std::nullopt;
    return Fail(ErrorCode::kInvalidArgument, "model: say file_bytes or audio_s, too");
  }
  if (facts.model.empty()) facts.model = services.settings.Current().model;
  TRY_VOID(services.engines.Check(facts.model));
  return facts;
}

Result<http::Response> Predictions(const Services& services, const Call& call) {
  const std::optional<JobFacts> question = TRY(ReadQuestion(services, call.request()));
  if (services.forecaster == nullptr || services.tuning == nullptr) {
    return Fail(ErrorCode::kNotFound, "this server predicts nothing");
  }
  json::object answer;
  if (question) {
    json::object prediction = PredictionJson(services.forecaster->Predict(*question));
    prediction["model"] = question->model;
    answer["prediction"] = std::move(prediction);
  }
  json::array models;
  for (const auto& [model, accuracy] : services.forecaster->accuracies()) {
    models.push_back(ModelJson(model, accuracy));
  }
  answer["models"] = std::move(models);
  answer["queue"] = QueueJson(services, TRY(ReadQueue(services)));
  answer["tuning"] = TuningJson(services.tuning->view());
  return JsonResponse(200, answer);
}

}  // namespace

void AddPredictionRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/api/performance/predictions", Predictions);
}

}  // namespace verbatim::api
