#include "command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace verbatim::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using transcript::Format;

Result<Parsed> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "verbatim");
  return CommandLine().Parse(static_cast<int>(words.size()), words.data());
}

std::string ErrorOf(const std::vector<const char*>& words) {
  const Result<Parsed> parsed = Parse(words);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(CommandLineTest, DefaultsAreThoseOfTheDocs) {
  const TranscribeArguments arguments = Parse({"transcribe", "a.mp4"})->arguments->transcribe;
  EXPECT_THAT(arguments.files, ElementsAre("a.mp4"));
  EXPECT_EQ(arguments.model, "base");
  EXPECT_THAT(arguments.formats, ElementsAre(Format::kSrt));
  EXPECT_EQ(arguments.options.language, "auto");
  EXPECT_EQ(arguments.options.beam_size, 1);
  EXPECT_EQ(arguments.options.temperatures.size(), 6U);
  EXPECT_EQ(arguments.progress, ProgressMode::kAuto);
  EXPECT_EQ(arguments.audio_track, std::nullopt);
  EXPECT_EQ(arguments.cues, transcript::CueOptions{});
}

TEST(CommandLineTest, FlagsOfInputAndOutputReachTheirPlaces) {
  const Result<Parsed> parsed =
      Parse({"transcribe", "-f", "vtt,json", "-d", "out", "--word-timestamps", "-m", "tiny.en",
             "--progress", "json", "-v", "--audio-track", "1", "a.mp4", "b.mp4"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const TranscribeArguments& arguments = parsed->arguments->transcribe;
  EXPECT_THAT(arguments.files, ElementsAre("a.mp4", "b.mp4"));
  EXPECT_THAT(arguments.formats, ElementsAre(Format::kVtt, Format::kJson));
  EXPECT_EQ(arguments.output_dir, "out");
  EXPECT_EQ(arguments.word_times, transcript::WordTimes::kWrite);
  EXPECT_EQ(arguments.model, "tiny.en");
  EXPECT_EQ(arguments.audio_track, 1);
  EXPECT_EQ(arguments.progress, ProgressMode::kJson);
  EXPECT_TRUE(arguments.is_verbose);
}

TEST(CommandLineTest, BenchNeedsNoFilesAndSharesFlags) {
  EXPECT_TRUE(Parse({"bench"})->arguments->bench.transcribe.files.empty());
  const Result<Parsed> parsed = Parse({"bench", "a.mp4", "-m", "tiny.en", "--rounds", "3", "--json",
                                       "x.json", "--threads", "2", "--beam-size", "5"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->arguments->command, Command::kBench);
  const BenchArguments& arguments = parsed->arguments->bench;
  EXPECT_THAT(arguments.transcribe.files, ElementsAre("a.mp4"));
  EXPECT_EQ(arguments.transcribe.model, "tiny.en");
  EXPECT_EQ(arguments.transcribe.engine.threads, 2);
  EXPECT_EQ(arguments.transcribe.options.beam_size, 5);
  EXPECT_EQ(arguments.rounds, 3);
  EXPECT_EQ(arguments.json, "x.json");
  EXPECT_THAT(ErrorOf({"bench", "--rounds", "0"}), HasSubstr("is no number from 1"));
}

TEST(CommandLineTest, EveryFlagOfServeIsASetting) {
  const Result<Parsed> parsed =
      Parse({"serve", "--listen", "127.0.0.1:0", "-m", "tiny.en", "--max-file-size", "4 GiB",
             "--auth", "off", "--config", "v.toml", "--calibration", "off", "--runners", "2",
             "--no-enable-memory-cleanup", "--memory-safety-factor", "0.5"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->arguments->command, Command::kServe);
  const ServeArguments& arguments = parsed->arguments->serve;
  EXPECT_EQ(arguments.config, "v.toml");
  EXPECT_EQ(arguments.calibration, "off");
  EXPECT_THAT(
      arguments.settings,
      UnorderedElementsAre(Pair("listen", "127.0.0.1:0"), Pair("model", "tiny.en"),
                           Pair("max_file_size_bytes", "4 GiB"), Pair("auth", "off"),
                           Pair("running_jobs_max", "2"), Pair("enable_memory_cleanup", "false"),
                           Pair("memory_safety_factor", "0.5")));
}

TEST(CommandLineTest, WrongSettingsOfServeAreRefusedWithWhatIsAllowed) {
  EXPECT_THAT(ErrorOf({"serve", "--runners", "0"}), HasSubstr("must be a whole number, 1 to 64"));
  EXPECT_THAT(ErrorOf({"serve", "--max-file-size", "much"}), HasSubstr("must be a size"));
  EXPECT_THAT(ErrorOf({"serve", "--log", "xml"}), HasSubstr("text or json"));
}

TEST(CommandLineTest, ConfigTakesTheFlagsOfServe) {
  const Result<Parsed> parsed =
      Parse({"config", "show", "--config", "v.toml", "--runners", "2", "--json"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->arguments->command, Command::kConfigShow);
  EXPECT_TRUE(parsed->arguments->config.is_json);
  EXPECT_EQ(parsed->arguments->config.serve.config, "v.toml");
  EXPECT_THAT(parsed->arguments->config.serve.settings, ElementsAre(Pair("running_jobs_max", "2")));
  EXPECT_EQ(Parse({"config", "validate"})->arguments->command, Command::kConfigValidate);
}

TEST(CommandLineTest, TokensAndTheAudit) {
  const Result<Parsed> parsed = Parse({"token", "create", "--name", "Ada's laptop", "--scope",
                                       "upload", "--expires", "30d", "--data-dir", "/srv/v"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->arguments->command, Command::kTokenCreate);
  const AccessArguments& arguments = parsed->arguments->access;
  EXPECT_EQ(arguments.name, "Ada's laptop");
  EXPECT_EQ(arguments.scope, "upload");
  EXPECT_EQ(arguments.span_ms, 2'592'000'000);
  EXPECT_THAT(arguments.serve.settings, ElementsAre(Pair("data_dir", "/srv/v")));
  EXPECT_EQ(Parse({"token", "revoke", "3f9a01c2"})->arguments->access.token, "3f9a01c2");
  EXPECT_TRUE(Parse({"token", "list", "--json"})->arguments->access.is_json);
  const Result<Parsed> audit = Parse({"audit", "--since", "24h", "--limit", "5"});
  EXPECT_EQ(audit->arguments->command, Command::kAudit);
  EXPECT_EQ(audit->arguments->access.span_ms, 86'400'000);
  EXPECT_EQ(audit->arguments->access.limit, 5);
  EXPECT_THAT(ErrorOf({"token", "create", "--name", "a", "--scope", "root"}),
              HasSubstr("choose from read, upload, admin"));
  EXPECT_THAT(ErrorOf({"token", "create", "--scope", "read"}), HasSubstr("--name"));
  EXPECT_THAT(ErrorOf({"audit", "--since", "yesterday"}), HasSubstr("no span of time"));
}

TEST(CommandLineTest, FlagsOfSpeechAndSearchReachTheirPlaces) {
  const Result<Parsed> parsed = Parse({"transcribe",
                                       "a",
                                       "-l",
                                       "German",
                                       "--task",
                                       "translate",
                                       "--initial-prompt",
                                       "p",
                                       "--hotwords",
                                       "h",
                                       "--segment-times",
                                       "tokens",
                                       "--vad-threshold",
                                       "0.25",
                                       "--beam-size",
                                       "5",
                                       "--unsure-beams",
                                       "2",
                                       "--best-of",
                                       "3",
                                       "--temperature",
                                       "0,0.5",
                                       "--compression-ratio-max",
                                       "2",
                                       "--logprob-min",
                                       "-0.5",
                                       "--no-speech-max",
                                       "0.5"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const pipeline::TranscribeOptions& options = parsed->arguments->transcribe.options;
  EXPECT_EQ(options.language, "de");
  EXPECT_EQ(options.task, pipeline::Task::kTranslate);
  EXPECT_EQ(options.initial_prompt, "p");
  EXPECT_EQ(options.hotwords, "h");
  EXPECT_EQ(options.segment_times, pipeline::SegmentTimes::kTokens);
  EXPECT_EQ(options.vad_threshold, 0.25F);
  EXPECT_EQ(options.beam_size, 5);
  EXPECT_EQ(options.unsure_beam_size, 2);
  EXPECT_EQ(options.best_of, 3);
  EXPECT_THAT(options.temperatures, ElementsAre(0.0F, 0.5F));
  EXPECT_EQ(options.compression_ratio_max, 2.0F);
  EXPECT_EQ(options.logprob_min, -0.5F);
  EXPECT_EQ(options.no_speech_max, 0.5F);
}

TEST(CommandLineTest, FlagsOfSubtitlesAndMachineReachTheirPlaces) {
  const Result<Parsed> parsed =
      Parse({"transcribe",     "a",    "--line-length",  "30", "--lines",   "1",
             "--min-duration", "0.5",  "--max-duration", "5",  "--min-gap", "0.04",
             "--compute-type", "int8", "--workers",      "2",  "--threads", "3",
             "--batch",        "4",    "--calibration",  "off"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  const transcript::CueOptions& cues = parsed->arguments->transcribe.cues;
  EXPECT_EQ(cues.line_length_max, 30);
  EXPECT_EQ(cues.lines_max, 1);
  EXPECT_EQ(cues.duration_min_ms, 500);
  EXPECT_EQ(cues.duration_max_ms, 5000);
  EXPECT_EQ(cues.gap_min_ms, 40);
  const pipeline::EngineOptions& engine = parsed->arguments->transcribe.engine;
  EXPECT_EQ(engine.compute_type, pipeline::ComputeType::kInt8);
  EXPECT_EQ(engine.workers, 2);
  EXPECT_EQ(engine.threads, 3);
  EXPECT_EQ(engine.batch, 4);
  EXPECT_EQ(parsed->arguments->transcribe.calibration, "off");
}

TEST(CommandLineTest, TheOutputsExtensionIsItsFormatUnlessOneIsGiven) {
  EXPECT_THAT(Parse({"transcribe", "a", "-o", "x.vtt"})->arguments->transcribe.formats,
              ElementsAre(Format::kVtt));
  EXPECT_THAT(Parse({"transcribe", "a", "-o", "x.vtt", "-f", "txt"})->arguments->transcribe.formats,
              ElementsAre(Format::kTxt));
  EXPECT_THAT(Parse({"transcribe", "a", "-o", "-"})->arguments->transcribe.formats,
              ElementsAre(Format::kSrt));
}

TEST(CommandLineTest, WrongValuesAreToldTheChoices) {
  EXPECT_EQ(ErrorOf({"transcribe", "a", "--format", "doc"}),
            "--format: unknown format \"doc\"; choose from txt, srt, vtt, json, tsv\n"
            "See: verbatim transcribe --help");
  EXPECT_THAT(ErrorOf({"transcribe", "a", "--language", "klingon"}), HasSubstr("unknown language"));
  EXPECT_THAT(ErrorOf({"transcribe", "a", "--task", "sing"}),
              HasSubstr("unknown value \"sing\"; choose from transcribe, translate"));
  EXPECT_THAT(ErrorOf({"transcribe", "a", "--beam-size", "0"}),
              HasSubstr("\"0\" is no number from 1 to 32"));
  for (const char* bad : {"nan", "inf", "", "1e", "0.5x", "99999999999999999999", "-1"}) {
    EXPECT_THAT(ErrorOf({"transcribe", "a", "--vad-threshold", bad}), HasSubstr("is no number"))
        << bad;
  }
  EXPECT_THAT(ErrorOf({"transcribe", "a", "--temperature", "0,,1"}), HasSubstr("is no number"));
  EXPECT_THAT(ErrorOf({"completion", "tcsh"}), HasSubstr("choose from bash, zsh, fish"));
}

TEST(CommandLineTest, WhatIsMissingOrTooMuchIsAnError) {
  EXPECT_NE(ErrorOf({}), "accepted");
  EXPECT_NE(ErrorOf({"transcribe"}), "accepted");
  EXPECT_NE(ErrorOf({"sing"}), "accepted");
  EXPECT_NE(ErrorOf({"demo", "x"}), "accepted");
  EXPECT_NE(ErrorOf({"model"}), "accepted");
  EXPECT_NE(ErrorOf({"model", "pull"}), "accepted");
  EXPECT_NE(ErrorOf({"transcribe", "a", "--no-such-flag"}), "accepted");
  EXPECT_NE(ErrorOf({"transcribe", "a", "-o", "x", "-d", "y"}), "accepted");
  for (const char* measured :
       {"--compute-type=int8", "--workers=1", "--threads=1", "--batch=1", "--json=x"}) {
    EXPECT_NE(ErrorOf({"bench", "--calibrate", measured}), "accepted") << measured;
  }
}

TEST(CommandLineTest, HelpAndVersionAreText) {
  EXPECT_EQ(Parse({"--version"})->text, "verbatim " VERBATIM_VERSION "\n");
  EXPECT_THAT(Parse({"--help"})->text, HasSubstr("Examples:"));
  EXPECT_THAT(Parse({"transcribe", "--help"})->text, HasSubstr("--beam-size"));
  EXPECT_THAT(Parse({"model", "pull", "--help"})->text, HasSubstr("goes on where"));
}

TEST(CommandLineTest, TheModelMayComeFromTheEnvironment) {
  setenv("VERBATIM_MODEL", "small", 1);
  EXPECT_EQ(Parse({"transcribe", "a"})->arguments->transcribe.model, "small");
  EXPECT_EQ(Parse({"demo"})->arguments->transcribe.model, "small");
  EXPECT_EQ(Parse({"transcribe", "a", "-m", "tiny"})->arguments->transcribe.model, "tiny");
  unsetenv("VERBATIM_MODEL");
}

TEST(CommandLineTest, Commands) {
  EXPECT_EQ(Parse({"demo"})->arguments->command, Command::kDemo);
  EXPECT_EQ(Parse({"model", "list"})->arguments->command, Command::kModelList);
  EXPECT_EQ(Parse({"model", "verify"})->arguments->command, Command::kModelVerify);
  const Result<Parsed> pull = Parse({"model", "pull", "base", "tiny"});
  EXPECT_EQ(pull->arguments->command, Command::kModelPull);
  EXPECT_THAT(pull->arguments->models, ElementsAre("base", "tiny"));
  EXPECT_EQ(Parse({"completion", "fish"})->arguments->shell, Shell::kFish);
}

}  // namespace
}  // namespace verbatim::app
