#include "transcript/cue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "transcript/impl/atom.h"
#include "transcript/impl/text.h"
#include "transcript/test_transcripts.h"

namespace verbatim::transcript {
namespace {

using ::testing::HasSubstr;

constexpr unsigned kCases = 4000;

// All text without spaces, as it should stand in the cues.
std::string LettersOf(const Transcript& transcript) {
  std::string letters;
  for (const Segment& segment : transcript.segments) {
    std::string text = segment.words.empty() ? segment.text : "";
    // A word is valid by itself: half characters do not join across words.
    for (const Word& word : segment.words) text += ToValidUtf8(word.text);
    for (const char byte : OneLine(text)) {
      if (byte != ' ') letters += byte;
    }
  }
  return letters;
}

std::string LettersOf(const std::vector<Cue>& cues) {
  std::string letters;
  for (const Cue& cue : cues) {
    for (const std::string& line : cue.lines) {
      for (const char byte : line) {
        if (byte != ' ') letters += byte;
      }
    }
  }
  return letters;
}

void ExpectTimesInOrder(const std::vector<Cue>& cues, int64_t duration_ms) {
  int64_t last_ms = 0;
  for (const Cue& cue : cues) {
    EXPECT_GE(cue.begin_ms, last_ms);
    EXPECT_LT(cue.begin_ms, cue.end_ms);
    last_ms = cue.end_ms;
  }
  EXPECT_LE(last_ms, duration_ms);
}

// Whether a line holds a place where it could have been cut.
bool IsBreakable(const std::string& line) {
  const std::vector<Cluster> clusters = SplitClusters(line);
  for (size_t i = 1; i < clusters.size(); ++i) {
    if (clusters[i].is_space) return true;
    if (MayBreakBetween(clusters[i - 1].last, clusters[i].first)) return true;
  }
  return false;
}

void ExpectLinesInShape(const std::vector<Cue>& cues, const CueOptions& options, bool is_crowded) {
  for (const Cue& cue : cues) {
    EXPECT_FALSE(cue.lines.empty());
    EXPECT_LE(cue.end_ms - cue.begin_ms, options.duration_max_ms);
    EXPECT_TRUE(is_crowded || cue.lines.size() <= static_cast<size_t>(options.lines_max));
    for (const std::string& line : cue.lines) {
      EXPECT_FALSE(line.empty());
      EXPECT_EQ(line, OneLine(line));
      EXPECT_TRUE(DisplayWidth(line) <= options.line_length_max || !IsBreakable(line)) << line;
    }
  }
}

void ExpectGaps(const std::vector<Cue>& cues, const CueOptions& options, int64_t floor_ms) {
  for (size_t i = 0; i + 1 < cues.size(); ++i) {
    const int64_t gap_ms = cues[i + 1].begin_ms - cues[i].end_ms;
    const int64_t length_ms = cues[i].end_ms - cues[i].begin_ms;
    EXPECT_GE(length_ms, floor_ms);
    EXPECT_TRUE(gap_ms >= options.gap_min_ms || length_ms <= 40)
        << "cue " << i << ": gap " << gap_ms << ", length " << length_ms;
  }
}

TEST(MakeCuesTest, PromisesHoldForAnyTranscript) {
  size_t cue_count = 0;
  for (unsigned seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomTranscripts random(seed);
    const CueOptions options = random.Options();
    ASSERT_TRUE(ValidateCueOptions(options));
    const Transcript transcript = random.Make();
    const int64_t duration_ms = ToMilliseconds(transcript.duration);
    const std::vector<Cue> cues = MakeCues(transcript, options);
    cue_count += cues.size();
    const bool is_crowded = static_cast<int64_t>(cues.size() + 1) * 40 > duration_ms;
    ExpectTimesInOrder(cues, duration_ms);
    ExpectLinesInShape(cues, options, is_crowded);
    ExpectGaps(cues, options, is_crowded ? 1 : 40);
    EXPECT_EQ(LettersOf(cues), duration_ms > 0 ? LettersOf(transcript) : "");
    if (HasFailure()) return;
  }
  EXPECT_GT(cue_count, kCases * 5);  // the transcripts are worth the test
}

TEST(MakeCuesTest, NoAudioHasNoCues) {
  Transcript transcript;
  EXPECT_TRUE(MakeCues(transcript, {}).empty());
  transcript.segments.emplace_back().text = "words out of nothing";
  EXPECT_TRUE(MakeCues(transcript, {}).empty());
  transcript.duration = SampleTime{16};  // one millisecond
  const std::vector<Cue> cues = MakeCues(transcript, {});
  ASSERT_EQ(cues.size(), 1U);
  EXPECT_EQ(cues[0].begin_ms, 0);
  EXPECT_EQ(cues[0].end_ms, 1);
}

TEST(MakeCuesTest, TimesBeyondAnyRecordingDoNotOverflow) {
  Transcript transcript;
  transcript.duration = SampleTime::max();
  Segment& segment = transcript.segments.emplace_back();
  segment.words = {{" a", SampleTime::min(), SampleTime::max(), 1},
                   {" b", SampleTime::max(), SampleTime::min(), 1}};
  EXPECT_EQ(LettersOf(MakeCues(transcript, {})), "ab");
}

TEST(ValidateCueOptionsTest, TheDefaultsAreValid) { EXPECT_TRUE(ValidateCueOptions({})); }

TEST(ValidateCueOptionsTest, NamesTheOptionAndItsRange) {
  CueOptions options;
  options.line_length_max = 9;
  const auto result = ValidateCueOptions(options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(result.error().message, "line_length_max is 9; it must be from 10 to 200");
}

TEST(ValidateCueOptionsTest, RefusesWhatIsOutOfRange) {
  const auto refused = [](auto change) {
    CueOptions options;
    change(options);
    return !ValidateCueOptions(options).has_value();
  };
  EXPECT_TRUE(refused([](CueOptions& options) { options.lines_max = 0; }));
  EXPECT_TRUE(refused([](CueOptions& options) { options.duration_min_ms = 0; }));
  EXPECT_TRUE(refused([](CueOptions& options) { options.duration_max_ms = 60'001; }));
  EXPECT_TRUE(refused([](CueOptions& options) { options.gap_min_ms = -1; }));
  EXPECT_TRUE(refused([](CueOptions& options) { options.pause_break_ms = 0; }));
  EXPECT_TRUE(refused([](CueOptions& options) { options.reading_speed_max = 0; }));
  EXPECT_TRUE(refused([](CueOptions& options) { options.duration_min_ms = 7001; }));
}

}  // namespace
}  // namespace verbatim::transcript
