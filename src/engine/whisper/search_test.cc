#include "whisper/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/allocation_counter.h"

namespace verbatim::whisper {
namespace {

using Tokens = std::vector<int32_t>;

constexpr int32_t kEnd = 4;  // of a vocabulary of 5
constexpr size_t kVocabulary = 5;

const kernels::VectorKernels& Plain() {
  return kernels::KernelsFor(kernels::InstructionSet::kPlain);
}

DecodingRules NoRules() { return {SuppressTokens({}), SuppressBlank({}), std::nullopt}; }

// The logits that follow a history: any function of it is a language model.
using Language = std::function<std::vector<float>(const Tokens&)>;

// Runs a search as the decoder would: it keeps the history of every row and follows parents().
struct Outcome {
  TokenRun best;
  size_t steps = 0;
  size_t rows_max = 0;
};

Outcome Drive(Search& search, const Language& language) {
  Outcome run;
  std::vector<Tokens> histories = {{}};
  while (!search.is_done()) {
    std::vector<float> logits;
    for (const Tokens& history : histories) {
      const std::vector<float> row = language(history);
      logits.insert(logits.end(), row.begin(), row.end());
    }
    search.Advance(logits);
    ++run.steps;
    std::vector<Tokens> next;
    EXPECT_EQ(search.parents().size(), search.tokens().size());
    for (size_t i = 0; i < search.tokens().size(); ++i) {
      EXPECT_LT(search.parents()[i], histories.size());
      next.push_back(histories[search.parents()[i]]);
      next.back().push_back(search.tokens()[i]);
    }
    histories = std::move(next);
    run.rows_max = std::max(run.rows_max, histories.size());
  }
  run.best = search.Best();
  return run;
}

Outcome RunSearch(const SearchOptions& options, const Language& language) {
  const DecodingRules rules = NoRules();
  Search search(options, rules, Plain(), kEnd);
  return Drive(search, language);
}

// A made language: every history has logits of its own, the same each time they are asked for.
Language MadeLanguage(uint32_t seed, float end_bonus = 0) {
  return [seed, end_bonus](const Tokens& history) {
    uint32_t state = seed;
    for (int32_t token : history) state = state * 31 + static_cast<uint32_t>(token) + 1;
    std::mt19937 random(state);
    std::uniform_real_distribution<float> uniform(-2, 2);
    std::vector<float> logits(kVocabulary);
    for (float& logit : logits) logit = uniform(random);
    logits[kEnd] += end_bonus;
    return logits;
  };
}

std::vector<double> Logprobs(const std::vector<float>& logits) {
  double sum = 0;
  for (float logit : logits) sum += std::exp(static_cast<double>(logit));
  std::vector<double> logprobs;
  for (float logit : logits) logprobs.push_back(static_cast<double>(logit) - std::log(sum));
  return logprobs;
}

// What a history is worth: the mean over its tokens and, if it ended, the end.
double AverageOf(const Language& language, const Tokens& tokens, bool is_ended) {
  double sum = 0;
  Tokens history;
  for (int32_t token : tokens) {
    sum += Logprobs(language(history))[static_cast<size_t>(token)];
    history.push_back(token);
  }
  if (is_ended) sum += Logprobs(language(history))[kEnd];
  return sum / static_cast<double>(tokens.size() + 1);
}

void ExpectTrueLogprobs(const Language& language, const TokenRun& run) {
  ASSERT_EQ(run.logprobs.size(), run.tokens.size());
  Tokens history;
  for (size_t i = 0; i < run.tokens.size(); ++i) {
    EXPECT_NEAR(run.logprobs[i], Logprobs(language(history))[static_cast<size_t>(run.tokens[i])],
                1e-5);
    history.push_back(run.tokens[i]);
  }
  EXPECT_NEAR(run.avg_logprob, AverageOf(language, run.tokens, run.is_ended), 1e-5);
}

// "0 1 2 3" and then the end.
std::vector<float> Counting(const Tokens& history) {
  std::vector<float> logits(kVocabulary, 0);
  logits[history.size()] = 3;
  return logits;
}

TEST(GreedySearch, PicksTheLikeliestUntilTheEnd) {
  const Outcome run = RunSearch({}, Counting);
  EXPECT_EQ(run.best.tokens, (Tokens{0, 1, 2, 3}));
  EXPECT_TRUE(run.best.is_ended);
  EXPECT_EQ(run.steps, 5U);
  EXPECT_EQ(run.best.temperature, 0.0F);
  ExpectTrueLogprobs(Counting, run.best);
}

TEST(GreedySearch, IsCutAtTheMostTokens) {
  const Outcome run = RunSearch({.tokens_max = 3}, Counting);
  EXPECT_EQ(run.best.tokens, (Tokens{0, 1, 2}));
  EXPECT_FALSE(run.best.is_ended);
  ExpectTrueLogprobs(Counting, run.best);
}

TEST(GreedySearch, AnEndAtOnceIsAnEmptyText) {
  const Language silent = [](const Tokens&) { return std::vector<float>{0, 0, 0, 0, 9}; };
  const Outcome run = RunSearch({}, silent);
  EXPECT_TRUE(run.best.tokens.empty());
  EXPECT_TRUE(run.best.is_ended);
  ExpectTrueLogprobs(silent, run.best);
}

TEST(GreedySearch, RulesComeFirst) {
  const DecodingRules rules = {SuppressTokens({1}), SuppressBlank({0, kEnd}), std::nullopt};
  Search search({}, rules, Plain(), kEnd);
  const Language language = [](const Tokens& history) {
    return history.size() < 2 ? std::vector<float>{5, 4, 3, 2, 6} : Counting({0, 1, 2, 3});
  };
  const TokenRun best = Drive(search, language).best;
  // First neither 0 nor the end may come; 1 never; then the end is the likeliest.
  EXPECT_EQ(best.tokens, Tokens{2});
  EXPECT_TRUE(best.is_ended);
  EXPECT_NEAR(best.logprobs[0], Logprobs({3, 2})[0], 1e-5);  // among what is allowed
}

TEST(Sampling, IsTheSameForASeedAndDiffersBetweenSeeds) {
  const Language language = MadeLanguage(1, -3);
  std::set<Tokens> texts;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const SearchOptions options{.temperature = 0.8F, .tokens_max = 12, .seed = seed};
    const TokenRun one = RunSearch(options, language).best;
    const TokenRun two = RunSearch(options, language).best;
    EXPECT_EQ(one.tokens, two.tokens);
    EXPECT_EQ(one.logprobs, two.logprobs);
    EXPECT_EQ(one.temperature, 0.8F);
    ExpectTrueLogprobs(language, one);
    texts.insert(one.tokens);
  }
  EXPECT_GE(texts.size(), 18U);
}

// Pearson's statistic of 4 degrees of freedom: above 23.5 once in ten thousand seeds, and the seeds
// here are fixed.
TEST(Sampling, FollowsTheDistribution) {
  const std::vector<float> logits = {0.1F, 1.0F, -0.5F, 0.7F, 0.0F};
  for (const float temperature : {0.2F, 0.6F, 1.0F}) {
    constexpr int kDraws = 20000;
    std::vector<int> counts(kVocabulary);
    for (uint64_t seed = 0; seed < kDraws; ++seed) {
      const Outcome run = RunSearch({.temperature = temperature, .tokens_max = 1, .seed = seed},
                                    [&](const Tokens&) { return logits; });
      ++counts[static_cast<size_t>(run.best.tokens.empty() ? kEnd : run.best.tokens[0])];
    }
    std::vector<float> tempered = logits;
    for (float& logit : tempered) logit /= temperature;
    double statistic = 0;
    for (size_t token = 0; token < kVocabulary; ++token) {
      const double expected = kDraws * std::exp(Logprobs(tempered)[token]);
      statistic += (counts[token] - expected) * (counts[token] - expected) / expected;
    }
    EXPECT_LT(statistic, 23.5) << temperature;
  }
}

TEST(Sampling, OfSeveralSamplesTheLikeliestIsKept) {
  const Language language = MadeLanguage(2, 0.5F);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const SearchOptions options{.samples = 5, .temperature = 1, .tokens_max = 10, .seed = seed};
    EXPECT_EQ(Search::WidthOf(options), 5U);
    const Outcome many = RunSearch(options, language);
    EXPECT_LE(many.rows_max, 5U);
    ExpectTrueLogprobs(language, many.best);
    // Each sample draws from a state of its own, given by seed and place: the first of the five is
    // the one that a search with one sample makes.
    const Outcome one = RunSearch({.temperature = 1, .tokens_max = 10, .seed = seed}, language);
    EXPECT_GE(many.best.avg_logprob, one.best.avg_logprob);
  }
}

// All texts there are, with the plain definition of a beam: in each step the best continuations of
// all that live, ends set aside, until there are enough.
struct Text {
  Tokens tokens;
  double sum = 0;
  bool is_ended = false;
  double average() const { return sum / static_cast<double>(tokens.size() + 1); }
};

Text BruteForceBeam(const Language& language, size_t width, size_t tokens_max) {
  std::vector<Text> live(1);
  std::vector<Text> finished;
  while (finished.size() < width && !live.empty() && live[0].tokens.size() < tokens_max) {
    std::vector<Text> all;
    for (const Text& text : live) {
      const std::vector<double> logprobs = Logprobs(language(text.tokens));
      for (int32_t token = 0; token < static_cast<int32_t>(kVocabulary); ++token) {
        Text longer = text;
        longer.sum += logprobs[static_cast<size_t>(token)];
        longer.is_ended = token == kEnd;
        if (!longer.is_ended) longer.tokens.push_back(token);
        all.push_back(longer);
      }
    }
    std::ranges::sort(all, std::greater{}, &Text::sum);
    live.clear();
    for (const Text& text : all) {
      if (live.size() == width) break;
      if (!text.is_ended) {
        live.push_back(text);
      } else if (finished.size() < width) {
        finished.push_back(text);
      }
    }
  }
  for (const Text& text : live) {
    if (finished.size() < width) finished.push_back(text);
  }
  return *std::ranges::max_element(finished, {}, &Text::average);
}

TEST(BeamSearch, AgreesWithBruteForce) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const Language language = MadeLanguage(seed, static_cast<float>(seed % 5) - 2);
    for (const int width : {2, 3, 5}) {
      const Outcome run = RunSearch({.beam_size = width, .tokens_max = 4}, language);
      const Text expected = BruteForceBeam(language, static_cast<size_t>(width), 4);
      EXPECT_EQ(run.best.tokens, expected.tokens) << "seed " << seed << " width " << width;
      EXPECT_EQ(run.best.is_ended, expected.is_ended);
      EXPECT_NEAR(run.best.avg_logprob, expected.average(), 1e-5);
      EXPECT_LE(run.rows_max, static_cast<size_t>(width));
      ExpectTrueLogprobs(language, run.best);
    }
  }
}

// Wide enough to hold every text of up to 3 tokens, so nothing is ever dropped: the best of all
// texts is found.
TEST(BeamSearch, WideEnoughItFindsTheBestOfAllTexts) {
  constexpr size_t kLength = 3;
  constexpr int kWidth = 4 * 4 * 4 + 4 * 4 + 4 + 1;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const Language language = MadeLanguage(seed);
    Text best{{}, -std::numeric_limits<double>::infinity(), false};
    const std::function<void(Text)> visit = [&](const Text& text) {
      const std::vector<double> logprobs = Logprobs(language(text.tokens));
      for (size_t token = 0; token < kVocabulary; ++token) {
        Text longer{text.tokens, text.sum + logprobs[token], token == kEnd};
        if (!longer.is_ended) longer.tokens.push_back(static_cast<int32_t>(token));
        const bool is_whole = longer.is_ended || longer.tokens.size() == kLength;
        if (is_whole && longer.average() > best.average()) best = longer;
        if (!is_whole) visit(longer);
      }
    };
    visit({});
    const Outcome run = RunSearch({.beam_size = kWidth, .tokens_max = kLength}, language);
    EXPECT_EQ(run.best.tokens, best.tokens) << seed;
    EXPECT_EQ(run.best.is_ended, best.is_ended) << seed;
  }
}

// An early end that is better than all that comes later wins, long after it was set aside.
TEST(BeamSearch, FinishedTextsAreKept) {
  const Language language = [](const Tokens& history) {
    if (history.empty()) return std::vector<float>{2, 2, 0, 0, -9};
    if (history == Tokens{0}) return std::vector<float>{-2, -2, -2, -2, 5};
    return std::vector<float>{0, 0, 0, 0, -9};  // goes on for ever, and improbably
  };
  const Outcome run = RunSearch({.beam_size = 3, .tokens_max = 20}, language);
  EXPECT_EQ(run.best.tokens, Tokens{0});
  EXPECT_TRUE(run.best.is_ended);
  EXPECT_GT(run.steps, 10U);
}

TEST(BeamSearch, TheFirstStepStartsFromThePromptAlone) {
  const DecodingRules rules = NoRules();
  Search search({.beam_size = 3}, rules, Plain(), kEnd);
  std::vector<float> logits = {1, 2, 3, 0, -5};
  search.Advance(logits);
  EXPECT_EQ(Tokens(search.tokens().begin(), search.tokens().end()), (Tokens{2, 1, 0}));
  for (uint16_t parent : search.parents()) EXPECT_EQ(parent, 0);
}

// A damaged model can give any numbers; whatever they are, there is a result of real tokens.
class AnyNumbers : public ::testing::TestWithParam<kernels::InstructionSet> {
 protected:
  void ExpectResult(const SearchOptions& options, const Language& language) const {
    const DecodingRules rules = NoRules();
    Search search(options, rules, kernels::KernelsFor(GetParam()), kEnd);
    const TokenRun best = Drive(search, language).best;
    EXPECT_LE(best.tokens.size(), options.tokens_max);
    for (int32_t token : best.tokens) {
      EXPECT_GE(token, 0);
      EXPECT_LT(token, kEnd);
    }
  }
};

TEST_P(AnyNumbers, GiveAResult) {
  if (!kernels::IsSupported(GetParam())) GTEST_SKIP() << "this CPU lacks the instructions";
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> odd = {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity, 0,
                                  1e30F};
  for (const SearchOptions& options :
       {SearchOptions{.tokens_max = 6}, SearchOptions{.beam_size = 3, .tokens_max = 6},
        SearchOptions{.samples = 3, .temperature = 0.4F, .tokens_max = 6}}) {
    for (const float same : odd) {
      ExpectResult(options, [&](const Tokens&) { return std::vector<float>(kVocabulary, same); });
    }
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
      ExpectResult(options, [&](const Tokens&) {
        std::vector<float> logits(kVocabulary);
        std::ranges::generate(logits, [&] { return odd[random() % odd.size()]; });
        return logits;
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, AnyNumbers, ::testing::ValuesIn(kernels::kInstructionSets),
                         [](const auto& test) {
                           return std::string(kernels::InstructionSetName(test.param));
                         });

TEST(AnySearch, AdvanceDoesNotAllocate) {
  constexpr size_t kLarge = 1000;
  const DecodingRules rules = {SuppressTokens({1}), SuppressBlank({2}), std::nullopt};
  for (const SearchOptions& options : {SearchOptions{}, SearchOptions{.beam_size = 5},
                                       SearchOptions{.samples = 5, .temperature = 0.5F}}) {
    Search search(options, rules, Plain(), kLarge - 1);
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-3, 3);
    std::vector<float> logits(kLarge * 5);
    size_t live = 1;
    size_t steps = 0;
    while (!search.is_done()) {
      for (float& logit : logits) logit = uniform(random);
      const size_t before = tests::AllocationCount();
      search.Advance(std::span(logits).first(kLarge * live));
      ASSERT_EQ(tests::AllocationCount(), before) << "step " << steps;
      live = search.tokens().size();
      ++steps;
    }
    EXPECT_GT(steps, 50U);
  }
}

}  // namespace
}  // namespace verbatim::whisper
