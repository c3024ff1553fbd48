#include "whisper/model_config.h"

#include <gtest/gtest.h>

#include <string>

namespace verbatim::whisper {
namespace {

const std::string kGood = R"({"alignment_heads":[[1,0],[2,5]],"lang_ids":[50259],)"
                          R"("suppress_ids":[1,2,-1,50361],"suppress_ids_begin":[220,50257]})";

TEST(ModelConfigTest, ReadsListsAndHeads) {
  const auto config = ParseModelConfig(kGood);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->suppress_ids, (std::vector<int32_t>{1, 2, 50361}));
  EXPECT_EQ(config->suppress_ids_begin, (std::vector<int32_t>{220, 50257}));
  EXPECT_EQ(config->alignment_heads, (std::vector<std::pair<size_t, size_t>>{{1, 0}, {2, 5}}));
}

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = kGood;
  return text.replace(text.find(from), from.size(), to);
}

TEST(ModelConfigTest, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "JSON"},
      {"[]", "JSON"},
      {"{}", "suppress_ids"},
      {Replaced("[1,2,-1,50361]", "7"), "suppress_ids"},
      {Replaced("[1,2,-1,50361]", "[\"1\"]"), "suppress_ids"},
      {Replaced("[1,2,-1,50361]", "[-2]"), "suppress_ids"},
      {Replaced("[1,2,-1,50361]", "[4294967296]"), "suppress_ids"},
      {Replaced("[1,2,-1,50361]", "[1.5]"), "suppress_ids"},
      {Replaced("suppress_ids_begin", "other"), "suppress_ids_begin"},
      {Replaced("[[1,0],[2,5]]", "[]"), "alignment_heads"},
      {Replaced("[[1,0],[2,5]]", "[[1]]"), "alignment_heads"},
      {Replaced("[[1,0],[2,5]]", "[[1,0,2]]"), "alignment_heads"},
      {Replaced("[[1,0],[2,5]]", "[[-1,0]]"), "alignment_heads"},
      {Replaced("[[1,0],[2,5]]", "[3]"), "alignment_heads"},
  };
  for (const auto& [text, words] : cases) {
    const auto config = ParseModelConfig(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, ErrorCode::kCorruptModel) << text;
    EXPECT_NE(config.error().message.find(words), std::string::npos) << config.error().message;
  }
}

TEST(ModelConfigTest, EveryTruncationAndChangedByteGivesAResult) {
  for (size_t length = 0; length < kGood.size(); ++length) {
    EXPECT_FALSE(ParseModelConfig(kGood.substr(0, length))) << length;
  }
  size_t refused = 0;
  for (size_t at = 0; at < kGood.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = kGood;
      changed[at] = static_cast<char>(value);
      const auto config = ParseModelConfig(changed);
      if (!config) {
        ++refused;
        EXPECT_EQ(config.error().code, ErrorCode::kCorruptModel);
      }
    }
  }
  EXPECT_GT(refused, kGood.size() * 128);
}

TEST(ModelConfigTest, DeepNestingIsRefused) {
  EXPECT_FALSE(ParseModelConfig(std::string(100000, '[')));
}

TEST(ModelConfigTest, AMissingFileIsNamed) {
  const auto config = ReadModelConfig("no/such/config.json");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_NE(config.error().message.find("config.json"), std::string::npos);
}

}  // namespace
}  // namespace verbatim::whisper
