#include "editing/editing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/events.h"
#include "store/test_database.h"
#include "transcript/test_transcripts.h"
#include "transcript/writers.h"

namespace verbatim::editing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using transcript::Segment;
using transcript::SegmentDraft;
using transcript::Transcript;

constexpr SampleTime Ms(int64_t milliseconds) { return std::chrono::milliseconds(milliseconds); }

// A job whose segments last a second each, without pauses.
class EditingTest : public ::testing::Test, protected store::TestDatabase {
 protected:
  static constexpr int64_t kSegments = 150;

  EditingTest() {
    Transcript spoken;
    spoken.duration = Ms(kSegments * 1000);
    for (int64_t i = 0; i < kSegments; ++i) {
      Segment segment;
      segment.begin = Ms(i * 1000);
      segment.end = Ms(i * 1000 + 1000);
      segment.text = " word" + std::to_string(i);
      segment.words = {{segment.text, segment.begin, segment.end, 0.5F}};
      spoken.segments.push_back(std::move(segment));
    }
    store::Job job = AddJob("a");
    job.duration_ms = kSegments * 1000;
    CHECK(Write(store::UpdateJob, job));
    const std::string json =
        transcript::Render(spoken, transcript::Format::kJson, {}, transcript::WordTimes::kWrite);
    CHECK(Write(store::PutTranscript, "a", json, spoken));
  }

  Result<Outcome> Change(int64_t revision, std::vector<transcript::ChangeDraft> changes) {
    return Editor(*database_, clock_).Change({"a", revision}, {std::move(changes), "why"});
  }
  std::string Refusal(std::vector<transcript::ChangeDraft> changes) {
    const Result<Outcome> outcome = Change(0, std::move(changes));
    return outcome ? "" : outcome.error().message;
  }
  std::vector<Segment> Segments(std::optional<int64_t> revision = std::nullopt) {
    const auto stored = Read(store::FindRevision, "a", revision);
    CHECK(stored && *stored);
    return store::ReadRevision(**stored)->segments;
  }

  SystemClock clock_;
};

SegmentDraft Draft(int64_t begin_ms, int64_t end_ms, const std::string& text) {
  return {Ms(begin_ms), Ms(end_ms), text};
}

TEST_F(EditingTest, AChangeIsStoredToldAndAnswered) {
  const Result<Outcome> outcome = Change(0, {{1, 1, {Draft(1000, 2000, "word1 more")}}});
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->revision, 1);
  ASSERT_THAT(outcome->changes, SizeIs(1));
  EXPECT_EQ(outcome->changes[0].segments, (std::vector<Segment>{Segments()[1]}));
  EXPECT_EQ(Segments()[1].words[1].text, " more");
  const auto events = Read(store::EventsAfter, int64_t{0}, size_t{10}, std::string("a"));
  EXPECT_EQ(events->back().type, "transcript.changed");
  EXPECT_EQ(Read(store::Revisions, "a", INT64_MAX, size_t{9})->at(0).summary, "why");
}

TEST_F(EditingTest, WhatBuildsOnAnotherRevisionChangesNothing) {
  const Result<Outcome> outcome = Change(3, {{1, 1, {}}});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->is_stale);
  EXPECT_EQ(outcome->revision, 0);
  EXPECT_EQ(Read(store::EventsKept)->newest, 0);
  EXPECT_EQ(Segments(), Segments(0));
}

TEST_F(EditingTest, OfTwoThatBuildOnOneRevisionOneWins) {
  constexpr int kClients = 8;
  std::atomic<int> accepted = 0;
  std::atomic<int> stale = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        const auto outcome = Change(0, {{1, 1, {Draft(1000, 2000, "client" + std::to_string(i))}}});
        if (outcome && outcome->is_stale) ++stale;
        if (outcome && !outcome->is_stale) ++accepted;
      });
    }
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(stale, kClients - 1);
  EXPECT_THAT(*Read(store::Revisions, "a", INT64_MAX, size_t{9}), SizeIs(1));
}

TEST_F(EditingTest, NeighboursThatAreChangedTooCountAsTheyBecome) {
  // The border between two segments moves; neither would fit alone.
  ASSERT_EQ(Refusal({{0, 1, {Draft(0, 1500, "a")}}, {1, 1, {Draft(1500, 2000, "b")}}}), "");
  EXPECT_EQ(Segments()[0].end, Ms(1500));
}

TEST_F(EditingTest, ChangesMustFitTogether) {
  EXPECT_THAT(Refusal({{0, 1, {Draft(0, 1500, "a")}}, {1, 1, {Draft(1400, 2000, "b")}}}),
              HasSubstr("changes[1]: segments[0]: start: it is 1.4"));
  EXPECT_THAT(Refusal({{0, 1, {Draft(0, 1500, "a")}}}), HasSubstr("the segment after begins at 1"));
  // What lies behind a deleted neighbour counts, not the neighbour.
  EXPECT_THAT(Refusal({{0, 1, {Draft(0, 2001, "a")}}, {1, 1, {}}}),
              HasSubstr("the segment after begins at 2"));
  EXPECT_EQ(Segments(), Segments(0));
  EXPECT_EQ(Refusal({{0, 1, {Draft(0, 2000, "a")}}, {1, 1, {}}}), "");
}

TEST_F(EditingTest, RestoringIsAChangeLikeAnyOther) {
  const std::vector<Segment> original = Segments();
  ASSERT_TRUE(Change(0, {{2, 1, {}}, {140, 1, {Draft(140'000, 140'500, "x")}}}));
  const std::vector<Segment> edited = Segments();
  Editor editor(*database_, clock_);
  EXPECT_EQ(editor.Restore({"a", 1}, 0)->revision, 2);
  EXPECT_EQ(Segments(), original);
  EXPECT_EQ(editor.Restore({"a", 2}, 1)->revision, 3);
  EXPECT_EQ(Segments(), edited);
  EXPECT_TRUE(editor.Restore({"a", 2}, 1)->is_stale);
  EXPECT_EQ(editor.Restore({"a", 3}, 7).error().code, ErrorCode::kNotFound);
  // Only what differs: one segment inserted, one replaced.
  EXPECT_EQ(Read(store::Revisions, "a", INT64_MAX, size_t{9})->at(0).segments_changed, 2);
  EXPECT_EQ(Read(store::Revisions, "a", INT64_MAX, size_t{9})->at(0).summary,
            "revision 1 restored");
}

// Sequences of changes and restorations, beside a plain list of what each revision was.
class EditingPropertyTest : public EditingTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(EditingPropertyTest, EveryRevisionStaysWhatItWas) {
  transcript::RandomTranscripts random(GetParam());
  std::vector<std::vector<Segment>> past = {Segments()};
  Editor editor(*database_, clock_);
  for (int step = 0; step < 12; ++step) {
    const auto newest = static_cast<int64_t>(past.size()) - 1;
    const std::vector<Segment>& now = past.back();
    if (random.Chance(20)) {
      const int64_t to = random.Pick(0, newest);
      ASSERT_EQ(editor.Restore({"a", newest}, to)->revision, newest + 1);
      EXPECT_EQ(Segments(), past[static_cast<size_t>(to)]);
    } else {
      std::vector<transcript::ChangeDraft> drafts;
      for (size_t i = static_cast<size_t>(random.Pick(0, 5)); i < now.size();
           i += static_cast<size_t>(random.Pick(1, 60))) {
        transcript::ChangeDraft draft{i, 1, {}};
        const SampleTime middle = Ms(ToMilliseconds((now[i].begin + now[i].end) / 2));
        if (random.Chance(60) || middle <= now[i].begin || middle >= now[i].end) {
          draft.segments = {{now[i].begin, now[i].end, "word three"}};
        } else if (random.Chance(60)) {
          draft.segments = {{now[i].begin, middle, "erst 語"}, {middle, now[i].end, "語 dann"}};
        }
        drafts.push_back(std::move(draft));
      }
      if (drafts.empty()) continue;
      const Result<Outcome> outcome = Change(newest, drafts);
      ASSERT_TRUE(outcome) << outcome.error().message;
      ASSERT_EQ(outcome->revision, newest + 1);
      std::vector<Segment> expected = now;
      transcript::Apply(outcome->changes, expected);
      EXPECT_EQ(Segments(), expected);
    }
    past.push_back(Segments());
  }
  for (size_t i = 0; i < past.size(); ++i) EXPECT_EQ(Segments(static_cast<int64_t>(i)), past[i]);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EditingPropertyTest, ::testing::Range(0U, 20U));

}  // namespace
}  // namespace verbatim::editing
