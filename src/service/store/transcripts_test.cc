#include "store/transcripts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TranscriptsTest : public ::testing::Test, protected TestDatabase {
 protected:
  void Put(const std::string& job, const std::vector<std::string>& texts) {
    const Result<void> put =
        Write(PutTranscript, job, "{\"job\":\"" + job + "\"}", MakeTranscript(texts));
    ASSERT_TRUE(put) << put.error().message;
  }
  SearchResult Find(const SearchQuery& query) {
    Result<SearchResult> result = Read(Search, query);
    EXPECT_TRUE(result) << result.error().message;
    return *result;
  }
  // The numbers of the segments of one job, in order.
  std::vector<int64_t> Segments(const std::string& text) {
    std::vector<int64_t> segments;
    for (const SearchHit& hit : Find({.text = text}).hits) segments.push_back(hit.segment);
    std::ranges::sort(segments);
    return segments;
  }
};

TEST_F(TranscriptsTest, IsStoredAndReplaced) {
  AddJob("a");
  EXPECT_FALSE(*Read(FindTranscript, "a"));
  Put("a", {"first words"});
  EXPECT_EQ(**Read(FindTranscript, "a"), R"({"job":"a"})");
  ASSERT_TRUE(Write(PutTranscript, "a", "new", MakeTranscript({"other words"})));
  EXPECT_EQ(**Read(FindTranscript, "a"), "new");
  EXPECT_EQ(Find({.text = "first"}).total, 0);
  EXPECT_EQ(Find({.text = "words"}).total, 1);
  EXPECT_EQ(CodeOfFailure(Write(PutTranscript, "none", "{}", MakeTranscript({}))),
            ErrorCode::kNotFound);
}

TEST_F(TranscriptsTest, AHitSaysWhereItIs) {
  AddJob("a", "talk \"one\".mp4");
  Put("a", {" Good morning.", " Ask not what your country can do for you, ask."});
  const SearchResult found = Find({.text = "ask COUNTRY"});
  EXPECT_EQ(found.total, 1);
  ASSERT_EQ(found.hits.size(), 1u);
  EXPECT_EQ(found.hits[0].job, "a");
  EXPECT_EQ(found.hits[0].filename, "talk \"one\".mp4");
  EXPECT_EQ(found.hits[0].segment, 1);
  EXPECT_EQ(found.hits[0].begin_ms, 1000);
  EXPECT_EQ(found.hits[0].end_ms, 1500);
  EXPECT_THAT(found.hits[0].pieces, ElementsAre("", "Ask", " not what your ", "country",
                                                " can do for you, ", "ask", "."));
}

TEST_F(TranscriptsTest, WordsPhrasesAndPrefixes) {
  AddJob("a");
  Put("a", {"the quick brown fox", "a brown quick dog", "Zoë naïvely quickens", "C++ and R&D"});
  EXPECT_THAT(Segments("quick"), ElementsAre(0, 1));
  EXPECT_THAT(Segments("quick*"), ElementsAre(0, 1, 2));
  EXPECT_THAT(Segments("\"quick brown\""), ElementsAre(0));
  EXPECT_THAT(Segments("\"brown qui\"*"), ElementsAre(1));
  EXPECT_THAT(Segments("\"quick bro"), IsEmpty()) << "an open phrase goes to the end";
  EXPECT_THAT(Segments("\"quick brown"), ElementsAre(0));
  EXPECT_THAT(Segments("zoe NAIVELY"), ElementsAre(2)) << "without accents and case";
  EXPECT_THAT(Segments("quick fox dog"), IsEmpty()) << "all words must occur";
  EXPECT_THAT(Segments("quick AND fox"), IsEmpty()) << "no operators";
  EXPECT_THAT(Segments("text:quick"), IsEmpty()) << "no columns";
  EXPECT_THAT(Segments("c++"), ElementsAre(3));
  EXPECT_THAT(Segments("r&d"), ElementsAre(3));
  EXPECT_THAT(Segments("quick -- !"), ElementsAre(0, 1)) << "signs alone are no condition";
  for (const char* empty : {"", " ", "*", "\"", "\"\"", "\"\"*", "-", "^", "()", "\"*"}) {
    EXPECT_EQ(Find({.text = empty}).total, 0) << empty;
  }
}

TEST_F(TranscriptsTest, AnyPartOfASentenceWithoutSpacesIsFound) {
  AddJob("a");
  Put("a", {"東京都に住んでいます。", "京都で働くJohn", "สวัสดีครับ"});
  EXPECT_THAT(Segments("京都"), ElementsAre(0, 1));
  EXPECT_THAT(Segments("東京 住んで"), ElementsAre(0));
  EXPECT_THAT(Segments("京東"), IsEmpty()) << "the order counts";
  EXPECT_THAT(Segments("john"), ElementsAre(1));
  EXPECT_THAT(Segments("ครับ"), ElementsAre(2));
  EXPECT_THAT(Find({.text = "京都 john"}).hits.at(0).pieces,
              ElementsAre("", "京都", "で働く", "John"));
}

TEST_F(TranscriptsTest, TheBestComeFirstPageByPage) {
  AddJob("a");
  AddJob("b");
  std::vector<std::string> texts(30, "a long segment that names whales among many other things");
  texts.emplace_back("whales");
  Put("a", texts);
  Put("b", {"whales here too"});
  const SearchResult first = Find({.text = "whales", .count = 3});
  EXPECT_EQ(first.total, 32);
  ASSERT_EQ(first.hits.size(), 3u);
  EXPECT_EQ(first.hits[0].segment, 30) << "the shortest says most about whales";
  EXPECT_EQ(first.hits[1].job, "b");

  std::set<std::pair<std::string, int64_t>> seen;
  for (size_t offset = 0; offset < 32; offset += 5) {
    for (const SearchHit& hit : Find({.text = "whales", .offset = offset, .count = 5}).hits) {
      EXPECT_TRUE(seen.emplace(hit.job, hit.segment).second);
    }
  }
  EXPECT_EQ(seen.size(), 32u);
  EXPECT_EQ(Find({.text = "whales", .job = "b"}).total, 1);
  EXPECT_EQ(Find({.text = "whales", .job = "b"}).hits.size(), 1u);
  EXPECT_EQ(Find({.text = "whales", .job = "none"}).total, 0);
  EXPECT_THAT(Find({.text = "whales", .offset = 100}).hits, IsEmpty());
}

TEST_F(TranscriptsTest, DeletedAndEphemeralOnesAreNotFound) {
  AddJob("a");
  Put("a", {"a secret"});
  EXPECT_EQ(Find({.text = "secret"}).total, 1);
  ASSERT_TRUE(Write(DeleteJob, "a"));
  EXPECT_EQ(Find({.text = "secret"}).total, 0);

  Job hidden = MakeJob("b", "upload_a");
  hidden.is_ephemeral = true;
  ASSERT_TRUE(Write(InsertJob, hidden));
  Put("b", {"a secret"});
  EXPECT_TRUE(*Read(FindTranscript, "b"));
  EXPECT_EQ(Find({.text = "secret"}).total, 0);
  EXPECT_TRUE(database_->Write([](Connection& c) -> Result<void> { return DeleteJob(c, "b"); }));
}

TEST_F(TranscriptsTest, TextsWithOurMarksKeepTheirPieces) {
  AddJob("a");
  Put("a", {"one \xEF\xB7\x90two\xEF\xB7\x91 three", std::string("x\0y", 3)});
  EXPECT_THAT(Find({.text = "two"}).hits.at(0).pieces, ElementsAre("one ", "two", " three"));
  EXPECT_THAT(Find({.text = "y"}).hits.at(0).pieces, ElementsAre("x ", "y"));
}

// Any bytes: not one is an error, and what is found has the text of a segment.
TEST_F(TranscriptsTest, AnyBytesAreAQuery) {
  const std::vector<std::string> texts = {"the quick brown fox", "\"AND\" OR (NOT) * ^ NEAR -x:y",
                                          "Zoë 日本語 naïve"};
  AddJob("a");
  Put("a", texts);
  const unsigned seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> parts = {"\"",
                                          "\"\"",
                                          "*",
                                          "AND",
                                          "OR",
                                          "NOT",
                                          "NEAR(",
                                          ")",
                                          "(",
                                          "^",
                                          ":",
                                          "-",
                                          "+",
                                          "{",
                                          "}",
                                          "'",
                                          "quick",
                                          "fox",
                                          " ",
                                          "\t",
                                          "\\",
                                          "%",
                                          "日",
                                          "\xff",
                                          "\xc3",
                                          "\xf0\x9f",
                                          ",",
                                          "text",
                                          "rank",
                                          std::string(1, '\0'),
                                          "\xEF\xB7\x90",
                                          "a*b",
                                          "--",
                                          "/*",
                                          ";",
                                          "\n"};
  for (int round = 0; round < 3000; ++round) {
    std::string query;
    for (auto i = random() % 12; i > 0; --i) {
      query += random() % 4 == 0 ? std::string(1, static_cast<char>(random()))
                                 : parts[random() % parts.size()];
    }
    Result<SearchResult> found = Read(Search, SearchQuery{.text = query});
    ASSERT_TRUE(found) << "seed " << seed << ": " << query << ": " << found.error().message;
    for (const SearchHit& hit : found->hits) {
      std::string joined;
      for (const std::string& piece : hit.pieces) joined += piece;
      EXPECT_EQ(joined, texts[static_cast<size_t>(hit.segment)]);
    }
  }
}

TEST_F(TranscriptsTest, LongQueriesAreQueries) {
  AddJob("a");
  Put("a", {"word"});
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "word \"";
  EXPECT_TRUE(Read(Search, SearchQuery{.text = many}));
  EXPECT_EQ(Find({.text = std::string(1'000'000, 'w')}).total, 0);
  std::string repeated;
  for (int i = 0; i < 1000; ++i) repeated += "word ";
  EXPECT_EQ(Find({.text = repeated}).total, 1);
}

}  // namespace
}  // namespace verbatim::store
