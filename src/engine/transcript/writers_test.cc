#include "transcript/writers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/atomic_file.h"
#include "transcript/test_transcripts.h"

namespace verbatim::transcript {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Format kFormats[] = {Format::kTxt, Format::kSrt, Format::kVtt, Format::kJson,
                               Format::kTsv};

std::filesystem::path GoldenFile(const std::string& name) {
  return std::filesystem::path(VERBATIM_ROOT) / "tests/golden/transcript" / name;
}

std::string ReadGolden(const std::string& name) {
  return ReadFile(GoldenFile(name), 1 << 20).value_or("(no file)");
}

Word MakeWord(const std::string& text, int64_t begin_ms, int64_t end_ms) {
  return {text, std::chrono::milliseconds(begin_ms), std::chrono::milliseconds(end_ms), 0.5F};
}

Transcript OneSegment(const std::vector<Word>& words, int64_t duration_ms) {
  Transcript transcript;
  transcript.language = "en";
  transcript.duration = std::chrono::milliseconds(duration_ms);
  Segment& segment = transcript.segments.emplace_back();
  segment.words = words;
  segment.begin = words.front().begin;
  segment.end = words.back().end;
  for (const Word& word : words) segment.text += word.text;
  return transcript;
}

std::string Rendered(const Transcript& transcript, Format format,
                     WordTimes words = WordTimes::kOmit) {
  return Render(transcript, format, {}, words);
}

// tests/golden/transcript/NAME.json is what is rendered; with VERBATIM_REWRITE_GOLDEN set, the
// files are written anew.
class GoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, EveryFormatIsAsExpected) {
  const auto transcript = ReadJson(ReadGolden(GetParam() + ".json"));
  ASSERT_TRUE(transcript) << transcript.error().message;
  for (const Format format : kFormats) {
    const std::string name = GetParam() + "." + std::string(FormatName(format));
    const std::string text = Rendered(*transcript, format, WordTimes::kWrite);
    if (std::getenv("VERBATIM_REWRITE_GOLDEN") != nullptr) {
      ASSERT_TRUE(WriteFileAtomically(GoldenFile(name), text));
    }
    EXPECT_EQ(text, ReadGolden(name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Transcripts, GoldenTest, ::testing::Values("talk", "japanese"),
                         [](const auto& row) { return row.param; });

TEST(FormatTest, NamesAndExtensions) {
  for (const Format format : kFormats) EXPECT_EQ(ParseFormat(FormatName(format)), format);
  EXPECT_EQ(FormatName(Format::kVtt), "vtt");
  EXPECT_EQ(ParseFormat("SRT"), std::nullopt);
  EXPECT_EQ(ParseFormat(""), std::nullopt);
}

TEST(RenderTest, ATranscriptWithoutText) {
  Transcript transcript;
  transcript.duration = std::chrono::seconds(600);
  transcript.coverage = CompleteCoverage({}, transcript.duration);
  EXPECT_EQ(Rendered(transcript, Format::kTxt), "");
  EXPECT_EQ(Rendered(transcript, Format::kSrt), "");
  EXPECT_EQ(Rendered(transcript, Format::kVtt), "WEBVTT\n");
  EXPECT_EQ(Rendered(transcript, Format::kTsv), "start\tend\ttext\n");
  const std::string json = Rendered(transcript, Format::kJson, WordTimes::kWrite);
  EXPECT_THAT(json, HasSubstr("\"segments\": [],\n"));
  EXPECT_THAT(json, HasSubstr("\"words\": [],\n"));
  EXPECT_THAT(json, HasSubstr("\"duration\": 600.0,\n"));
  EXPECT_TRUE(ReadJson(json));
}

TEST(RenderTest, HoursBeyondNinetyNine) {
  constexpr int64_t kHours = 123;
  const Transcript transcript =
      OneSegment({MakeWord(" Late.", kHours * 3'600'000 + 61'007, kHours * 3'600'000 + 63'000)},
                 kHours * 3'700'000);
  EXPECT_EQ(Rendered(transcript, Format::kSrt), "1\n123:01:01,007 --> 123:01:03,000\nLate.\n");
  EXPECT_EQ(Rendered(transcript, Format::kVtt),
            "WEBVTT\n\n123:01:01.007 --> 123:01:03.000\nLate.\n");
}

TEST(RenderTest, TextCannotBreakTheFormat) {
  const Transcript transcript =
      OneSegment({MakeWord(" a -->\n\n00:00", 0, 900), MakeWord(" <b>&\tx", 900, 2000)}, 3000);
  EXPECT_EQ(Rendered(transcript, Format::kSrt),
            "1\n00:00:00,000 --> 00:00:02,000\na → 00:00 <b>& x\n");
  EXPECT_EQ(Rendered(transcript, Format::kVtt),
            "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\na --&gt; 00:00 &lt;b&gt;&amp; x\n");
  EXPECT_EQ(Rendered(transcript, Format::kTsv), "start\tend\ttext\n0\t2000\ta --> 00:00 <b>& x\n");
  EXPECT_EQ(Rendered(transcript, Format::kTxt), "a --> 00:00 <b>& x\n");
}

TEST(RenderTest, VttWordTimesStandInsideTheirCueAndRise) {
  const Transcript transcript =
      OneSegment({MakeWord(" One", 0, 100), MakeWord(" two", 500, 700),
                  MakeWord(" three", 500, 700), MakeWord(" four.", 900, 1000)},
                 3000);
  EXPECT_EQ(Rendered(transcript, Format::kVtt, WordTimes::kWrite),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n"
            "One <00:00:00.500>two three <00:00:00.900>four.\n");
}

TEST(RenderTest, RandomSubtitlesKeepTheirGrammar) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomTranscripts random(seed);
    const CueOptions options = random.Options();
    const Transcript transcript = random.Make();
    const size_t cues = MakeCues(transcript, options).size();
    for (const Format format : {Format::kSrt, Format::kVtt}) {
      std::istringstream lines(Render(transcript, format, options, WordTimes::kWrite));
      size_t arrows = 0;
      size_t blanks = 0;
      for (std::string line; std::getline(lines, line);) {
        arrows += line.find("-->") != std::string::npos ? 1 : 0;
        blanks += line.empty() ? 1 : 0;
      }
      ASSERT_EQ(arrows, cues) << "seed " << seed;
      ASSERT_EQ(blanks, format == Format::kVtt || cues == 0 ? cues : cues - 1) << "seed " << seed;
    }
  }
}

TEST(RenderTest, NumbersAreShort) {
  Transcript transcript = OneSegment({MakeWord(" Hm.", 1230, 2500)}, 3000);
  Segment& segment = transcript.segments[0];
  segment.avg_logprob = -0.12344F;
  segment.compression_ratio = 1.1F;
  segment.temperature = -std::numeric_limits<float>::infinity();
  segment.no_speech_prob = std::nanf("");
  const std::string json = Rendered(transcript, Format::kJson);
  EXPECT_THAT(json, HasSubstr("\"start\": 1.23, \"end\": 2.5,"));
  EXPECT_THAT(json, HasSubstr("\"avg_logprob\": -0.1234, \"compression_ratio\": 1.1,"));
  EXPECT_THAT(json, HasSubstr("\"temperature\": -1000000000.0,"));
  EXPECT_THAT(json, HasSubstr("\"no_speech_prob\": 0.0,"));
  EXPECT_THAT(json, HasSubstr("[\" Hm.\", 1.23, 2.5, 0.5]"));
}

TEST(RenderTest, SegmentsOfOneWindowShareItsSeek) {
  Transcript transcript = OneSegment({MakeWord(" a", 1230, 2500)}, 9000);
  transcript.segments.push_back(OneSegment({MakeWord(" b", 3000, 4000)}, 9000).segments[0]);
  transcript.segments.push_back(OneSegment({MakeWord(" c", 5000, 6000)}, 9000).segments[0]);
  transcript.segments[2].window = 1;
  const std::string json = Rendered(transcript, Format::kJson);
  EXPECT_THAT(json, HasSubstr("\"id\": 1, \"seek\": 123,"));
  EXPECT_THAT(json, HasSubstr("\"id\": 2, \"seek\": 500,"));
}

TEST(ReadJsonTest, WhatIsReadRendersTheSameInEveryFormat) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomTranscripts random(seed);
    const CueOptions options = random.Options();
    const Transcript transcript = random.Make();
    const WordTimes stored = seed % 2 == 0 ? WordTimes::kOmit : WordTimes::kWrite;
    const std::string json = Render(transcript, Format::kJson, options, stored);
    const auto read = ReadJson(json);
    ASSERT_TRUE(read) << read.error().message;
    for (const Format format : kFormats) {
      for (const WordTimes words : {WordTimes::kOmit, WordTimes::kWrite}) {
        ASSERT_EQ(Render(*read, format, options, words),
                  Render(transcript, format, options, words));
      }
    }
    ASSERT_EQ(ReadJsonCueOptions(json), options);
  }
}

TEST(ReadJsonTest, ValuesComeBack) {
  const auto read = ReadJson(ReadGolden("talk.json"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->source, "talk.mp4");
  EXPECT_EQ(read->language, "en");
  EXPECT_EQ(read->model, "base");
  ASSERT_EQ(read->segments.size(), 5U);
  const Segment& segment = read->segments[1];
  EXPECT_EQ(segment.words[0].text, " When");
  EXPECT_EQ(segment.words[0].begin, std::chrono::milliseconds(3100));
  EXPECT_FLOAT_EQ(segment.words[0].probability, 0.91F);
  EXPECT_EQ(read->coverage.back().kind, CoverageKind::kNoSpeech);
  EXPECT_EQ(read->coverage.back().end, read->duration);
}

struct BadJson {
  const char* part;  // of talk.json
  const char* instead;
  const char* message;
};

TEST(ReadJsonTest, NamesWhatIsWrongAndWhere) {
  const BadJson rows[] = {
      {"\"format_version\": 1", "\"format_version\": 2", "format_version is out of range"},
      {"\"format_version\": 1,", "", "format_version is missing"},
      {"\"source\": \"talk.mp4\"", "\"source\": 7", "source is no text"},
      {"\"start\": 3.1,", "\"start\": \"3.1\",", "segments[1].start is no number"},
      {"\"start\": 3.1,", "\"start\": -3.1,", "segments[1].start is out of range"},
      {"\"start\": 3.1,", "\"start\": 1e300,", "segments[1].start is out of range"},
      {"\"start\": 3.1,", "\"start\": 1e999,", "segments[1].start is no number"},
      {"\"tokens\": [1119,", "\"tokens\": [1.5,", "segments[0].tokens[0] is no whole number"},
      {"\"tokens\": [1119,", "\"tokens\": [99999999999,", "segments[0].tokens[0] is out of range"},
      {"\"tokens\": [1119,", "\"tokens\": {}, \"x\": [1119,", "segments[0].tokens is no list"},
      {"[\" When\", 3.1, ", "[\" When\", ", "segments[1].word_data[0] has not four parts"},
      {"\"status\": \"failed\"", "\"status\": \"lost\"", "coverage[2].status is no known status"},
      {"{\"start\": 0.0, \"end\": 15.0, \"status\"", "7, {\"status\"", "coverage[0] is no object"},
      {"talk.mp4", "talk\xff.mp4", "not valid JSON"},
      {"talk.mp4", "\\ud800.mp4", "not valid JSON"},
  };
  const std::string good = ReadGolden("talk.json");
  for (const BadJson& row : rows) {
    std::string bad = good;
    const size_t at = bad.find(row.part);
    ASSERT_NE(at, std::string::npos) << row.part;
    bad.replace(at, std::string_view(row.part).size(), row.instead);
    const auto read = ReadJson(bad);
    ASSERT_FALSE(read) << row.instead;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(read.error().message, HasSubstr(row.message));
  }
}

TEST(ReadJsonTest, RefusesWhatIsCutShortOrForeign) {
  const std::string good = ReadGolden("talk.json");
  const size_t whole = good.rfind('}') + 1;
  for (size_t size = 0; size < whole; ++size) {
    ASSERT_FALSE(ReadJson(std::string_view(good).substr(0, size))) << size;
  }
  for (const char* text : {"", "[]", "null", "7", "\"text\"", "{}", "{\"segments\": []}"}) {
    EXPECT_FALSE(ReadJson(text)) << text;
  }
  EXPECT_FALSE(ReadJson(std::string(100'000, '[')));
}

TEST(ReadJsonCueOptionsTest, RefusesOptionsOutOfRange) {
  CueOptions options;
  options.lines_max = 3;
  std::string json = Render({}, Format::kJson, options, WordTimes::kOmit);
  ASSERT_EQ(ReadJsonCueOptions(json), options);
  json.replace(json.find("\"lines_max\": 3"), 14, "\"lines_max\": 0");
  EXPECT_FALSE(ReadJsonCueOptions(json));
}

}  // namespace
}  // namespace verbatim::transcript
