#include "transcript/revision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transcript/segment_json.h"
#include "transcript/test_transcripts.h"
#include "transcript/writers.h"

namespace verbatim::transcript {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr SampleTime Ms(int64_t milliseconds) { return std::chrono::milliseconds(milliseconds); }

Segment MakeSegment(const std::string& text, int64_t begin_ms, int64_t end_ms) {
  Segment segment;
  segment.begin = Ms(begin_ms);
  segment.end = Ms(end_ms);
  segment.text = text;
  segment.words = {{text, segment.begin, segment.end, 0.5F}};
  segment.tokens = {1, 2};
  segment.window = 3;
  return segment;
}

std::vector<Segment> Three() {
  return {MakeSegment(" one", 0, 1000), MakeSegment(" two", 1000, 2000),
          MakeSegment(" three", 2500, 3000)};
}

std::vector<std::string> Texts(const std::vector<Segment>& segments) {
  std::vector<std::string> texts;
  for (const Segment& segment : segments) texts.push_back(segment.text);
  return texts;
}

TEST(ApplyTest, ReplacesInsertsAndDeletes) {
  std::vector<Segment> segments = Three();
  Apply({{0, 1, {MakeSegment(" a", 0, 400), MakeSegment(" b", 400, 1000)}},
         {2, 0, {MakeSegment(" c", 2000, 2500)}},
         {2, 1, {}}},
        segments);
  EXPECT_THAT(Texts(segments), ElementsAre(" a", " b", " two", " c"));
}

TEST(ApplyTest, ChangesMustFit) {
  EXPECT_TRUE(CheckChanges(Changes{{0, 1, {}}, {1, 1, {}}, {3, 0, {}}}, 3));
  EXPECT_TRUE(CheckChanges(Changes{{0, 0, {}}, {0, 0, {}}}, 0));
  EXPECT_FALSE(CheckChanges(Changes{{0, 2, {}}, {1, 1, {}}}, 3));
  EXPECT_FALSE(CheckChanges(Changes{{1, 1, {}}, {0, 1, {}}}, 3));
  EXPECT_FALSE(CheckChanges(Changes{{2, 2, {}}}, 3));
  EXPECT_FALSE(CheckChanges(Changes{{4, 0, {}}}, 3));
  EXPECT_FALSE(CheckChanges(Changes{{SIZE_MAX, SIZE_MAX, {}}}, 3));
}

TEST(DifferenceTest, NamesWhatChangedAlone) {
  const std::vector<Segment> before = Three();
  std::vector<Segment> after = before;
  after[1] = MakeSegment(" zwei", 1000, 2000);
  const Changes changes = Difference(before, after);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0], (Change{1, 1, {after[1]}}));
  EXPECT_THAT(Difference(before, before), IsEmpty());
  EXPECT_EQ(Difference(before, {}), (Changes{{0, 3, {}}}));
  EXPECT_EQ(Difference({}, before), (Changes{{0, 0, before}}));
}

class RandomChanges {
 public:
  explicit RandomChanges(unsigned seed) : random_(seed) {}

  std::vector<Segment> Segments() {
    std::vector<Segment> segments;
    for (int64_t i = random_.Pick(0, 3); i > 0; --i) {
      for (Segment& segment : random_.Make().segments) segments.push_back(std::move(segment));
    }
    return segments;
  }

  Changes For(size_t count) {
    Changes changes;
    for (size_t first = Up(3); first <= count; first += Up(4)) {
      Change change{first, Up(std::min<size_t>(count - first, 3)), {}};
      if (random_.Chance(70)) change.segments = random_.Make().segments;
      first += change.count;
      changes.push_back(std::move(change));
    }
    return changes;
  }

 private:
  size_t Up(size_t max) { return static_cast<size_t>(random_.Pick(0, static_cast<int64_t>(max))); }

  RandomTranscripts random_;
};

class RevisionPropertyTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(RevisionPropertyTest, TheInverseTakesAChangeBack) {
  RandomChanges random(GetParam());
  std::vector<Segment> segments = random.Segments();
  std::vector<std::vector<Segment>> past;
  std::vector<Changes> undos;
  for (int step = 0; step < 5; ++step) {
    past.push_back(segments);
    const Changes changes = random.For(segments.size());
    ASSERT_TRUE(CheckChanges(changes, segments.size()));
    undos.push_back(Apply(changes, segments));
  }
  while (!undos.empty()) {
    ASSERT_TRUE(CheckChanges(undos.back(), segments.size()));
    Apply(undos.back(), segments);
    EXPECT_EQ(segments, past.back());
    undos.pop_back();
    past.pop_back();
  }
}

TEST_P(RevisionPropertyTest, TheDifferenceLeadsFromOneToTheOther) {
  RandomChanges random(GetParam());
  const std::vector<Segment> before = random.Segments();
  std::vector<Segment> after = before;
  Apply(random.For(after.size()), after);
  for (const auto& [from, to] :
       {std::pair(before, after), std::pair(after, before), std::pair(before, random.Segments())}) {
    std::vector<Segment> segments = from;
    const Changes changes = Difference(from, to);
    ASSERT_TRUE(CheckChanges(changes, from.size()));
    Apply(changes, segments);
    EXPECT_EQ(segments, to);
  }
}

TEST_P(RevisionPropertyTest, ChangesSurviveWritingAndReading) {
  RandomChanges random(GetParam());
  const SampleTime duration{3'000'000};
  const std::string written = RenderChanges(random.For(10), duration);
  const auto once = ReadChanges(written);
  ASSERT_TRUE(once) << once.error().message;
  EXPECT_EQ(RenderChanges(*once, duration), written);
  EXPECT_EQ(*ReadChanges(RenderChanges(*once, duration)), *once);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RevisionPropertyTest, ::testing::Range(0U, 200U));

// What a person writes in the place of the second of three.
class WriteDraftTest : public ::testing::Test {
 protected:
  WriteDraftTest() {
    place_.replaced = {MakeSegment(" two", 1000, 2000)};
    place_.before = MakeSegment(" one", 0, 1000);
    place_.after = MakeSegment(" three", 2500, 3000);
    place_.duration = Ms(3000);
  }

  std::vector<Segment> Write(const std::vector<SegmentDraft>& drafts) {
    const auto written = WriteDraft(place_, drafts);
    EXPECT_TRUE(written) << written.error().message;
    return written.value_or(std::vector<Segment>());
  }
  std::string Refusal(const std::vector<SegmentDraft>& drafts) {
    const auto written = WriteDraft(place_, drafts);
    return written ? "" : written.error().message;
  }

  DraftPlace place_;
};

TEST_F(WriteDraftTest, AnEditedSegmentSaysSo) {
  const std::vector<Segment> written = Write({{Ms(1000), Ms(2000), "zwei\nund  drei"}});
  ASSERT_THAT(written, SizeIs(1));
  EXPECT_EQ(written[0].text, " zwei und drei");
  EXPECT_TRUE(written[0].is_edited);
  EXPECT_THAT(written[0].tokens, IsEmpty());
  EXPECT_EQ(written[0].window, 3);
  EXPECT_THAT(written[0].words, SizeIs(3));
}

TEST_F(WriteDraftTest, WhatStaysIsNotEdited) {
  EXPECT_EQ(Write({{Ms(1000), Ms(2000), "two"}}), place_.replaced);
  EXPECT_EQ(Write({{Ms(1000), Ms(2000), "two"}, {Ms(2000), Ms(2100), "more"}})[0],
            place_.replaced[0]);
}

TEST_F(WriteDraftTest, WordsMoveWithTheirSegment) {
  const std::vector<Segment> written = Write({{Ms(1400), Ms(2400), "two"}});
  EXPECT_EQ(written[0].words[0], (Word{" two", Ms(1400), Ms(2400), 0.5F}));
  EXPECT_EQ(written[0].tokens, place_.replaced[0].tokens);
}

TEST_F(WriteDraftTest, ScriptsWithoutSpacesGetNone) {
  EXPECT_EQ(Write({{Ms(1000), Ms(2000), "日本"}})[0].text, "日本");
}

TEST_F(WriteDraftTest, GivenWordsArePlacedInTheText) {
  const std::vector<Word> words = {{"a", Ms(1000), Ms(1100), 0.25F}, {" b", Ms(1100), Ms(2000), 1}};
  const std::vector<Segment> written = Write({{Ms(1000), Ms(2000), "a b", words}});
  EXPECT_THAT(written[0].words, ElementsAre(Word{" a", Ms(1000), Ms(1100), 0.25F},
                                            Word{" b", Ms(1100), Ms(2000), 1}));
  EXPECT_THAT(Refusal({{Ms(1000), Ms(2000), "a c", words}}), HasSubstr("words[1].word"));
  EXPECT_THAT(Refusal({{Ms(1000), Ms(2000), "a b c", words}}), HasSubstr("before the text does"));
  EXPECT_THAT(Refusal({{Ms(1050), Ms(2000), "a b", words}}), HasSubstr("words[0]"));
}

TEST_F(WriteDraftTest, TimesMustBeInOrder) {
  EXPECT_THAT(Refusal({{Ms(1500), Ms(1500), "a"}}), HasSubstr("must be after the start"));
  EXPECT_THAT(Refusal({{Ms(900), Ms(1500), "a"}}), HasSubstr("segment before ends at 1"));
  EXPECT_THAT(Refusal({{Ms(1500), Ms(2600), "a"}}), HasSubstr("segment after begins at 2.5"));
  EXPECT_THAT(Refusal({{Ms(1000), Ms(1500), "a"}, {Ms(1400), Ms(1600), "b"}}),
              HasSubstr("segments[1]: start"));
  place_.after.reset();
  EXPECT_THAT(Refusal({{Ms(1500), Ms(3001), "a"}}), HasSubstr("the sound ends at 3"));
  EXPECT_EQ(Refusal({{Ms(1000), Ms(3000), "a"}}), "");
}

TEST_F(WriteDraftTest, ASegmentWithoutLengthMayStaySo) {
  place_.replaced = {MakeSegment(" two", 1500, 1500)};
  EXPECT_EQ(Refusal({{Ms(1500), Ms(1500), "a"}}), "");
}

TEST_F(WriteDraftTest, TextsMustBeTexts) {
  EXPECT_THAT(Refusal({{Ms(1000), Ms(2000), " \n"}}), HasSubstr("blank"));
  EXPECT_THAT(Refusal({{Ms(1000), Ms(2000), "a\x01"}}), HasSubstr("U+0001"));
  EXPECT_THAT(Refusal({{Ms(1000), Ms(2000), "a\xFF"}}), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal({{Ms(1000), Ms(2000), std::string(10'001, 'a')}}), HasSubstr("10001"));
  EXPECT_EQ(Refusal({{Ms(1000), Ms(2000), std::string(10'000, 'a')}}), "");
}

class DocumentTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(DocumentTest, IsCutAndJoinedAgain) {
  RandomTranscripts random(GetParam());
  const Transcript transcript = random.Make();
  for (const WordTimes words : {WordTimes::kOmit, WordTimes::kWrite}) {
    const std::string json = Render(transcript, Format::kJson, {}, words);
    const auto cut = CutDocument(json);
    ASSERT_TRUE(cut) << cut.error().message;
    ASSERT_EQ(cut->segments.size(), transcript.segments.size());
    const std::string list = JoinItems(cut->segments);
    EXPECT_EQ(std::string(cut->before) + list + std::string(cut->after), json);
    const auto segments = ReadSegments(list);
    ASSERT_TRUE(segments) << segments.error().message;
    EXPECT_EQ(*segments, ReadJson(json)->segments);
    // In any parts.
    const std::span<const std::string_view> items = cut->segments;
    const size_t half = items.size() / 2;
    const std::vector<std::string> lists = {JoinItems(items.first(half)), JoinItems({}),
                                            JoinItems(items.subspan(half))};
    EXPECT_EQ(JoinLists(lists), list);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DocumentTest, ::testing::Range(0U, 60U));

TEST(DocumentCutTest, OtherDocumentsAreRefused) {
  EXPECT_FALSE(CutDocument(""));
  EXPECT_FALSE(CutDocument("{\"segments\":[]}"));
  EXPECT_FALSE(CutDocument("{\n  \"segments\": [{}]\n}"));
}

}  // namespace
}  // namespace verbatim::transcript
