// The whole path with a real model: the same text however the work is spread, nothing out of
// silence, files that fail beside files that do not, and the promises about times.
#include "pipeline/transcribe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kernels/gemm.h"
#include "media/test_wav.h"
#include "tests/models.h"
#include "tests/npy.h"
#include "transcript/cue.h"
#include "transcript/writers.h"

namespace verbatim::pipeline {
namespace {

using std::chrono::steady_clock;
using transcript::CoverageKind;
using transcript::CoverageSpan;
using transcript::Segment;
using transcript::Transcript;

struct Shape {
  int workers = 1;
  int threads = 1;
  int batch = 1;
};

// What a run reported.
struct Outcome {
  Result<void> result;
  std::map<size_t, Result<Transcript>> files;
};

std::string Json(const Transcript& transcript) {
  return Render(transcript, transcript::Format::kJson, {}, transcript::WordTimes::kWrite);
}

// 16 kHz mono, a second at a time so that no test needs much memory. Unit: seconds.
std::string WavOf(double length, const std::function<double(int64_t)>& sample) {
  std::vector<double> samples(static_cast<size_t>(length * 16000));
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = sample(static_cast<int64_t>(i));
  return media::MakeWav({}, samples);
}

class TranscribeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto model = tests::TestModel("tiny.en");
    if (!model) GTEST_SKIP() << tests::ModelMissing("tiny.en");
    model_ = *model;
  }

  std::unique_ptr<Engine> Open(const Shape& shape,
                               ComputeType compute_type = ComputeType::kAuto) const {
    EngineOptions options;
    options.compute_type = compute_type;
    options.model_directory = model_;
    options.workers = shape.workers;
    options.threads = shape.threads;
    options.batch = shape.batch;
    Result<std::unique_ptr<Engine>> engine = Engine::Open(options);
    EXPECT_TRUE(engine) << engine.error().message;
    return engine ? *std::move(engine) : nullptr;
  }

  static Outcome Run(Engine& engine, const std::vector<std::filesystem::path>& paths,
                     const TranscribeOptions& options = {}) {
    std::vector<FileRequest> requests;
    for (const auto& path : paths) requests.push_back({path, std::nullopt});
    Outcome outcome;
    TranscribeEvents events;
    events.on_file = [&](size_t file, Result<Transcript> transcript) {
      EXPECT_EQ(file, outcome.files.size());
      outcome.files.emplace(file, std::move(transcript));
    };
    outcome.result = engine.Transcribe(requests, options, events, {});
    return outcome;
  }

  Transcript RunOne(const std::filesystem::path& path,
                    const TranscribeOptions& options = {}) const {
    const std::unique_ptr<Engine> engine = Open({1, 2, 2});
    Outcome outcome = Run(*engine, {path}, options);
    EXPECT_TRUE(outcome.result);
    EXPECT_EQ(outcome.files.size(), 1U);
    Result<Transcript>& result = outcome.files.at(0);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *std::move(result) : Transcript();
  }

  // A clip of the golden reference as a WAV file.
  std::filesystem::path Golden(const std::string& clip) const {
    const tests::NpyArray pcm = tests::ReadNpy(tests::GoldenReference() / (clip + ".pcm_i16.npy"));
    EXPECT_TRUE(pcm.ok());
    std::string bytes = media::WavHeader({}, static_cast<uint32_t>(pcm.values.size() * 2));
    for (float value : pcm.values) {
      media::AppendNumber(bytes, static_cast<int16_t>(std::lround(value * 32768)));
    }
    return folder_.Write(clip + ".wav", bytes);
  }

  std::filesystem::path model_;
  media::TemporaryFolder folder_;
};

void ExpectWholeCoverage(const Transcript& transcript) {
  SampleTime end{0};
  for (const CoverageSpan& span : transcript.coverage) {
    EXPECT_EQ(span.begin, end);
    EXPECT_GT(span.end, span.begin);
    EXPECT_EQ(span.reason.empty(), span.kind == CoverageKind::kTranscribed) << span.reason;
    end = span.end;
  }
  EXPECT_EQ(end, transcript.duration);
}

void ExpectTrueTimes(const Transcript& transcript) {
  SampleTime segment_end{0};
  SampleTime word_end{0};
  for (const Segment& segment : transcript.segments) {
    EXPECT_GE(segment.begin, segment_end);
    segment_end = segment.end;
    std::string text;
    for (const transcript::Word& word : segment.words) {
      EXPECT_GE(word.begin, word_end);
      EXPECT_GE(word.begin, segment.begin);
      EXPECT_GT(word.end, word.begin) << word.text;
      EXPECT_LE(word.end, segment.end);
      EXPECT_GT(word.probability, 0.0F);
      EXPECT_LE(word.probability, 1.0F);
      word_end = word.end;
      text += word.text;
      // What has text is accounted for as such.
      EXPECT_TRUE(std::ranges::any_of(transcript.coverage, [&](const CoverageSpan& span) {
        return span.begin <= word.begin && word.begin < span.end &&
               (span.kind == CoverageKind::kTranscribed || span.kind == CoverageKind::kUncertain);
      })) << word.text;
    }
    EXPECT_EQ(text, segment.text);
  }
  EXPECT_LE(segment_end, transcript.duration);
}

void ExpectTrueCues(const Transcript& transcript) {
  const transcript::CueOptions options;
  const std::vector<transcript::Cue> cues = MakeCues(transcript, options);
  EXPECT_FALSE(cues.empty());
  int64_t end = 0;
  for (const transcript::Cue& cue : cues) {
    EXPECT_GE(cue.begin_ms, end);
    EXPECT_GT(cue.end_ms, cue.begin_ms);
    EXPECT_LE(cue.end_ms - cue.begin_ms, options.duration_max_ms);
    EXPECT_LE(cue.lines.size(), static_cast<size_t>(options.lines_max));
    for (const std::string& line : cue.lines) {
      EXPECT_LE(line.size(), static_cast<size_t>(options.line_length_max)) << line;
    }
    end = cue.end_ms;
  }
  EXPECT_LE(end, ToMilliseconds(transcript.duration));
}

TEST_F(TranscribeTest, AVideoBecomesWordsWithTimes) {
  const Transcript transcript = RunOne(media::ProjectData("nasa_webb_video.mp4"));
  EXPECT_NE(PlainText(transcript).find("Telescope"), std::string::npos) << PlainText(transcript);
  EXPECT_EQ(transcript.language, "en");
  EXPECT_EQ(transcript.model, "tiny.en");
  ExpectWholeCoverage(transcript);
  ExpectTrueTimes(transcript);
  ExpectTrueCues(transcript);
}

TEST_F(TranscribeTest, ALateTrackKeepsItsTimes) {
  const Transcript plain = RunOne(media::ProjectData("jfk.flac"));
  const Transcript late = RunOne(media::ProjectData("jfk_starts_5s_late.mkv"));
  ExpectTrueTimes(late);
  ASSERT_FALSE(plain.segments.empty());
  ASSERT_FALSE(late.segments.empty());
  const SampleTime shift = late.segments[0].words[0].begin - plain.segments[0].words[0].begin;
  EXPECT_NEAR(ToSeconds(shift), 5, 0.15);
}

TEST_F(TranscribeTest, TimestampTokensGiveTimesToo) {
  TranscribeOptions options;
  options.segment_times = SegmentTimes::kTokens;
  const Transcript transcript = RunOne(Golden("sonnet"), options);
  EXPECT_FALSE(transcript.segments.empty());
  ExpectWholeCoverage(transcript);
  ExpectTrueTimes(transcript);
  ExpectTrueCues(transcript);
}

// However the work is spread, and whatever is beside a file, its transcript is the same to the
// byte.
class SameTextTest : public TranscribeTest, public ::testing::WithParamInterface<ComputeType> {
 protected:
  void SetUp() override {
    if (GetParam() == ComputeType::kBf16 && !kernels::HasProducts(kernels::NumberType::kBf16))
      GTEST_SKIP() << "this CPU cannot multiply bf16";
    TranscribeTest::SetUp();
  }

  // Other company and order for each shape; batches of 2 go without the first two files.
  void ExpectSameText(const std::vector<std::filesystem::path>& all,
                      const TranscribeOptions& options) const {
    std::map<std::filesystem::path, std::string> expected;
    for (const Shape& shape : {Shape{1, 1, 1}, Shape{1, 2, 4}, Shape{2, 1, 2}, Shape{3, 1, 1}}) {
      std::vector<std::filesystem::path> paths = all;
      if (shape.batch == 2) paths.erase(paths.begin(), paths.begin() + 2);
      if (shape.threads == 2) std::ranges::reverse(paths);
      const std::unique_ptr<Engine> engine = Open(shape, GetParam());
      ASSERT_NE(engine, nullptr);
      EXPECT_EQ(engine->shape().compute_type, GetParam());
      EXPECT_EQ(engine->shape().batch, shape.batch);
      const Outcome outcome = Run(*engine, paths, options);
      ASSERT_TRUE(outcome.result);
      ASSERT_EQ(outcome.files.size(), paths.size());
      for (const auto& [file, transcript] : outcome.files) {
        ASSERT_TRUE(transcript) << transcript.error().message;
        EXPECT_FALSE(transcript->segments.empty());
        const std::string json = Json(*transcript);
        EXPECT_EQ(expected.emplace(paths[file], json).first->second, json)
            << paths[file] << " with " << shape.workers << " workers, batches of " << shape.batch;
      }
    }
  }
};

TEST_P(SameTextTest, Greedy) {
  ExpectSameText({media::ProjectData("jfk.flac"), Golden("austen_with_silence"),
                  media::ProjectData("lj001_0004.mp3"), Golden("sonnet"),
                  media::ProjectData("lj001_0005.mp3")},
                 {});
}

// Limits that nothing meets make every window go through several temperatures.
TEST_P(SameTextTest, BeamsAndSamples) {
  TranscribeOptions doubtful;
  doubtful.logprob_min = -0.01F;
  doubtful.no_speech_max = 1;
  doubtful.beam_size = 2;
  doubtful.best_of = 2;
  doubtful.temperatures = {0.0F, 0.6F};
  ExpectSameText({media::ProjectData("lj001_0004.mp3"), media::ProjectData("jfk.flac"),
                  media::ProjectData("lj001_0005.mp3")},
                 doubtful);
}

std::string ComputeTypeName(const ::testing::TestParamInfo<ComputeType>& test) {
  constexpr std::array kNames = {"auto", "int8", "bf16", "f32"};
  return kNames.at(static_cast<size_t>(test.param));
}

INSTANTIATE_TEST_SUITE_P(ComputeTypes, SameTextTest,
                         ::testing::Values(ComputeType::kInt8, ComputeType::kBf16,
                                           ComputeType::kF32),
                         ComputeTypeName);

TEST_F(TranscribeTest, NothingIsInventedInSilence) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 0.1);
  const auto tones = [](int64_t i) {
    const double time = static_cast<double>(i) / 16000;
    const double pitch = 220 * std::pow(2, std::floor(time * 2 - 8 * std::floor(time / 4)) / 12);
    return 0.3 * std::sin(2 * std::numbers::pi * pitch * time);
  };
  const std::vector<std::filesystem::path> paths = {
      folder_.Write("silence.wav", WavOf(70, [](int64_t) { return 0.0; })),
      folder_.Write("noise.wav",
                    WavOf(70, [&](int64_t) { return std::clamp(normal(random), -1.0, 1.0); })),
      folder_.Write("tones.wav", WavOf(70, tones)),
      folder_.Write("faint.wav", WavOf(70, [&](int64_t) { return normal(random) / 300; })),
      folder_.Write("moment.wav", WavOf(0.001, [](int64_t) { return 0.5; }))};
  const std::unique_ptr<Engine> engine = Open({1, 2, 2});
  const Outcome outcome = Run(*engine, paths);
  ASSERT_TRUE(outcome.result);
  ASSERT_EQ(outcome.files.size(), paths.size());
  for (const auto& [file, transcript] : outcome.files) {
    ASSERT_TRUE(transcript) << paths[file] << transcript.error().message;
    EXPECT_TRUE(transcript->segments.empty()) << paths[file] << PlainText(*transcript);
    ExpectWholeCoverage(*transcript);
    for (const CoverageSpan& span : transcript->coverage) {
      EXPECT_EQ(span.kind, CoverageKind::kNoSpeech) << paths[file];
    }
  }
}

TEST_F(TranscribeTest, ABadFileDoesNotStopTheOthers) {
  const std::vector<std::filesystem::path> paths = {
      folder_.path() / "missing.mp4",       media::ProjectData("lj001_0004.mp3"),
      media::ProjectData("text_named.mp4"), media::ProjectData("video_only.mp4"),
      media::ProjectData("jfk.flac"),       folder_.path()};
  const std::unique_ptr<Engine> engine = Open({2, 1, 2});
  const Outcome outcome = Run(*engine, paths);
  ASSERT_TRUE(outcome.result);
  ASSERT_EQ(outcome.files.size(), paths.size());
  EXPECT_EQ(outcome.files.at(0).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(outcome.files.at(1));
  EXPECT_EQ(outcome.files.at(2).error().code, ErrorCode::kUnsupportedMedia);
  EXPECT_EQ(outcome.files.at(3).error().code, ErrorCode::kUnsupportedMedia);
  ASSERT_TRUE(outcome.files.at(4));
  EXPECT_NE(PlainText(*outcome.files.at(4)).find("country"), std::string::npos);
  EXPECT_EQ(outcome.files.at(5).error().code, ErrorCode::kIo);
}

// From a stop at any moment: while reading, encoding, or decoding.
TEST_F(TranscribeTest, StopsWithinASecond) {
  const std::vector<FileRequest> requests(40, {Golden("austen_with_silence"), std::nullopt});
  const std::unique_ptr<Engine> engine = Open({2, 1, 2});
  for (const int delay_ms : {0, 20, 150, 400, 700}) {
    std::stop_source stop;
    steady_clock::time_point stopped;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
      stopped = steady_clock::now();
      stop.request_stop();
    });
    const Result<void> result = engine->Transcribe(requests, {}, {}, stop.get_token());
    const auto ended = steady_clock::now();
    stopper.join();
    ASSERT_FALSE(result) << delay_ms;
    EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
    EXPECT_LT(ended - stopped, std::chrono::seconds(1)) << delay_ms;
  }
  EXPECT_TRUE(Run(*engine, {media::ProjectData("lj001_0004.mp3")}).files.at(0));  // goes on
}

TEST_F(TranscribeTest, ProgressOnlyGoesForward) {
  const std::unique_ptr<Engine> engine = Open({2, 1, 1});
  const std::vector<FileRequest> requests = {{Golden("austen_with_silence"), std::nullopt},
                                             {media::ProjectData("jfk.flac"), std::nullopt}};
  std::map<size_t, Progress> last;
  std::vector<std::string> texts(2);
  std::vector<std::string> heard(2);
  TranscribeEvents events;
  events.on_progress = [&](const Progress& progress) {
    EXPECT_GE(progress.position, last[progress.file].position);
    EXPECT_GE(progress.share, last[progress.file].share);
    last[progress.file] = progress;
  };
  events.on_segment = [&](size_t file, const Segment& segment) { heard[file] += segment.text; };
  events.on_file = [&](size_t file, Result<Transcript> transcript) {
    ASSERT_TRUE(transcript);
    for (const Segment& segment : transcript->segments) texts[file] += segment.text;
    EXPECT_EQ(last[file].position, transcript->duration);
  };
  ASSERT_TRUE(engine->Transcribe(requests, {}, events, {}));
  EXPECT_EQ(last[0].share, 1.0);
  EXPECT_EQ(last[1].share, 1.0);
  EXPECT_EQ(heard, texts);
}

TEST_F(TranscribeTest, WhatTheModelCannotDoIsSaidFirst) {
  const std::unique_ptr<Engine> engine = Open({1, 1, 1});
  TranscribeOptions german;
  german.language = "de";
  TranscribeOptions translate;
  translate.task = Task::kTranslate;
  TranscribeOptions no_temperature;
  no_temperature.temperatures.clear();
  TranscribeOptions no_beam;
  no_beam.beam_size = 0;
  for (const TranscribeOptions& options : {german, translate, no_temperature, no_beam}) {
    const Outcome outcome = Run(*engine, {media::ProjectData("jfk.flac")}, options);
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(outcome.files.empty());
  }
}

TEST_F(TranscribeTest, PromptsOfAnyLengthLeaveRoomForText) {
  TranscribeOptions options;
  options.temperatures = {0.0F};
  for (int i = 0; i < 500; ++i) options.initial_prompt += " telescope";
  for (int i = 0; i < 500; ++i) options.hotwords += " Kennedy";
  const Transcript transcript = RunOne(media::ProjectData("lj001_0004.mp3"), options);
  EXPECT_FALSE(transcript.segments.empty());
  ExpectWholeCoverage(transcript);
  ExpectTrueCues(transcript);
}

}  // namespace
}  // namespace verbatim::pipeline
