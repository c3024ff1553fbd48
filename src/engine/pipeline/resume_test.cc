// A run that goes on where another one ended gives the transcript of one that never ended, to the
// byte, and computes no window twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "media/test_wav.h"
#include "pipeline/language_track.h"
#include "pipeline/test_calls.h"
#include "pipeline/window_json.h"
#include "tests/npy.h"
#include "tests/sanitizers.h"

namespace verbatim::pipeline {
namespace {

// So that a short clip has several windows.
constexpr split::SplitPlan kShortWindows{SampleTime{5 * kSampleRate}, SampleTime{0}};

// As it is stored in between.
WindowResult Stored(const WindowResult& result) {
  Result<WindowResult> stored = DecodeWindowResult(EncodeWindowResult(result));
  EXPECT_TRUE(stored) << stored.error().message;
  return stored ? *std::move(stored) : WindowResult();
}

std::vector<double> ClipSamples(const std::string& clip) {
  const tests::NpyArray pcm = tests::ReadNpy(tests::GoldenReference() / (clip + ".pcm_i16.npy"));
  EXPECT_TRUE(pcm.ok());
  return {pcm.values.begin(), pcm.values.end()};
}

class ResumeTest : public ::testing::Test {
 protected:
  void Use(const std::string& model) {
    if (!tests::TestModel(model)) GTEST_SKIP() << tests::ModelMissing(model);
    engine_ = OpenEngine(model, {2, 1, 2});
    ASSERT_NE(engine_, nullptr);
  }

  // Runs the rest of a file of which these windows are finished, and compares.
  void ExpectSameAfter(const FileRequest& request, const TranscribeOptions& options,
                       const Told& whole, const std::set<int64_t>& finished) {
    FileRequest rest = request;
    rest.plan = DecodeSplitPlan(EncodeSplitPlan(whole.plans.at(0))).value();
    for (const WindowResult& window : whole.windows.at(0)) {
      if (finished.contains(window.window.index)) rest.finished.push_back(Stored(window));
    }
    const Told resumed = RunCall(*engine_, {rest}, options);
    ASSERT_TRUE(resumed.result);
    EXPECT_EQ(resumed.transcripts, whole.transcripts);
    EXPECT_EQ(resumed.heard, whole.heard);
    EXPECT_EQ(resumed.plans.at(0).window_target, whole.plans.at(0).window_target);
    std::set<int64_t> computed;
    if (const auto windows = resumed.windows.find(0); windows != resumed.windows.end()) {
      for (const WindowResult& window : windows->second) {
        EXPECT_TRUE(computed.insert(window.window.index).second);
        EXPECT_FALSE(finished.contains(window.window.index));
      }
    }
    EXPECT_EQ(computed.size() + finished.size(), whole.windows.at(0).size());
  }

  // A WAV file of clips, one after the other.
  FileRequest Joined(std::initializer_list<std::vector<double>> clips) const {
    std::vector<double> samples;
    for (const std::vector<double>& clip : clips)
      std::ranges::copy(clip, std::back_inserter(samples));
    FileRequest request{folder_.Write("joined.wav", media::MakeWav({}, samples))};
    request.plan = kShortWindows;
    return request;
  }

  // Ends after each number of windows; in the order of the file, and in any.
  void ExpectSameAfterAnyEnd(const FileRequest& request, const TranscribeOptions& options,
                             const Told& whole) {
    const size_t count = whole.windows.at(0).size();
    ASSERT_GE(count, 4U);
    std::vector<int64_t> order(count);
    for (size_t i = 0; i < count; ++i) order[i] = static_cast<int64_t>(i);
    std::mt19937 random(3);
    for (const bool in_order : {true, false}) {
      for (size_t finished = in_order ? 0 : 1; finished <= (in_order ? count : count - 1);
           finished += tests::kIsSanitized ? 3 : 1) {
        if (!in_order) std::ranges::shuffle(order, random);
        ExpectSameAfter(request, options, whole,
                        {order.begin(), order.begin() + static_cast<ptrdiff_t>(finished)});
        if (HasFatalFailure() || HasFailure()) FAIL() << finished << " finished windows";
      }
    }
  }

  std::unique_ptr<Engine> engine_;
  media::TemporaryFolder folder_;
};

TEST_F(ResumeTest, EveryEndGivesTheSameTranscript) {
  Use("tiny.en");
  if (!engine_) return;
  const FileRequest request = Joined({ClipSamples("jfk"), ClipSamples("sonnet")});
  const Told whole = RunCall(*engine_, {request});
  ASSERT_TRUE(whole.result);
  ExpectSameAfterAnyEnd(request, {}, whole);
}

// Backwards, speech has a sound that no guess is confident of: the language is the sum of guesses.
TEST_F(ResumeTest, TheLanguageIsFoundAsIfNothingHadEnded) {
  Use("base");
  if (!engine_) return;
  std::vector<double> backwards = ClipSamples("jfk");
  std::ranges::reverse(backwards);
  const FileRequest request = Joined({backwards, ClipSamples("jfk")});
  TranscribeOptions options;
  options.temperatures = {0.0F};
  options.unsure_beam_size = 1;
  const Told whole = RunCall(*engine_, {request}, options);
  ASSERT_TRUE(whole.result);
  const auto is_unsure = [](const WindowResult& window) {
    return !window.language_guesses.empty() &&
           window.language_guesses.front().probability < LanguageTrack::kConfident;
  };
  EXPECT_GE(std::ranges::count_if(whole.windows.at(0), is_unsure), 1);
  ExpectSameAfterAnyEnd(request, options, whole);
}

// Results of another file, of another plan, or damaged ones are no reason to leave something out.
TEST_F(ResumeTest, ForeignResultsAreComputedAnew) {
  Use("tiny.en");
  if (!engine_) return;
  FileRequest request{media::ProjectData("jfk.flac")};
  request.plan = kShortWindows;
  const Told whole = RunCall(*engine_, {request});
  ASSERT_GE(whole.windows.at(0).size(), 2U);
  FileRequest foreign = request;
  for (WindowResult window : whole.windows.at(0)) {
    window.window.segments.front().begin += SampleTime{1};
    foreign.finished.push_back(window);
    window.window.index += 1000;
    foreign.finished.push_back(window);
  }
  const Told again = RunCall(*engine_, {foreign});
  EXPECT_EQ(again.transcripts, whole.transcripts);
  EXPECT_EQ(again.windows.at(0).size(), whole.windows.at(0).size());
}

// A store that lost the guesses of a window must not make those after it wait for ever.
TEST_F(ResumeTest, MissingGuessesAreNone) {
  Use("base");
  if (!engine_) return;
  FileRequest request{media::ProjectData("jfk.flac")};
  request.plan = kShortWindows;
  const Told whole = RunCall(*engine_, {request});
  ASSERT_GE(whole.windows.at(0).size(), 2U);
  for (WindowResult window : whole.windows.at(0)) {
    if (window.window.index != 0) continue;
    window.language_guesses.clear();
    request.finished = {window};
  }
  const Told resumed = RunCall(*engine_, {request});
  EXPECT_TRUE(resumed.result);
  EXPECT_EQ(resumed.windows.at(0).size() + 1, whole.windows.at(0).size());
}

TEST_F(ResumeTest, ASourceGivesWhatItsFileGives) {
  Use("tiny.en");
  if (!engine_) return;
  const FileRequest file{media::ProjectData("jfk.flac")};
  FileRequest source = file;
  source.source = OpenFileSource(file.path).value();
  EXPECT_EQ(RunCall(*engine_, {source}).transcripts, RunCall(*engine_, {file}).transcripts);
}

}  // namespace
}  // namespace verbatim::pipeline
