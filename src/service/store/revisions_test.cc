#include "store/revisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "store/test_database.h"
#include "transcript/test_transcripts.h"
#include "transcript/writers.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using transcript::Changes;
using transcript::RandomTranscripts;
using transcript::Segment;
using transcript::Transcript;

constexpr SampleTime kDuration{3600 * kSampleRate};

Transcript Numbered(size_t count) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) texts.push_back(" word" + std::to_string(i));
  Transcript transcript = MakeTranscript(texts);
  for (Segment& segment : transcript.segments) {
    segment.words = {{segment.text, segment.begin, segment.end, 0.5F}};
  }
  transcript.duration = kDuration;
  return transcript;
}

std::string Json(const Transcript& transcript) {
  return transcript::Render(transcript, transcript::Format::kJson, {},
                            transcript::WordTimes::kWrite);
}

class RevisionsTest : public ::testing::Test, protected TestDatabase {
 protected:
  // A job with a transcript.
  void Put(const std::string& id, const Transcript& transcript) {
    Job job = AddJob(id);
    job.duration_ms = ToMilliseconds(kDuration);
    job.state = JobState::kCompleted;
    ASSERT_TRUE(Write(UpdateJob, job));
    ASSERT_TRUE(Write(PutTranscript, id, Json(transcript), transcript));
  }

  Result<int64_t> Change(const std::string& id, const Changes& changes,
                         const std::string& summary = "") {
    return database_->Write([&](Connection& connection) -> Result<int64_t> {
      EditedTranscript edited = TRY(EditedTranscript::Open(connection, id));
      Revision revision;
      revision.time_ms = 5000;
      revision.summary = summary;
      return edited.AddRevision(changes, revision);
    });
  }

  std::optional<Transcript> At(const std::string& id, std::optional<int64_t> number) {
    const auto stored = Read(FindRevision, id, number);
    EXPECT_TRUE(stored) << stored.error().message;
    if (!stored || !*stored) return std::nullopt;
    Result<Transcript> read = ReadRevision(**stored);
    EXPECT_TRUE(read) << read.error().message;
    return *std::move(read);
  }

  // What the search has of a job, and that every number is there once.
  std::vector<std::string> Indexed(const std::string& id) {
    std::map<int64_t, std::string> texts;
    const auto found = database_->Read(
        [&](Connection& c) { return Search(c, {.text = "word*", .job = id, .count = 100'000}); });
    EXPECT_TRUE(found);
    for (const SearchHit& hit : found->hits) {
      std::string text;
      for (const std::string& piece : hit.pieces) text += piece;
      EXPECT_TRUE(texts.emplace(hit.segment, text).second);
    }
    std::vector<std::string> result;
    for (const auto& [number, text] : texts) {
      EXPECT_EQ(number, static_cast<int64_t>(result.size()));
      result.push_back(text);
    }
    return result;
  }
};

Segment Named(const std::string& text) {
  Segment segment;
  segment.text = " " + text;
  return segment;
}

TEST_F(RevisionsTest, EachChangeMakesTheNextRevision) {
  Put("a", Numbered(3));
  EXPECT_EQ(*Read(NewestRevision, "a"), 0);
  EXPECT_EQ(*Change("a", {{1, 1, {Named("wordy")}}}, "one"), 1);
  EXPECT_EQ(*Change("a", {{0, 1, {}}, {3, 0, {Named("words"), Named("worded")}}}, "two"), 2);
  EXPECT_EQ(*Read(NewestRevision, "a"), 2);
  EXPECT_THAT(Indexed("a"), ElementsAre("wordy", "word2", "words", "worded"));
  EXPECT_EQ(transcript::PlainText(*At("a", std::nullopt)), "wordy word2 words worded");
  EXPECT_EQ(transcript::PlainText(*At("a", 1)), "word0 wordy word2");
  EXPECT_EQ(transcript::PlainText(*At("a", 0)), "word0 word1 word2");
  EXPECT_FALSE(At("a", 3));

  const auto revisions = Read(Revisions, "a", INT64_MAX, size_t{10});
  ASSERT_THAT(*revisions, SizeIs(2));
  EXPECT_EQ(revisions->at(0).summary, "two");
  EXPECT_EQ(revisions->at(0).segments_changed, 3);
  EXPECT_EQ(revisions->at(1).number, 1);
  EXPECT_EQ(revisions->at(1).time_ms, 5000);
  EXPECT_THAT(*Read(Revisions, "a", int64_t{2}, size_t{10}), SizeIs(1));
}

TEST_F(RevisionsTest, WithoutATranscriptThereIsNone) {
  AddJob("a");
  EXPECT_FALSE(*Read(NewestRevision, "a"));
  EXPECT_FALSE(*Read(FindRevision, "a", std::optional<int64_t>()));
  EXPECT_EQ(CodeOfFailure(Change("a", {})), ErrorCode::kNotFound);
}

TEST_F(RevisionsTest, WhatIsNotKeptIsNotEdited) {
  Put("a", Numbered(1));
  Job job = **Read(FindJob, "a");
  job.is_ephemeral = true;
  ASSERT_TRUE(Write(UpdateJob, job));
  EXPECT_EQ(CodeOfFailure(Change("a", {{0, 1, {}}})), ErrorCode::kConflict);
}

TEST_F(RevisionsTest, AnEmptyTranscriptCanBeWritten) {
  Put("a", Numbered(0));
  EXPECT_EQ(*Change("a", {{0, 0, {Named("word")}}}), 1);
  EXPECT_THAT(Indexed("a"), ElementsAre("word"));
  EXPECT_EQ(*Change("a", {{0, 1, {}}}), 2);
  EXPECT_EQ(transcript::PlainText(*At("a", std::nullopt)), "");
  EXPECT_EQ(*Change("a", {{0, 0, {Named("words")}}}), 3);
  EXPECT_EQ(transcript::PlainText(*At("a", std::nullopt)), "words");
}

TEST_F(RevisionsTest, ANewTranscriptDropsTheOldOnesRevisions) {
  Put("a", Numbered(2));
  ASSERT_TRUE(Change("a", {{0, 1, {}}}));
  ASSERT_TRUE(Write(PutTranscript, "a", Json(Numbered(1)), Numbered(1)));
  EXPECT_EQ(*Read(NewestRevision, "a"), 0);
  EXPECT_EQ(transcript::PlainText(*At("a", std::nullopt)), "word0");
}

TEST_F(RevisionsTest, DeletedJobsTakeTheirRevisionsAlong) {
  Put("a", Numbered(200));
  ASSERT_TRUE(Change("a", {{0, 1, {Named("wordy")}}}));
  ASSERT_TRUE(Write(DeleteJob, "a"));
  ASSERT_TRUE(Write(DeleteUpload, "upload_a"));
  EXPECT_THAT(*Read(Revisions, "a", INT64_MAX, size_t{10}), IsEmpty());
  EXPECT_THAT(Indexed("a"), IsEmpty());
  // The table of parts would hand out the old ones.
  Put("a", Numbered(1));
  EXPECT_EQ(transcript::PlainText(*At("a", std::nullopt)), "word0");
}

TEST_F(RevisionsTest, TheNewestAreKeptAndTheFirst) {
  Put("a", Numbered(1));
  for (int64_t i = 1; i <= kRevisionsKept + 2; ++i) {
    ASSERT_EQ(*Change("a", {{0, 1, {Named("word" + std::to_string(i))}}}), i);
  }
  EXPECT_THAT(*Read(Revisions, "a", INT64_MAX, size_t{10'000}), SizeIs(kRevisionsKept));
  EXPECT_EQ(transcript::PlainText(*At("a", 0)), "word0");
  EXPECT_FALSE(At("a", 1));
  EXPECT_EQ(transcript::PlainText(*At("a", 2)), "word2");
  EXPECT_EQ(transcript::PlainText(*At("a", 500)), "word500");
}

TEST_F(RevisionsTest, ManySegmentsAtOnceAreDivided) {
  Put("a", Numbered(70));
  std::vector<Segment> many;
  for (int i = 0; i < 1000; ++i) many.push_back(Named("wordy" + std::to_string(i)));
  ASSERT_TRUE(Change("a", {{69, 0, many}}));
  ASSERT_TRUE(Change("a", {{68, 1002, {Named("words")}}}));
  EXPECT_EQ(At("a", std::nullopt)->segments.size(), 69U);
  EXPECT_EQ(At("a", 1)->segments.size(), 1070U);
  EXPECT_THAT(Indexed("a"), SizeIs(69));
}

// Random changes, over the borders of parts too, beside a plain list.
class RevisionsPropertyTest : public RevisionsTest,
                              public ::testing::WithParamInterface<unsigned> {};

TEST_P(RevisionsPropertyTest, EveryRevisionComesBack) {
  RandomTranscripts random(GetParam());
  const Transcript original = Numbered(static_cast<size_t>(random.Pick(0, 300)));
  Put("a", original);
  std::vector<std::vector<Segment>> past = {original.segments};
  int name = 0;
  for (int step = 0; step < 8; ++step) {
    std::vector<Segment> now = past.back();
    Changes changes;
    for (size_t first = static_cast<size_t>(random.Pick(0, 100)); first <= now.size();
         first += static_cast<size_t>(random.Pick(0, 150))) {
      const auto left = static_cast<int64_t>(now.size() - first);
      transcript::Change change{first, 0, {}};
      change.count = static_cast<size_t>(random.Pick(0, random.Chance(80) ? 3 : 200));
      change.count = std::min(change.count, static_cast<size_t>(left));
      for (int64_t i = random.Pick(0, random.Chance(90) ? 3 : 400); i > 0; --i) {
        change.segments.push_back(Named("wordy" + std::to_string(++name)));
      }
      first += change.count;
      changes.push_back(std::move(change));
    }
    ASSERT_EQ(*Change("a", changes), step + 1);
    transcript::Apply(changes, now);
    past.push_back(std::move(now));
    ASSERT_EQ(At("a", std::nullopt)->segments, past.back());
  }
  for (size_t i = 0; i < past.size(); ++i) {
    EXPECT_EQ(At("a", static_cast<int64_t>(i))->segments, past[i]) << i;
  }
  std::vector<std::string> texts;
  for (const Segment& segment : past.back()) texts.push_back(segment.text.substr(1));
  EXPECT_EQ(Indexed("a"), texts);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RevisionsPropertyTest, ::testing::Range(0U, 25U));

}  // namespace
}  // namespace verbatim::store
