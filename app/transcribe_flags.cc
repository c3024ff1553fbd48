#include "transcribe_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/models.h"
#include "outputs.h"
#include "pipeline/languages.h"

namespace verbatim::app {
namespace {

using pipeline::ComputeType;
using pipeline::SegmentTimes;
using pipeline::Task;

void AddInputFlags(FlagAdder& flags, CLI::App* command, TranscribeArguments* arguments) {
  flags.Group("Input");
  flags.Remember(command->add_option("FILE", arguments->files, "Videos or sound files"),
                 {ValueHint::Kind::kFile, {}});
  flags.Parsed("--audio-track", "N", "Which audio track, from 0 (default: the file's own)",
               [arguments](const std::string& word) -> Result<void> {
                 arguments->audio_track = TRY(ParseNumber<int>(word, {0, 999}));
                 return {};
               });
}

void AddOutputFlags(FlagAdder& flags, TranscribeArguments* arguments) {
  flags.Group("Output");
  CLI::Option* format =
      flags.Parsed("-f,--format", "LIST", "srt, vtt, txt, json, tsv, commas between (default: srt)",
                   [arguments](const std::string& list) -> Result<void> {
                     arguments->formats = TRY(ParseFormats(list));
                     return {};
                   });
  flags.Remember(format, {ValueHint::Kind::kChoice, {"srt", "vtt", "txt", "json", "tsv"}});
  CLI::Option* output = flags.Text("-o,--output", &arguments->output, "PATH",
                                   "File for the result of one input; - is standard output");
  flags.Remember(output, {ValueHint::Kind::kFile, {}});
  CLI::Option* folder = flags.Text("-d,--output-dir", &arguments->output_dir, "DIR",
                                   "Folder for the results (default: beside each input)");
  flags.Remember(folder, {ValueHint::Kind::kFolder, {}});
  output->excludes(folder);
  flags.Switch("--word-timestamps", "Also write the times of single words (json, vtt)",
               [arguments] { arguments->word_times = transcript::WordTimes::kWrite; });
}

// Seconds on the command line, milliseconds inside.
void AddSeconds(FlagAdder& flags, const std::string& name, int64_t* target_ms,
                const std::string& text) {
  const double given = static_cast<double>(*target_ms) / 1000;
  flags.Parsed(name, "SECONDS", fmt::format("{} (default {})", text, given),
               [target_ms](const std::string& word) -> Result<void> {
                 const double seconds = TRY(ParseNumber<double>(word, {0.0, 60.0}));
                 *target_ms = std::llround(seconds * 1000);
                 return {};
               });
}

void AddCueFlags(FlagAdder& flags, transcript::CueOptions* cues) {
  flags.Group("Subtitles");
  flags.Ranged<int>("--line-length", &cues->line_length_max, {10, 200}, "Columns in a line");
  flags.Ranged<int>("--lines", &cues->lines_max, {1, 10}, "Lines in a subtitle");
  AddSeconds(flags, "--min-duration", &cues->duration_min_ms, "Shortest subtitle, where possible");
  AddSeconds(flags, "--max-duration", &cues->duration_max_ms, "Longest subtitle");
  AddSeconds(flags, "--min-gap", &cues->gap_min_ms, "Pause between two subtitles");
}

void AddSpeechFlags(FlagAdder& flags, pipeline::TranscribeOptions* options) {
  flags.Group("Speech");
  flags.Parsed("-l,--language", "CODE", "Language: de, german ... (default: auto)",
               [options](const std::string& word) -> Result<void> {
                 options->language = TRY(pipeline::ParseLanguage(word));
                 return {};
               });
  flags.Choice<Task>("--task", &options->task,
                     {{"transcribe", Task::kTranscribe}, {"translate", Task::kTranslate}},
                     "Write what is said, or its English translation (default: transcribe)");
  flags.Text("--initial-prompt", &options->initial_prompt, "TEXT",
             "Text that sets style and spelling");
  flags.Text("--hotwords", &options->hotwords, "TEXT", "Names and terms that may be said");
  flags.Choice<SegmentTimes>(
      "--segment-times", &options->segment_times,
      {{"alignment", SegmentTimes::kAlignment}, {"tokens", SegmentTimes::kTokens}},
      "Times by word alignment or the model's marks (default: alignment)");
  flags.Ranged<float>("--vad-threshold", &options->vad_threshold, {0.0F, 1.0F},
                      "How sure speech must be; 0 takes all for it");
}

Result<std::vector<float>> ParseTemperatures(const std::string& list) {
  std::vector<float> temperatures;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    temperatures.push_back(TRY(ParseNumber<float>(list.substr(begin, end - begin), {0.0F, 2.0F})));
    begin = end + 1;
  }
  return temperatures;
}

void AddSearchFlags(FlagAdder& flags, pipeline::TranscribeOptions* options) {
  flags.Group("Search");
  flags.Ranged<int>("--beam-size", &options->beam_size, {1, 32}, "Beams; 1 is greedy");
  flags.Ranged<int>("--unsure-beams", &options->unsure_beam_size, {1, 16},
                    "Beams for text that greedy search is unsure of");
  flags.Ranged<int>("--best-of", &options->best_of, {1, 32}, "Samples of each retry");
  flags.Parsed("--temperature", "LIST",
               "Tried in turn, commas between (default: 0,0.2,0.4,0.6,0.8,1)",
               [options](const std::string& list) -> Result<void> {
                 options->temperatures = TRY(ParseTemperatures(list));
                 return {};
               });
  flags.Ranged<float>("--compression-ratio-max", &options->compression_ratio_max, {0.0F, 100.0F},
                      "More repetitive text is tried again");
  flags.Ranged<float>("--logprob-min", &options->logprob_min, {-100.0F, 0.0F},
                      "Less probable text is tried again");
  flags.Ranged<float>("--no-speech-max", &options->no_speech_max, {0.0F, 1.0F},
                      "Improbable text over this is silence");
}

void AddMachineFlags(FlagAdder& flags, TranscribeArguments* arguments) {
  pipeline::EngineOptions* engine = &arguments->engine;
  flags.Group("Machine");
  flags.Choice<ComputeType>("--compute-type", &engine->compute_type,
                            {{"auto", ComputeType::kAuto},
                             {"int8", ComputeType::kInt8},
                             {"bf16", ComputeType::kBf16},
                             {"f32", ComputeType::kF32}},
                            "Numbers to compute with (default: auto)");
  flags.Ranged<int>("--workers", &engine->workers, {0, 256}, "Workers; 0: automatic");
  flags.Ranged<int>("--threads", &engine->threads, {0, 256},
                    "Threads of each worker; 0: automatic");
  flags.Ranged<int>("--batch", &engine->batch, {0, 256},
                    "Windows at once per worker; 0: automatic");
  CLI::Option* calibration =
      flags.Text("--calibration", &arguments->calibration, "FILE|off",
                 "What bench --calibrate found (default: in the cache folder)");
  flags.Remember(calibration, {ValueHint::Kind::kFile, {}});
  flags.Choice<SandboxMode>("--sandbox", &arguments->sandbox,
                            {{"required", SandboxMode::kRequired},
                             {"auto", SandboxMode::kAuto},
                             {"off", SandboxMode::kOff}},
                            "Lock up what reads media: always (default), as far as can be, or not");
}

void AddProgressFlag(FlagAdder& flags, TranscribeArguments* arguments) {
  flags.Group("Progress");
  flags.Choice<ProgressMode>(
      "--progress", &arguments->progress,
      {{"auto", ProgressMode::kAuto}, {"json", ProgressMode::kJson}, {"none", ProgressMode::kNone}},
      "A bar on a terminal; JSON lines; nothing");
}

void AddVerboseFlag(FlagAdder& flags, TranscribeArguments* arguments) {
  flags.Switch("-v,--verbose", "Show the text while it appears",
               [arguments] { arguments->is_verbose = true; });
}

}  // namespace

void AddModelFlag(FlagAdder& flags, TranscribeArguments* arguments) {
  std::vector<std::string> names;
  for (const models::CatalogEntry& entry : models::Catalog()) names.push_back(entry.name);
  flags.Group("Model");
  CLI::Option* option = flags.Text("-m,--model", &arguments->model, "NAME|DIR",
                                   "Model, see: verbatim model list (default: base)");
  flags.Remember(option->envname("VERBATIM_MODEL"), {ValueHint::Kind::kChoice, std::move(names)});
}

void AddTranscribeFlags(CLI::App* command, TranscribeArguments* arguments, ValueHints* hints) {
  FlagAdder flags(command, hints);
  AddInputFlags(flags, command, arguments);
  command->get_option("FILE")->required();
  AddOutputFlags(flags, arguments);
  AddModelFlag(flags, arguments);
  AddSpeechFlags(flags, &arguments->options);
  AddCueFlags(flags, &arguments->cues);
  AddSearchFlags(flags, &arguments->options);
  AddMachineFlags(flags, arguments);
  AddProgressFlag(flags, arguments);
  AddVerboseFlag(flags, arguments);
}

void AddBenchFlags(CLI::App* command, BenchArguments* arguments, ValueHints* hints) {
  FlagAdder flags(command, hints);
  AddInputFlags(flags, command, &arguments->transcribe);
  flags.Group("Measuring");
  flags.Ranged<int>("--rounds", &arguments->rounds, {1, 1000}, "How often all files are done");
  CLI::Option* json =
      flags.Text("--json", &arguments->json, "PATH", "Also write the numbers as JSON; - is stdout");
  flags.Remember(json, {ValueHint::Kind::kFile, {}});
  flags
      .Switch("--calibrate", "Find the fastest formats, workers and batch, and keep them",
              [arguments] { arguments->is_calibrating = true; })
      ->excludes(json);
  AddModelFlag(flags, &arguments->transcribe);
  AddSpeechFlags(flags, &arguments->transcribe.options);
  AddSearchFlags(flags, &arguments->transcribe.options);
  AddMachineFlags(flags, &arguments->transcribe);
  for (const char* measured : {"--compute-type", "--workers", "--threads", "--batch"}) {
    command->get_option("--calibrate")->excludes(command->get_option(measured));
  }
  AddProgressFlag(flags, &arguments->transcribe);
}

}  // namespace verbatim::app
