#include "jobs/job_options.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "jobs/impl/json_fields.h"
#include "jobs/impl/option_fields.h"
#include "pipeline/languages.h"
#include "transcript/writers.h"

namespace verbatim::jobs {
namespace {

namespace json = boost::json;

constexpr size_t kTextBytesMax = 8000;  // a prompt holds 223 tokens; more is cut by the engine
constexpr size_t kAddressBytesMax = 2000;
constexpr size_t kTemperaturesMax = 10;
const std::vector<std::string> kTasks = {"transcribe", "translate"};
const std::vector<std::string> kFormats = {"txt", "srt", "vtt", "json", "tsv"};

JsonField LanguageField(JobOptions& options) {
  return {"language", [&options](const json::value& value) -> Result<void> {
            const json::string* text = value.if_string();
            if (text == nullptr) return WrongField("language", value, "it must be a text");
            Result<std::string> code = pipeline::ParseLanguage({text->data(), text->size()});
            if (!code) return Failure(std::move(code).error().WithContext("language"));
            options.language = std::move(*code);
            return {};
          }};
}

JsonField TemperaturesField(JobOptions& options) {
  return {"temperatures", [&options](const json::value& value) -> Result<void> {
            const json::array* list = value.if_array();
            bool is_right = list != nullptr && list->size() <= kTemperaturesMax;
            std::vector<float> temperatures;
            for (size_t i = 0; is_right && i < list->size(); ++i) {
              json::error_code error;
              const auto number = (*list)[i].to_number<double>(error);
              is_right = !error && number >= 0 && number <= 2;
              temperatures.push_back(static_cast<float>(number));
            }
            if (!is_right) {
              return WrongField("temperatures", value,
                                "it must be a list of at most 10 numbers from 0 to 2");
            }
            options.temperatures = std::move(temperatures);
            return {};
          }};
}

JsonField FormatsField(JobOptions& options) {
  return {"formats", [&options](const json::value& value) -> Result<void> {
            const json::array* list = value.if_array();
            if (list == nullptr) return WrongField("formats", value, "it must be a list");
            std::vector<std::string> formats;
            const JsonField format = ChoiceField("formats", kFormats, [&formats](size_t choice) {
              if (std::ranges::find(formats, kFormats[choice]) == formats.end()) {
                formats.push_back(kFormats[choice]);
              }
            });
            for (const json::value& item : *list) TRY_VOID(format.read(item));
            options.formats = std::move(formats);
            return {};
          }};
}

template <typename Number>
JsonField CueField(std::string_view name, Number& into) {
  return IntegerField("subtitles." + std::string(name), {0, 1'000'000},
                      [&into](int64_t number) { into = static_cast<Number>(number); });
}

JsonField SubtitlesField(JobOptions& options) {
  return {"subtitles", [&options](const json::value& value) -> Result<void> {
            const json::object* object = value.if_object();
            if (object == nullptr) return WrongField("subtitles", value, "it must be an object");
            transcript::CueOptions cues;
            const std::vector<JsonField> fields = {
                CueField("line_length_max", cues.line_length_max),
                CueField("lines_max", cues.lines_max),
                CueField("duration_min_ms", cues.duration_min_ms),
                CueField("duration_max_ms", cues.duration_max_ms),
                CueField("gap_min_ms", cues.gap_min_ms),
                CueField("pause_break_ms", cues.pause_break_ms),
                CueField("reading_speed_max", cues.reading_speed_max),
            };
            TRY_VOID(ReadJsonFields(*object, "subtitles.", fields));
            if (Result<void> valid = transcript::ValidateCueOptions(cues); !valid) {
              return Failure(std::move(valid).error().WithContext("subtitles"));
            }
            options.cues = cues;
            return {};
          }};
}

json::array TemperatureList(const std::vector<float>& temperatures) {
  json::array list;
  // Rounded so that 0.2F is 0.2 and not 0.200000003.
  for (const float value : temperatures) list.emplace_back(std::round(value * 1e4) / 1e4);
  return list;
}

json::object Subtitles(const transcript::CueOptions& cues) {
  return {{"line_length_max", cues.line_length_max},
          {"lines_max", cues.lines_max},
          {"duration_min_ms", cues.duration_min_ms},
          {"duration_max_ms", cues.duration_max_ms},
          {"gap_min_ms", cues.gap_min_ms},
          {"pause_break_ms", cues.pause_break_ms},
          {"reading_speed_max", cues.reading_speed_max}};
}

json::object TranscriptFields(const JobOptions& options) {
  return {{"model", options.model},
          {"language", options.language},
          {"task", kTasks[options.task == pipeline::Task::kTranslate ? 1 : 0]},
          {"prompt", options.prompt},
          {"hotwords", options.hotwords},
          {"beam_size", options.beam_size},
          {"temperatures", TemperatureList(options.temperatures)},
          {"audio_track",
           options.audio_track ? json::value(*options.audio_track) : json::value(nullptr)}};
}

}  // namespace

std::vector<JsonField> OptionFields(JobOptions& options) {
  std::vector<JsonField> fields = {TextField("model", &options.model, 4096), LanguageField(options),
                                   ChoiceField("task", kTasks, [&options](size_t choice) {
                                     options.task = choice == 1 ? pipeline::Task::kTranslate
                                                                : pipeline::Task::kTranscribe;
                                   })};
  fields.push_back(TextField("prompt", &options.prompt, kTextBytesMax));
  fields.push_back(TextField("hotwords", &options.hotwords, kTextBytesMax));
  fields.push_back(IntegerField("beam_size", {1, 16}, [&options](int64_t number) {
    options.beam_size = static_cast<int>(number);
  }));
  fields.push_back(TemperaturesField(options));
  fields.push_back(BoolField("word_timestamps", &options.has_word_timestamps));
  fields.push_back(IntegerField("audio_track", {0, 1000}, [&options](int64_t number) {
    options.audio_track = static_cast<int>(number);
  }));
  fields.push_back(FormatsField(options));
  fields.push_back(SubtitlesField(options));
  fields.push_back(BoolField("reuse", &options.is_reusing));
  fields.push_back(TextField("webhook", &options.webhook, kAddressBytesMax));
  return fields;
}

Result<JobOptions> ParseJobOptions(std::string_view text) {
  const json::object object = TRY(ParseJsonObject(text));
  JobOptions options;
  TRY_VOID(ReadJsonFields(object, "", OptionFields(options)));
  return options;
}

std::string JobOptionsJson(const JobOptions& options) {
  json::object object = TranscriptFields(options);
  object["word_timestamps"] = options.has_word_timestamps;
  object["formats"] = json::array(options.formats.begin(), options.formats.end());
  object["subtitles"] = Subtitles(options.cues);
  object["reuse"] = options.is_reusing;
  if (!options.webhook.empty()) object["webhook"] = options.webhook;
  return json::serialize(object);
}

std::string TranscriptKey(const JobOptions& options) {
  return json::serialize(TranscriptFields(options));
}

pipeline::TranscribeOptions ToTranscribeOptions(const JobOptions& options) {
  pipeline::TranscribeOptions result;
  result.language = options.language;
  result.task = options.task;
  result.initial_prompt = options.prompt;
  result.hotwords = options.hotwords;
  result.beam_size = options.beam_size;
  if (!options.temperatures.empty()) result.temperatures = options.temperatures;
  return result;
}

}  // namespace verbatim::jobs
