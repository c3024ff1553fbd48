#include "whisper/search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace verbatim::whisper {
namespace {

// SplitMix64: small, good enough for drawing tokens, the same on every machine.
// Source: Steele, Lea, Flood 2014, "Fast Splittable Pseudorandom Number Generators".
double Draw(uint64_t& state) {
  state += 0x9E3779B97F4A7C15U;
  uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) * 0x1p-53;
}

}  // namespace

DecodingRules::DecodingRules(SuppressTokens suppress, SuppressBlank blank,
                             std::optional<TimestampRules> timestamps, size_t vocabulary)
    : suppress_(std::move(suppress)), blank_(std::move(blank)), timestamps_(timestamps) {
  if (timestamps_) return;
  mask_.resize(vocabulary);
  suppress_.Apply(mask_);
}

void DecodingRules::Apply(std::span<const int32_t> generated, std::span<float> logits) const {
  suppress_.Apply(logits);
  blank_.Apply(generated, logits);
  if (timestamps_) timestamps_->Apply(generated, logits);
}

size_t Search::WidthOf(const SearchOptions& options) {
  return static_cast<size_t>(options.temperature > 0 ? options.samples : options.beam_size);
}

float Search::Hypothesis::average() const {
  return sum_logprob / static_cast<float>(tokens.size() + 1);
}

Search::Search(const SearchOptions& options, const DecodingRules& rules,
               const kernels::VectorKernels& kernels, int32_t end_of_text)
    : options_(options), rules_(rules), kernels_(kernels), end_of_text_(end_of_text) {
  const size_t width = WidthOf(options);
  CHECK(width >= 1);
  for (std::vector<Hypothesis>* list : {&live_, &next_, &finished_}) {
    list->resize(width);
    for (Hypothesis& hypothesis : *list) {
      hypothesis.tokens.reserve(options.tokens_max + 1);
      hypothesis.logprobs.reserve(options.tokens_max + 1);
    }
  }
  candidates_.reserve(width * (width + 1));
  parents_.reserve(width);
  tokens_.reserve(width);
  for (size_t i = 0; i < width; ++i) random_.push_back(options.seed * 0x9E3779B9U + i + 1);
}

void Search::Advance(std::span<float> logits) {
  const size_t vocabulary = logits.size() / live_count_;
  CHECK(!is_done_ && vocabulary * live_count_ == logits.size());
  for (size_t i = 0; i < live_count_; ++i) {
    rules_.Apply(live_[i].tokens, logits.subspan(i * vocabulary, vocabulary));
  }
  parents_.clear();
  tokens_.clear();
  if (options_.temperature > 0 || options_.beam_size == 1) {
    AdvanceEach(logits);
  } else {
    AdvanceBeam(logits);
  }
}

// Every hypothesis goes its own way. The first call makes them all from the prompt.
void Search::AdvanceEach(std::span<float> logits) {
  const size_t vocabulary = logits.size() / live_count_;
  const bool is_first = live_[0].tokens.empty() && finished_count_ == 0;
  const size_t count = is_first ? WidthOf(options_) : live_count_;
  for (size_t i = 0; i < count; ++i) {
    const auto parent = static_cast<uint16_t>(is_first ? 0 : i);
    const std::span<float> row = logits.subspan(parent * vocabulary, vocabulary);
    const kernels::Likeliest likeliest = kernels_.likeliest(row.data(), row.size());
    const int32_t token = Choose(row, likeliest.index, i);
    const float logprob = row[static_cast<size_t>(token)] - likeliest.log_sum;
    Continue(i, {live_[i].sum_logprob + logprob, logprob, token, parent});
  }
  FinishEach();
}

bool Search::takes_likeliest() const {
  return options_.temperature <= 0 && options_.beam_size == 1 && !live_[0].tokens.empty() &&
         !rules_.mask().empty();
}

void Search::AdvanceTo(const nn::LikelyOutput& likeliest) {
  CHECK(!is_done_ && takes_likeliest());
  parents_.clear();
  tokens_.clear();
  const float logprob = likeliest.value - likeliest.log_sum;
  Continue(0, {live_[0].sum_logprob + logprob, logprob, static_cast<int32_t>(likeliest.index), 0});
  FinishEach();
}

// A hypothesis goes on, or has ended.
void Search::Continue(size_t hypothesis, const Candidate& candidate) {
  if (candidate.token == end_of_text_) {
    Extend(finished_[finished_count_++], live_[hypothesis], candidate);
    return;
  }
  Extend(next_[next_count_], live_[hypothesis], candidate);
  random_[next_count_] = random_[hypothesis];
  if (next_[next_count_].tokens.size() >= options_.tokens_max) {
    std::swap(finished_[finished_count_++], next_[next_count_]);
    return;
  }
  ++next_count_;
  parents_.push_back(candidate.parent);
  tokens_.push_back(candidate.token);
}

void Search::FinishEach() {
  std::swap(live_, next_);
  live_count_ = std::exchange(next_count_, 0);
  is_done_ = live_count_ == 0;
}

int32_t Search::Choose(std::span<const float> logits, size_t likeliest, size_t hypothesis) {
  if (options_.temperature <= 0) return static_cast<int32_t>(likeliest);
  const float max = logits[likeliest];
  double total = 0;
  for (float logit : logits) total += std::exp((logit - max) / options_.temperature);
  double left = Draw(random_[hypothesis]) * total;
  for (size_t token = 0; token < logits.size(); ++token) {
    left -= std::exp((logits[token] - max) / options_.temperature);
    if (left < 0) return static_cast<int32_t>(token);
  }
  return static_cast<int32_t>(likeliest);
}

// The best continuations of all hypotheses together; those that end are set aside until there are
// enough of them. Source: Radford et al. 2022, reference implementation `decoding.py`:
// BeamSearchDecoder (behaviour, not code).
void Search::AdvanceBeam(std::span<float> logits) {
  const size_t vocabulary = logits.size() / live_count_;
  const size_t width = WidthOf(options_);
  candidates_.clear();
  for (size_t i = 0; i < live_count_; ++i) {
    CollectCandidates(logits.subspan(i * vocabulary, vocabulary), static_cast<uint16_t>(i));
  }
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    return std::tie(b.sum_logprob, a.parent, a.token) < std::tie(a.sum_logprob, b.parent, b.token);
  });
  size_t kept = 0;
  for (const Candidate& candidate : candidates_) {
    const Hypothesis& parent = live_[candidate.parent];
    if (candidate.token == end_of_text_) {
      if (finished_count_ < width) Extend(finished_[finished_count_++], parent, candidate);
      continue;
    }
    Extend(next_[kept++], parent, candidate);
    parents_.push_back(candidate.parent);
    tokens_.push_back(candidate.token);
    if (kept == width) break;
  }
  // Where every token is forbidden nothing goes on: the likeliest so far is the result.
  if (kept == 0 && finished_count_ == 0) std::swap(finished_[finished_count_++], live_[0]);
  std::swap(live_, next_);
  live_count_ = kept;
  is_done_ = finished_count_ >= width || kept == 0 || live_[0].tokens.size() >= options_.tokens_max;
  if (!is_done_) return;
  for (size_t i = 0; i < kept && finished_count_ < width; ++i)
    std::swap(finished_[finished_count_++], live_[i]);
}

// The width + 1 likeliest tokens of one hypothesis: at most one of them ends it, so `width` always
// remain.
void Search::CollectCandidates(std::span<const float> logits, uint16_t parent) {
  const size_t count = WidthOf(options_) + 1;
  const size_t first = candidates_.size();
  const float normalizer = kernels_.log_sum_exp(logits.data(), logits.size());
  const float sum = live_[parent].sum_logprob;
  const auto by_logprob = [](const Candidate& a, const Candidate& b) {
    return a.logprob > b.logprob;
  };
  float worst = -std::numeric_limits<float>::infinity();
  float threshold = worst;  // the logit of the worst: what is not above it is not likelier
  const auto next = [&](size_t begin) {
    return kernels_.find_above(logits.data(), begin, logits.size(), threshold);
  };
  for (size_t token = next(0); token < logits.size(); token = next(token + 1)) {
    const float logprob = logits[token] - normalizer;
    if (!(logprob > worst)) continue;
    const Candidate candidate{sum + logprob, logprob, static_cast<int32_t>(token), parent};
    if (candidates_.size() - first == count) candidates_.pop_back();
    const auto at = std::upper_bound(candidates_.begin() + static_cast<ptrdiff_t>(first),
                                     candidates_.end(), candidate, by_logprob);
    candidates_.insert(at, candidate);
    if (candidates_.size() - first < count) continue;
    worst = candidates_.back().logprob;
    threshold = logits[static_cast<size_t>(candidates_.back().token)];
  }
}

void Search::Extend(Hypothesis& to, const Hypothesis& from, const Candidate& candidate) {
  to.tokens = from.tokens;
  to.logprobs = from.logprobs;
  to.sum_logprob = candidate.sum_logprob;
  to.is_ended = candidate.token == end_of_text_;
  if (to.is_ended) return;
  to.tokens.push_back(candidate.token);
  to.logprobs.push_back(candidate.logprob);
}

TokenRun Search::Best() {
  CHECK(is_done_ && finished_count_ > 0);
  const auto best = std::max_element(
      finished_.begin(), finished_.begin() + static_cast<ptrdiff_t>(finished_count_),
      [](const Hypothesis& a, const Hypothesis& b) { return a.average() < b.average(); });
  TokenRun run;
  run.avg_logprob = best->average();
  run.is_ended = best->is_ended;
  run.tokens = std::move(best->tokens);
  run.logprobs = std::move(best->logprobs);
  run.temperature = options_.temperature;
  return run;
}

}  // namespace verbatim::whisper
