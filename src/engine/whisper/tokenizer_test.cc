#include "whisper/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "tests/models.h"
#include "tests/tiny_tokenizer.h"

namespace verbatim::whisper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::TinyTokenizer;
using tests::TinyTokenizerJson;

Tokenizer OpenTiny(const TinyTokenizer& tiny = {}) {
  auto tokenizer = Tokenizer::Parse(TinyTokenizerJson(tiny));
  EXPECT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  return std::move(*tokenizer);
}

void ExpectCorrupt(std::string_view json, std::string_view because) {
  const auto tokenizer = Tokenizer::Parse(json);
  ASSERT_FALSE(tokenizer.has_value()) << json.substr(0, 200);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kCorruptModel);
  EXPECT_THAT(tokenizer.error().message, HasSubstr(std::string(because)));
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// Whatever bytes: pieces of several languages, broken characters among them.
std::string RandomBytes(std::mt19937& random) {
  static constexpr std::string_view kParts[] = {"a",    "b",    "c",        " ",    "  ", "ab",
                                                "\n",   "'s",   "7",        "ä",    "漢", "😀",
                                                "\xE6", "\xBC", "\xF0\x9F", "\xFF", "!"};
  std::string bytes;
  for (size_t count = random() % 30; count > 0; --count) {
    bytes += kParts[random() % std::size(kParts)];
  }
  return bytes;
}

TEST(TokenizerTest, MergesByRankThenFromTheLeft) {
  const Tokenizer tokenizer = OpenTiny();
  EXPECT_THAT(tokenizer.Encode("abc"), ElementsAre(258));
  EXPECT_THAT(tokenizer.Encode("abcd"), ElementsAre(258, 'd'));  // "ab c" stands before "c d"
  EXPECT_THAT(tokenizer.Encode(" ab"), ElementsAre(260));
  EXPECT_THAT(tokenizer.Encode("!!!"), ElementsAre(262, '!'));
  EXPECT_THAT(tokenizer.Encode("ä"), ElementsAre(261));
  EXPECT_THAT(tokenizer.Encode(""), ElementsAre());
}

TEST(TokenizerTest, MergesMayBePairs) {
  const Tokenizer tokenizer = OpenTiny({.merges_are_pairs = true});
  EXPECT_THAT(tokenizer.Encode("abcd abc!!"), ElementsAre(258, 'd', ' ', 258, 262));
}

TEST(TokenizerTest, MergesDoNotCrossPieces) {
  const Tokenizer tokenizer = OpenTiny();
  // Three spaces before a word: the last one belongs to the word.
  EXPECT_THAT(tokenizer.Encode("   a"), ElementsAre(' ', ' ', 257));
}

TEST(TokenizerTest, SpecialTokensAreFoundByName) {
  const Tokenizer tokenizer = OpenTiny();
  const SpecialTokens& special = tokenizer.special();
  EXPECT_EQ(special.end_of_text, 263);
  EXPECT_EQ(special.start_of_transcript, 264);
  EXPECT_EQ(special.translate, 268);
  EXPECT_EQ(special.transcribe, 269);
  EXPECT_EQ(special.start_of_previous, 271);
  EXPECT_EQ(special.no_speech, 272);
  EXPECT_EQ(special.no_timestamps, 273);
  EXPECT_EQ(special.timestamp_begin, 274);
  EXPECT_EQ(tokenizer.size(), 274 + 1501);
  EXPECT_TRUE(tokenizer.is_multilingual());
}

TEST(TokenizerTest, TimestampsMayBeListed) {
  TinyTokenizer tiny;
  tiny.specials.insert(tiny.specials.end(), {"<|nocaptions|>", "<|0.00|>", "<|0.02|>"});
  const Tokenizer tokenizer = OpenTiny(tiny);
  EXPECT_EQ(tokenizer.special().no_speech, 272);
  EXPECT_EQ(tokenizer.special().timestamp_begin, 275);
  EXPECT_EQ(tokenizer.size(), 275 + 1501);
}

TEST(TokenizerTest, LanguagesByCodeAndToken) {
  const Tokenizer tokenizer = OpenTiny();
  EXPECT_THAT(tokenizer.language_tokens(), ElementsAre(265, 266, 267));
  EXPECT_EQ(tokenizer.LanguageToken("en"), 265);
  EXPECT_EQ(tokenizer.LanguageToken("he"), 266) << "<|iw|> is the older code";
  EXPECT_EQ(tokenizer.LanguageCode(267), "ja");
  EXPECT_EQ(tokenizer.LanguageToken("de"), std::nullopt);
  EXPECT_EQ(tokenizer.LanguageCode(268), std::nullopt) << "<|translate|> is no language";
}

TEST(TokenizerTest, DecodeJoinsCharactersAndShowsBrokenOnes) {
  const Tokenizer tokenizer = OpenTiny();
  const auto decode = [&](std::vector<int32_t> tokens) { return tokenizer.Decode(tokens); };
  EXPECT_EQ(decode({0xE6, 0xBC, 0xA2}), "漢");
  EXPECT_EQ(decode({0xE6, 0xBC, 'a'}), "\uFFFDa");
  EXPECT_EQ(decode({0xBC, 0xA2}), "\uFFFD\uFFFD");
  EXPECT_EQ(decode({0xED, 0xA0, 0x80}), "\uFFFD\uFFFD\uFFFD") << "a surrogate is no character";
  EXPECT_EQ(decode({263, 256, 265, 1000, 'c', -1, 1 << 30}), "abc") << "only text tokens count";
  EXPECT_EQ(tokenizer.TokenBytes(257), " a");
  EXPECT_EQ(tokenizer.TokenBytes(0xE6), "\xE6");
  EXPECT_EQ(tokenizer.TokenBytes(263), "");
}

TEST(TokenizerTest, RandomTextComesBack) {
  const Tokenizer tokenizer = OpenTiny();
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = RandomBytes(random);
    const std::vector<int32_t> once = tokenizer.Encode(bytes);
    const std::string text = tokenizer.Decode(once);
    EXPECT_EQ(tokenizer.Encode(text), once);
    for (const int32_t token : once) EXPECT_LT(token, tokenizer.special().end_of_text);
    if (text.find("\uFFFD") == std::string::npos) {
      EXPECT_EQ(text, bytes);
    }
  }
}

// Merging pair by pair over the whole piece would need some 10^11 steps here.
TEST(TokenizerTest, LongPiecesTakeNoQuadraticTime) {
  const Tokenizer tokenizer = OpenTiny();
  const size_t count = 500'000;
  EXPECT_EQ(tokenizer.Encode(std::string(count, '!')).size(), count / 2);
  EXPECT_EQ(tokenizer.Encode(std::string(count, ' ') + "x").size(), count + 1);
  std::string alternating;
  for (size_t i = 0; i < count; ++i) alternating += "ab";
  EXPECT_EQ(tokenizer.Encode(alternating).size(), count);
}

TEST(TokenizerTest, WordsOfARunCoverItOnce) {
  const Tokenizer tokenizer = OpenTiny();
  std::mt19937 random(6);
  for (int round = 0; round < 3000; ++round) {
    std::vector<int32_t> tokens(random() % 20);
    for (int32_t& token : tokens) token = static_cast<int32_t>(random() % 264);
    const std::string all = tokenizer.Decode(tokens);
    for (const std::string_view language : {"en", "ja"}) {
      size_t next = 0;
      std::string joined;
      for (const WordTokens& word : tokenizer.SplitWords(tokens, language)) {
        EXPECT_EQ(word.begin, next);
        EXPECT_LT(word.begin, word.end);
        next = word.end;
        joined += word.text;
      }
      EXPECT_EQ(next, tokens.size());
      EXPECT_EQ(joined, all);
    }
  }
}

TEST(TokenizerTest, RefusesWhatIsNoTokenizer) {
  ExpectCorrupt("", "not JSON");
  ExpectCorrupt("{", "not JSON");
  ExpectCorrupt(std::string(100'000, '['), "not JSON");
  ExpectCorrupt("[]", "no vocabulary");
  ExpectCorrupt("{\"model\":{}}", "no vocabulary");
  ExpectCorrupt("{\"model\":{\"vocab\":[1]}}", "no vocabulary");
  ExpectCorrupt("{\"model\":{\"vocab\":{}}}", "not every byte");
  ExpectCorrupt(std::string((16 << 20) + 1, ' '), "too large");
}

TEST(TokenizerTest, RefusesDamagedParts) {
  const std::string good = TinyTokenizerJson();
  ExpectCorrupt(Replaced(good, "\"BPE\"", "\"Unigram\""), "byte-pair");
  ExpectCorrupt(Replaced(good, "\"a\":97", "\"a\":-1"), "in range");
  ExpectCorrupt(Replaced(good, "\"a\":97", "\"a\":1e300"), "in range");
  ExpectCorrupt(Replaced(good, "\"a\":97", "\"a\":99999999999999"), "in range");
  ExpectCorrupt(Replaced(good, "\"a\":97", "\"a\":\"97\""), "in range");
  ExpectCorrupt(Replaced(good, "\"a\":97", "\"a\":98"), "one id");
  ExpectCorrupt(Replaced(good, "\"a b\"", "\"a zz\""), "unknown token");
  ExpectCorrupt(Replaced(good, "\"a b\"", "\"ab\""), "no pair");
  ExpectCorrupt(Replaced(good, "\"a b\"", "[\"a\"]"), "no pair");
  ExpectCorrupt(Replaced(good, "\"a b\"", "[\"a\",7]"), "no pair");
  ExpectCorrupt(Replaced(good, "\"merges\"", "\"emerges\""), "no merges");
  ExpectCorrupt(Replaced(good, "\"added_tokens\":[", "\"added_tokens\":[5,"), "no object");
  ExpectCorrupt(Replaced(good, "\"id\":263,", ""), "lacks its id");
  ExpectCorrupt(TinyTokenizerJson({.byte_count = 255}), "not every byte");
}

TEST(TokenizerTest, RefusesMissingOrMisplacedSpecialTokens) {
  const TinyTokenizer good;
  for (const std::string& special : good.specials) {
    TinyTokenizer tiny;
    std::erase(tiny.specials, special);
    const bool is_needed = special.size() > 6 && special != "<|startoflm|>";
    if (is_needed) {
      const bool has_other_name = special == "<|nospeech|>";
      ExpectCorrupt(TinyTokenizerJson(tiny), has_other_name ? "<|nocaptions|>" : special);
    } else {
      OpenTiny(tiny);
    }
  }
  TinyTokenizer reversed;
  std::ranges::reverse(reversed.specials);
  ExpectCorrupt(TinyTokenizerJson(reversed), "out of order");
  // A merge whose result is the end of the text would put it into every prompt.
  const std::string good_json = TinyTokenizerJson();
  ExpectCorrupt(Replaced(good_json, "\"id\":263,", "\"id\":257,"), "special token");
}

TEST(TokenizerTest, OpenSaysWhatIsMissing) {
  const auto tokenizer = Tokenizer::Open("/nonexistent");
  ASSERT_FALSE(tokenizer.has_value());
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kNotFound);
}

// ---- real models ----

struct ModelIds {
  const char* name;
  int32_t end_of_text;
  int32_t no_timestamps;
  int32_t size;
  size_t language_count;

  friend void PrintTo(const ModelIds& model, std::ostream* out) { *out << model.name; }
};

class ModelTokenizerTest : public ::testing::TestWithParam<ModelIds> {
 protected:
  void SetUp() override {
    const auto directory = tests::TestModel(GetParam().name);
    if (!directory) GTEST_SKIP() << tests::ModelMissing(GetParam().name);
    auto opened = Tokenizer::Open(*directory);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    tokenizer_.emplace(std::move(*opened));
  }

  std::vector<std::string> Words(std::string_view text, std::string_view language) const {
    std::vector<std::string> words;
    for (const WordTokens& word : tokenizer_->SplitWords(tokenizer_->Encode(text), language)) {
      words.push_back(word.text);
    }
    return words;
  }

  std::optional<Tokenizer> tokenizer_;
};

TEST_P(ModelTokenizerTest, IdsOfSpecialTokens) {
  const SpecialTokens& special = tokenizer_->special();
  EXPECT_EQ(special.end_of_text, GetParam().end_of_text);
  EXPECT_EQ(special.start_of_transcript, GetParam().end_of_text + 1);
  EXPECT_EQ(special.no_timestamps, GetParam().no_timestamps);
  EXPECT_EQ(special.timestamp_begin, GetParam().no_timestamps + 1);
  EXPECT_EQ(special.no_speech, GetParam().no_timestamps - 1);
  EXPECT_EQ(special.start_of_previous, GetParam().no_timestamps - 2);
  EXPECT_EQ(tokenizer_->size(), GetParam().size);
  EXPECT_EQ(tokenizer_->is_multilingual(), GetParam().language_count > 1);
  EXPECT_EQ(tokenizer_->language_tokens().size(), GetParam().language_count);
  EXPECT_EQ(tokenizer_->LanguageToken("en"), special.start_of_transcript + 1);
  EXPECT_EQ(tokenizer_->LanguageToken("de").has_value(), GetParam().language_count > 1);
}

// The ids that the `tokenizers` package gives; tests/golden/make_tokenizer.py rewrites them.
TEST_P(ModelTokenizerTest, EncodesAsTheReference) {
  const auto file = ReadFile(std::string(VERBATIM_ROOT) + "/tests/golden/tokenizer.json", 1 << 20);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const boost::json::value golden = boost::json::parse(*file);
  const boost::json::array& cases = golden.at(GetParam().name).as_array();
  ASSERT_GE(cases.size(), 40u);
  for (const boost::json::value& row : cases) {
    const std::string text(row.at("text").as_string());
    const auto ids = boost::json::value_to<std::vector<int32_t>>(row.at("ids"));
    EXPECT_EQ(tokenizer_->Encode(text), ids) << text;
    EXPECT_EQ(tokenizer_->Decode(ids), text);
  }
}

TEST_P(ModelTokenizerTest, WordsWithSpaces) {
  EXPECT_THAT(Words(" And so, my \"fellow\" (Americans)... ask!", "en"),
              ElementsAre(" And", " so,", " my", " \"fellow\"", " (Americans)...", " ask!"));
  EXPECT_THAT(Words(" ¿Qué? l'été, Straße", "fr"), ElementsAre(" ¿Qué?", " l", "'été,", " Straße"));
  EXPECT_THAT(Words(" 😀😀 Привет, мир.", "ru"), ElementsAre(" 😀😀", " Привет,", " мир."));
  EXPECT_TRUE(Words("", "en").empty());
}

TEST_P(ModelTokenizerTest, WordsWithoutSpaces) {
  std::string joined;
  const std::vector<std::string> words = Words("你好，世界！今天。", "zh");
  for (const std::string& word : words) joined += word;
  EXPECT_EQ(joined, "你好，世界！今天。");
  EXPECT_GE(words.size(), 3u);
  EXPECT_TRUE(words.back().ends_with("。"));
}

INSTANTIATE_TEST_SUITE_P(Models, ModelTokenizerTest,
                         ::testing::Values(ModelIds{"tiny.en", 50256, 50362, 51864, 1},
                                           ModelIds{"base", 50257, 50363, 51865, 99}),
                         [](const auto& model) {
                           return std::string(model.param.name) == "base" ? "base" : "tiny_en";
                         });

}  // namespace
}  // namespace verbatim::whisper
