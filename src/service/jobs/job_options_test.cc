#include "jobs/job_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/jobs.h"

namespace verbatim::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorOf(std::string_view json) {
  const Result<JobOptions> options = ParseJobOptions(json);
  if (options) return "accepted";
  EXPECT_EQ(options.error().code, ErrorCode::kInvalidArgument);
  return options.error().message;
}

TEST(JobOptionsTest, EveryFieldIsRead) {
  const Result<JobOptions> options = ParseJobOptions(R"({
    "model": "base", "language": "German", "task": "translate", "prompt": "Grüße",
    "hotwords": "Verbatim", "beam_size": 5, "temperatures": [0, 0.2], "word_timestamps": true,
    "audio_track": 2, "formats": ["srt", "vtt", "srt"], "reuse": false,
    "subtitles": {"line_length_max": 32, "lines_max": 1, "duration_min_ms": 500,
      "duration_max_ms": 6000, "gap_min_ms": 0, "pause_break_ms": 700, "reading_speed_max": 17}})");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->model, "base");
  EXPECT_EQ(options->language, "de");
  EXPECT_EQ(options->task, pipeline::Task::kTranslate);
  EXPECT_EQ(options->prompt, "Grüße");
  EXPECT_EQ(options->hotwords, "Verbatim");
  EXPECT_EQ(options->beam_size, 5);
  EXPECT_THAT(options->temperatures, ElementsAre(0.0F, 0.2F));
  EXPECT_TRUE(options->has_word_timestamps);
  EXPECT_EQ(options->audio_track, 2);
  EXPECT_THAT(options->formats, ElementsAre("srt", "vtt"));
  EXPECT_FALSE(options->is_reusing);
  EXPECT_EQ(options->cues, (transcript::CueOptions{32, 1, 500, 6000, 0, 700, 17}));
}

TEST(JobOptionsTest, NothingAndNullLeaveDefaults) {
  const JobOptions plain;
  for (const char* json : {"{}", R"({"model":null,"language":null,"audio_track":null,
                                     "subtitles":null,"temperatures":null,"beam_size":null})"}) {
    const Result<JobOptions> options = ParseJobOptions(json);
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(JobOptionsJson(*options), JobOptionsJson(plain));
  }
}

TEST(JobOptionsTest, ErrorsNameFieldValueAndWhatIsAllowed) {
  EXPECT_EQ(ErrorOf(R"({"beam_size": 99})"),
            "beam_size is 99; it must be a whole number from 1 to 16");
  EXPECT_EQ(ErrorOf(R"({"beam_size": 1.5})"),
            "beam_size is 1.5E0; it must be a whole number from 1 to 16");
  EXPECT_EQ(ErrorOf(R"({"beam_size": "5"})"),
            "beam_size is \"5\"; it must be a whole number from 1 to 16");
  EXPECT_EQ(ErrorOf(R"({"task": "sing"})"), "task is \"sing\"; choose from: transcribe, translate");
  EXPECT_EQ(ErrorOf(R"({"task": 1})"), "task is 1; choose from: transcribe, translate");
  EXPECT_EQ(ErrorOf(R"({"word_timestamps": "yes"})"),
            "word_timestamps is \"yes\"; it must be true or false");
  EXPECT_EQ(ErrorOf(R"({"formats": ["srt", "docx"]})"),
            "formats is \"docx\"; choose from: txt, srt, vtt, json, tsv");
  EXPECT_EQ(ErrorOf(R"({"formats": "srt"})"), "formats is \"srt\"; it must be a list");
  EXPECT_EQ(ErrorOf(R"({"temperatures": [0, 3]})"),
            "temperatures is [0,3]; it must be a list of at most 10 numbers from 0 to 2");
  EXPECT_EQ(ErrorOf(R"({"audio_track": -1})"),
            "audio_track is -1; it must be a whole number from 0 to 1000");
  EXPECT_THAT(ErrorOf(R"({"language": "klingon"})"),
              HasSubstr("language: unknown language \"klingon\"; choose auto"));
  EXPECT_THAT(ErrorOf(R"({"language": 7})"), HasSubstr("language is 7"));
  EXPECT_EQ(ErrorOf(R"({"subtitles": []})"), "subtitles is []; it must be an object");
  EXPECT_EQ(ErrorOf(R"({"subtitles": {"lines_max": 9}})"),
            "subtitles: lines_max is 9; it must be from 1 to 8");
  EXPECT_THAT(ErrorOf(R"({"subtitles": {"lines_max": 1e30}})"),
              HasSubstr("subtitles.lines_max is"));
  EXPECT_THAT(
      ErrorOf(R"({"subtitles": {"font": "x"}})"),
      HasSubstr("there is no field subtitles.font; choose from: subtitles.line_length_max"));
  EXPECT_THAT(ErrorOf(R"({"langauge": "de"})"),
              HasSubstr("there is no field langauge; choose from: model, language, task"));
  EXPECT_EQ(ErrorOf("[]"), "the JSON must be an object: {...}");
  EXPECT_THAT(ErrorOf("{\"model\": "), HasSubstr("no valid JSON: "));
  EXPECT_THAT(ErrorOf(""), HasSubstr("no valid JSON: "));
  EXPECT_THAT(ErrorOf("{\"prompt\": \"\xff\"}"), HasSubstr("no valid JSON: "));
}

TEST(JobOptionsTest, ALongValueIsCutShortInItsErrorWithoutBreakingACharacter) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "ü";
  const std::string error = ErrorOf("{\"prompt\": \"" + text + "\"}");
  EXPECT_LT(error.size(), 150U);
  EXPECT_THAT(error, HasSubstr("ü...; it must be a text of at most 8000 bytes"));
}

TEST(JobOptionsTest, JsonGivesTheOptionsBackAndIsCanonical) {
  JobOptions options;
  options.model = "tiny.en";
  options.language = "fr";
  options.task = pipeline::Task::kTranslate;
  options.prompt = "a \"b\"\n";
  options.hotwords = "c";
  options.beam_size = 3;
  options.temperatures = {0.0F, 0.2F, 0.4F, 0.6F, 0.8F, 1.0F};
  options.has_word_timestamps = true;
  options.audio_track = 0;
  options.formats = {"json", "txt"};
  options.cues.lines_max = 3;
  options.is_reusing = false;
  const std::string json = JobOptionsJson(options);
  const Result<JobOptions> read = ParseJobOptions(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(JobOptionsJson(*read), json);
  EXPECT_EQ(read->temperatures, options.temperatures);
  EXPECT_EQ(read->audio_track, 0);
  EXPECT_EQ(read->prompt, options.prompt);
  // The order of what a client sent does not matter.
  EXPECT_EQ(JobOptionsJson(*ParseJobOptions(R"({"beam_size":2,"model":"base"})")),
            JobOptionsJson(*ParseJobOptions(R"({"model":"base","beam_size":2})")));
}

TEST(JobOptionsTest, TheTranscriptKeyHasWhatChangesTheTextAndNothingElse) {
  const std::string plain = TranscriptKey({});
  for (const char* json : {R"({"model":"base"})", R"({"language":"de"})", R"({"task":"translate"})",
                           R"({"prompt":"x"})", R"({"hotwords":"x"})", R"({"beam_size":2})",
                           R"({"temperatures":[0]})", R"({"audio_track":0})"}) {
    EXPECT_NE(TranscriptKey(*ParseJobOptions(json)), plain) << json;
  }
  for (const char* json : {R"({"word_timestamps":true})", R"({"formats":["srt"]})",
                           R"({"subtitles":{"lines_max":1}})", R"({"reuse":false})"}) {
    EXPECT_EQ(TranscriptKey(*ParseJobOptions(json)), plain) << json;
  }
}

TEST(JobOptionsTest, TheEngineIsToldWhatWasAsked) {
  JobOptions options;
  options.language = "de";
  options.prompt = "p";
  options.hotwords = "h";
  options.beam_size = 4;
  options.task = pipeline::Task::kTranslate;
  const pipeline::TranscribeOptions told = ToTranscribeOptions(options);
  EXPECT_EQ(told.language, "de");
  EXPECT_EQ(told.initial_prompt, "p");
  EXPECT_EQ(told.hotwords, "h");
  EXPECT_EQ(told.beam_size, 4);
  EXPECT_EQ(told.task, pipeline::Task::kTranslate);
  EXPECT_EQ(told.temperatures, pipeline::TranscribeOptions{}.temperatures);
  options.temperatures = {0.5F};
  EXPECT_THAT(ToTranscribeOptions(options).temperatures, ElementsAre(0.5F));
}

TEST(JobRequestTest, TakesPriorityAndUploadBesideTheOptions) {
  const Result<JobRequest> request =
      ParseJobRequest(R"({"upload":"abc","priority":-10,"model":"base","language":"de"})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->upload, "abc");
  EXPECT_EQ(request->priority, -10);
  EXPECT_EQ(request->options.model, "base");
  EXPECT_EQ(request->options.language, "de");
  EXPECT_FALSE(request->is_ephemeral);
  EXPECT_EQ(ParseJobRequest(R"({"priority":11})").error().message,
            "priority is 11; it must be a whole number from -10 to 10");
  EXPECT_THAT(ParseJobRequest(R"({"owner":"me"})").error().message,
              HasSubstr("there is no field owner"));
  EXPECT_THAT(ParseJobRequest("3").error().message, HasSubstr("must be an object"));
}

TEST(JobJsonTest, AQueuedJobSaysWhyItWaits) {
  store::Job job;
  job.id = "j1";
  job.upload = "u1";
  job.priority = 2;
  job.created_ms = 1'700'000'000'123;
  job.options = JobOptionsJson({});
  const std::string json = JobJson(job, "a \"b\".mp4", "All are busy.");
  EXPECT_THAT(json, HasSubstr(R"("id":"j1","state":"queued","priority":2)"));
  EXPECT_THAT(json, HasSubstr(R"("filename":"a \"b\".mp4")"));
  EXPECT_THAT(json, HasSubstr(R"("created":"2023-11-14T22:13:20.123Z","started":null)"));
  EXPECT_THAT(json, HasSubstr(R"("why_waiting":"All are busy.")"));
  EXPECT_THAT(json, HasSubstr(R"("error":null,"upload":"u1")"));
  EXPECT_THAT(json, HasSubstr(R"("transcripts":{})"));
}

TEST(JobJsonTest, ARunningJobHasItsPaceAndACompletedOneItsLinks) {
  store::Job job;
  job.id = "j1";
  job.state = store::JobState::kRunning;
  job.attempt = 1;
  job.options = R"({"formats":["srt","json"]})";
  EXPECT_THAT(JobJson(job, "", "", {.speed = 41.25, .eta_s = 3}),
              HasSubstr(R"("speed":4.125E1,"eta_s":3E0)"));
  job.state = store::JobState::kCompletedWithGaps;
  job.started_ms = 1000;
  job.finished_ms = 3000;
  job.duration_ms = 600'000;
  const std::string json = JobJson(job, "", "");
  EXPECT_THAT(json, HasSubstr(R"("speed":3E2)"));
  EXPECT_THAT(json, HasSubstr(R"("transcripts":{"srt":"/api/jobs/j1/transcript.srt",)"
                              R"("json":"/api/jobs/j1/transcript.json"})"));
  job.attempt = 2;
  EXPECT_THAT(JobJson(job, "", ""), HasSubstr(R"("speed":null)")) << "part of the work was before";
}

TEST(JobJsonTest, AFailedJobSaysWhy) {
  store::Job job;
  job.state = store::JobState::kFailed;
  job.options = "{}";
  job.error_code = "timeout";
  job.error_message = "It took too long.";
  EXPECT_THAT(JobJson(job, "", ""),
              HasSubstr(R"("error":{"code":"timeout","message":"It took too long."})"));
}

}  // namespace
}  // namespace verbatim::jobs
