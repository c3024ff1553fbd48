#include "bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <numeric>

#include "json_lines.h"
#include "text.h"

namespace verbatim::app {
namespace {

namespace json = boost::json;
using measure::BenchLimits;
using measure::BenchReport;
using measure::BenchStage;

constexpr char kLegend[] = R"(
share   thread time of the stage / (time of the run x threads of the workers); the reader's thread
        comes on top of these
ms/min  thread time per minute of sound
/s      as if all threads were at the stage
limit   time that the operations, or the bytes, would take at the limit / time taken
)";

std::string FormatsText(const pipeline::PartFormats& formats) {
  return fmt::format("encoder {}, attention {}, decoder {}, audio {}",
                     ComputeTypeName(formats.encoder), ComputeTypeName(formats.attention),
                     ComputeTypeName(formats.decoder), AudioTypeName(formats.audio));
}

double TotalSeconds(const BenchReport& report) {
  return std::accumulate(report.seconds.begin(), report.seconds.end(), 0.0);
}

double TotalAudio(const BenchReport& report) {
  return report.audio_seconds * static_cast<double>(report.seconds.size());
}

double PerSecond(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

// Of all threads together, were they all at this stage.
double Rate(const BenchReport& report, double amount, double thread_seconds) {
  return PerSecond(amount, thread_seconds / report.threads);
}

double ShareOfTime(const BenchReport& report, const BenchStage& stage) {
  return PerSecond(stage.seconds, TotalSeconds(report) * report.threads);
}

double MsPerMinute(const BenchReport& report, const BenchStage& stage) {
  return PerSecond(stage.seconds * 1000, TotalAudio(report) / 60);
}

// Billions in 9 columns, or nothing for none.
std::string Billions(double amount, int decimals) {
  return amount > 0 ? fmt::format("{:9.{}f}", amount * 1e-9, decimals) : std::string(9, ' ');
}

std::string StageLine(const BenchReport& report, const BenchStage& stage) {
  const std::string limit =
      stage.share_of_limit > 0
          ? fmt::format("{:3.0f} % {}", stage.share_of_limit * 100, stage.limit)
          : "";
  std::string line = fmt::format(
      "{:27}{:6.1f} %{:9.1f}{:9}{}{}{}{}  {}", stage.name, ShareOfTime(report, stage) * 100,
      MsPerMinute(report, stage), stage.calls, Billions(stage.operations, 1),
      Billions(stage.bytes, 2), Billions(Rate(report, stage.operations, stage.seconds), 1),
      Billions(Rate(report, stage.bytes, stage.seconds), 1), limit);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string LimitsLine(const char* when, const BenchLimits& limits) {
  return fmt::format("{:10}{:9.0f}{:9.0f}{:9.0f}{:9.1f}{:9.1f}\n", when, limits.f32_products * 1e-9,
                     limits.bf16_products * 1e-9, limits.int8_products * 1e-9, limits.copy * 1e-9,
                     limits.reading * 1e-9);
}

// What the model's parts compute with and what a calibration chose; nothing if all is as the head
// and the rules say.
std::string Choices(const pipeline::Engine::Shape& shape) {
  using pipeline::Origin;
  std::string text;
  if (shape.compute_type == pipeline::ComputeType::kAuto) {
    text += "formats: " + FormatsText(shape.formats) + "\n";
  }
  std::string names;
  for (const auto& [name, origin] : {std::pair{"formats", shape.formats_from},
                                     {"workers", shape.workers_from},
                                     {"threads", shape.threads_from},
                                     {"batch", shape.batch_from}}) {
    if (origin == Origin::kCalibration) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  if (!names.empty()) text += "from the calibration: " + names + "\n";
  return text;
}

std::string Head(const std::string& model, const BenchReport& report) {
  const double best = *std::ranges::min_element(report.seconds);
  std::string text = fmt::format("model {}, {} on {}; workers {} x threads {}, batch {}\n", model,
                                 ShapeTypeName(report.shape), report.instruction_set,
                                 report.shape.workers, report.shape.threads, report.shape.batch);
  text += Choices(report.shape);
  text += fmt::format("{:.1f} s of sound in {:.2f} s: {:.1f} x real time", report.audio_seconds,
                      best, PerSecond(report.audio_seconds, best));
  if (report.seconds.size() > 1) {
    text += fmt::format(" (best of {} rounds; mean {:.1f} x)", report.seconds.size(),
                        PerSecond(TotalAudio(report), TotalSeconds(report)));
  }
  text += fmt::format("\nmodel loaded in {:.2f} s, first text after {:.2f} s, peak memory {}\n",
                      report.load_seconds, report.first_text_seconds,
                      ByteCount(static_cast<double>(report.memory_peak_bytes)));
  text += fmt::format(
      "thread time accounted for: {:.1f} % of {} threads and a reader; the process had {:.2f} "
      "CPUs\n",
      report.accounted_share * 100, report.threads,
      PerSecond(report.cpu_seconds, TotalSeconds(report)));
  return text;
}

std::string TrialLine(const std::string& name, double seconds, double audio, double rule) {
  if (std::isinf(seconds)) return fmt::format("  {:44}  does not fit the memory\n", name);
  return fmt::format("  {:44}{:9.2f} s{:9.1f} x{:+8.1f} %\n", name, seconds,
                     PerSecond(audio, seconds), (PerSecond(rule, seconds) - 1) * 100);
}

std::string TrialTable(const char* title, const std::vector<measure::ShapeTrial>& trials,
                       double audio, std::string (*name)(const pipeline::Calibration&)) {
  if (trials.empty()) return "";
  std::string text = fmt::format("\n{}\n", title);
  for (const measure::ShapeTrial& trial : trials) {
    text += TrialLine(name(trial.calibration), trial.seconds, audio, trials.front().seconds);
  }
  return text;
}

// Speed and memory of each number of workers; gain and cost are those of the ones added.
std::string CurveTable(const std::vector<measure::WorkerPoint>& curve) {
  if (curve.empty()) return "";
  std::string text = fmt::format("\n{:28}{:>12}{:>10}{:>12}{:>14}\n", "each number of workers",
                                 "speed", "gain", "memory", "of each more");
  for (size_t i = 0; i < curve.size(); ++i) {
    const measure::WorkerPoint& point = curve[i];
    const measure::WorkerPoint& before = curve[i == 0 ? 0 : i - 1];
    text += fmt::format("  {:26}{:10.1f} x", fmt::format("{} x {}", point.workers, point.threads),
                        point.speed);
    const double bytes = static_cast<double>(point.memory_bytes);
    text += i == 0 ? std::string(10, ' ')
                   : fmt::format("{:+8.1f} %", (PerSecond(point.speed, before.speed) - 1) * 100);
    if (bytes > 0) text += fmt::format("{:>12}", ByteCount(bytes));
    if (i > 0 && before.memory_bytes > 0 && point.memory_bytes > before.memory_bytes) {
      text += fmt::format("{:>14}", ByteCount((bytes - static_cast<double>(before.memory_bytes)) /
                                              (point.workers - before.workers)));
    }
    text += "\n";
  }
  return text;
}

json::object LimitsObject(const BenchLimits& limits) {
  return {{"f32_gops", limits.f32_products * 1e-9},
          {"bf16_gops", limits.bf16_products * 1e-9},
          {"int8_gops", limits.int8_products * 1e-9},
          {"copy_gb_per_second", limits.copy * 1e-9},
          {"read_gb_per_second", limits.reading * 1e-9}};
}

json::object StageObject(const BenchReport& report, const BenchStage& stage) {
  json::object object{{"name", stage.name},
                      {"calls", stage.calls},
                      {"thread_seconds", stage.seconds},
                      {"share_percent", ShareOfTime(report, stage) * 100},
                      {"thread_ms_per_minute", MsPerMinute(report, stage)},
                      {"operations", stage.operations},
                      {"bytes", stage.bytes},
                      {"gops", Rate(report, stage.operations, stage.seconds) * 1e-9},
                      {"gb_per_second", Rate(report, stage.bytes, stage.seconds) * 1e-9},
                      {"is_waiting", stage.is_waiting},
                      {"limit", nullptr},
                      {"limit_percent", nullptr}};
  if (stage.share_of_limit > 0) {
    object["limit"] = stage.limit;
    object["limit_percent"] = stage.share_of_limit * 100;
  }
  return object;
}

}  // namespace

std::string BenchText(const std::string& model, const BenchReport& report) {
  std::string text = Head(model, report);
  text += fmt::format("\n{:27}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}  {}\n", "stage", "share",
                      "ms/min", "calls", "G op", "GB", "G op/s", "GB/s", "of the limit");
  for (const BenchStage& stage : report.stages) text += StageLine(report, stage);
  text += "\n";
  for (const BenchStage* sum : {&report.encoder, &report.decoder, &report.all}) {
    text += StageLine(report, *sum);
  }
  text += fmt::format("\n{:10}{:>9}{:>9}{:>9}{:>9}{:>9}\n", "limits", "f32", "bf16", "int8", "copy",
                      "read");
  text += fmt::format("{:10}{:>9}{:>9}{:>9}{:>9}{:>9}\n", "", "G op/s", "G op/s", "G op/s", "GB/s",
                      "GB/s");
  text += LimitsLine("before", report.before) + LimitsLine("after", report.after);
  text += fmt::format("{:.1f} MB, what a decoding step reads, over and over: {:.1f} GB/s\n",
                      report.step_bytes * 1e-6, report.step_reading * 1e-9);
  text += kLegend;
  return text;
}

std::string CalibrationText(const std::string& model, const measure::CalibrationReport& report) {
  using pipeline::Calibration;
  const double audio = report.audio_seconds;
  std::string text = fmt::format("model {}, {:.0f} s of sound in each run, measured for {:.0f} s\n",
                                 model, audio, report.seconds);
  text +=
      fmt::format("\n{:46}{:>11}{:>11}{:>10}\n", "all parts in", "best run", "speed", "to first");
  for (const measure::FormatTrial& trial : report.formats) {
    text += TrialLine(ComputeTypeName(trial.type), trial.seconds, audio,
                      report.formats.front().seconds);
  }
  text += fmt::format("\n{:10}{:>11}{:>11}{:>11}{:>11}\n", "thread s", "encoder", "attention",
                      "decoder", "audio");
  for (const measure::FormatTrial& trial : report.formats) {
    text += fmt::format("  {:8}{:11.2f}{:11.2f}{:11.2f}{:11.2f}\n", ComputeTypeName(trial.type),
                        trial.parts.encoder, trial.parts.attention, trial.parts.decoder,
                        trial.parts.audio);
  }
  text += TrialTable("the rule's formats, and each part's fastest", report.mixtures, audio,
                     [](const Calibration& tried) { return FormatsText(tried.formats); });
  text += TrialTable("workers x threads", report.shapes, audio, [](const Calibration& tried) {
    return fmt::format("{} x {}", tried.workers, tried.threads);
  });
  text += TrialTable("batch", report.batches, audio,
                     [](const Calibration& tried) { return std::to_string(tried.batch); });
  text += CurveTable(report.curve);
  text += fmt::format(
      "\nchosen: {}; workers {} x threads {}, batch {}\n"
      "The first line of each table but the last is the rule's; others must save 3 % of its "
      "time.\n",
      FormatsText(report.chosen.formats), report.chosen.workers, report.chosen.threads,
      report.chosen.batch);
  return text;
}

std::string BenchJson(const std::string& model, const BenchReport& report) {
  json::array stages;
  for (const BenchStage& stage : report.stages) stages.push_back(StageObject(report, stage));
  const double best = *std::ranges::min_element(report.seconds);
  const json::object object{
      {"model", ToValidUtf8(model)},
      {"compute_type", ShapeTypeName(report.shape)},
      {"instruction_set", report.instruction_set},
      {"workers", report.shape.workers},
      {"threads", report.shape.threads},
      {"batch", report.shape.batch},
      {"formats", FormatsObject(report.shape.formats)},
      {"chosen_by", OriginsObject(report.shape)},
      {"audio_seconds", report.audio_seconds},
      {"round_seconds", json::value_from(report.seconds)},
      {"speed", PerSecond(report.audio_seconds, best)},
      {"cpu_seconds", report.cpu_seconds},
      {"load_seconds", report.load_seconds},
      {"first_text_seconds", report.first_text_seconds},
      {"memory_peak_bytes", report.memory_peak_bytes},
      {"accounted_percent", report.accounted_share * 100},
      {"limits", json::object{{"before", LimitsObject(report.before)},
                              {"after", LimitsObject(report.after)},
                              {"step_bytes", report.step_bytes},
                              {"step_read_gb_per_second", report.step_reading * 1e-9}}},
      {"stages", std::move(stages)},
      {"encoder", StageObject(report, report.encoder)},
      {"decoder", StageObject(report, report.decoder)},
      {"all", StageObject(report, report.all)}};
  return json::serialize(object) + "\n";
}

}  // namespace verbatim::app
