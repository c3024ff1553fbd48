// What is decoded again: with a rejected window no other one, and nothing is encoded twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "media/test_wav.h"
#include "pipeline/transcribe.h"
#include "tests/models.h"

namespace verbatim::pipeline {
namespace {

using profile::Stage;
using transcript::Segment;
using transcript::Transcript;

struct Counts {
  uint64_t windows = 0;  // whose spectrogram was made, and that were encoded
  uint64_t logits = 0;   // operations of the vocabulary's products: in proportion to the tokens
  std::vector<Transcript> transcripts;
};

class RetryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!tests::TestModel("tiny.en")) GTEST_SKIP() << tests::ModelMissing("tiny.en");
  }

  static Counts Run(const std::vector<FileRequest>& files, const TranscribeOptions& options) {
    EngineOptions engine_options;
    engine_options.model_directory = *tests::TestModel("tiny.en");
    engine_options.workers = 1;
    engine_options.batch = 4;
    const auto engine = Engine::Open(engine_options);
    EXPECT_TRUE(engine) << engine.error().message;
    Counts counts;
    TranscribeEvents events;
    events.on_file = [&](size_t, Result<Transcript> transcript) {
      EXPECT_TRUE(transcript);
      if (transcript) counts.transcripts.push_back(*std::move(transcript));
    };
    EXPECT_TRUE((*engine)->Transcribe(files, options, events, {}));
    const auto totals = (*engine)->stage_totals();
    counts.windows = totals[static_cast<size_t>(Stage::kMel)].calls;
    counts.logits = totals[static_cast<size_t>(Stage::kVocabulary)].work.operations;
    return counts;
  }
};

float Likelihood(const Transcript& transcript) {
  return transcript.segments.empty() ? 0 : transcript.segments.front().avg_logprob;
}

TEST_F(RetryTest, OnlyRejectedWindowsAreDecodedAgain) {
  std::vector<FileRequest> files;  // a window each
  for (const char* name : {"jfk.flac", "lj001_0004.mp3", "lj001_0005.mp3", "nasa_webb_video.mp4"})
    files.push_back({media::ProjectData(name), std::nullopt});
  TranscribeOptions once;
  once.temperatures = {0.0F};
  once.no_speech_max = 1;
  const Counts first = Run(files, once);
  ASSERT_EQ(first.transcripts.size(), files.size());
  EXPECT_EQ(first.windows, files.size());

  // A limit between the two least likely texts: one window is rejected.
  std::vector<float> likelihoods;
  for (const Transcript& transcript : first.transcripts)
    likelihoods.push_back(Likelihood(transcript));
  const auto rejected =
      static_cast<size_t>(std::ranges::min_element(likelihoods) - likelihoods.begin());
  std::ranges::sort(likelihoods);
  ASSERT_LT(likelihoods[0], likelihoods[1]);
  TranscribeOptions again = once;
  again.temperatures = {0.0F, 0.2F};
  again.logprob_min = (likelihoods[0] + likelihoods[1]) / 2;
  const Counts both = Run(files, again);
  const Counts alone = Run({files[rejected]}, again);
  const Counts alone_once = Run({files[rejected]}, once);

  EXPECT_GT(alone.logits, alone_once.logits);
  EXPECT_EQ(both.logits - first.logits, alone.logits - alone_once.logits);
  EXPECT_EQ(both.windows, files.size());
  EXPECT_EQ(alone.windows, 1U);
  for (size_t file = 0; file < files.size(); ++file) {
    if (file == rejected) continue;
    EXPECT_EQ(Likelihood(both.transcripts[file]), Likelihood(first.transcripts[file]));
  }
}

}  // namespace
}  // namespace verbatim::pipeline
