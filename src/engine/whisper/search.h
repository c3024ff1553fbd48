// One window's search through the model's suggestions: greedy, sampling with a temperature, or beam
// search. Knows nothing of audio or batches: it is given logits and says which hypotheses go on
// with which tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kernels/vector.h"
#include "nn/linear.h"
#include "whisper/rules.h"

namespace verbatim::whisper {

// What came out of a window. Token ids of text and, if asked for, timestamps; the end of text is
// left out.
struct TokenRun {
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;  // natural logarithm, of each token
  float avg_logprob = 0;        // over the tokens and the end of text
  float no_speech_prob = 0;     // probability of <|nospeech|> at the start
  float temperature = 0;
  bool is_ended = false;  // false: cut off at the most tokens allowed
};

struct SearchOptions {
  int beam_size = 1;  // used at temperature 0
  int samples = 1;    // used above temperature 0
  float temperature = 0;
  size_t tokens_max = 224;
  uint64_t seed = 0;  // for sampling: fixed by the window, so a retry in any batch draws the same
};

// All rules of a run, in order.
class DecodingRules {
 public:
  // `vocabulary`: for the mask; 0: there is none.
  DecodingRules(SuppressTokens suppress, SuppressBlank blank,
                std::optional<TimestampRules> timestamps, size_t vocabulary = 0);

  // Shape: logits [vocabulary].
  void Apply(std::span<const int32_t> generated, std::span<float> logits) const;

  // What all but the first token of a text need: a mask to add to the logits. Empty if the rules
  // depend on the text, or without a vocabulary. Shape: [vocabulary].
  std::span<const float> mask() const { return mask_; }

 private:
  SuppressTokens suppress_;
  SuppressBlank blank_;
  std::optional<TimestampRules> timestamps_;
  std::vector<float> mask_;
};

class Search {
 public:
  // How many hypotheses may live at once.
  static size_t WidthOf(const SearchOptions& options);

  Search(const SearchOptions& options, const DecodingRules& rules,
         const kernels::VectorKernels& kernels, int32_t end_of_text);

  // Takes the logits that follow each live hypothesis; in the first call there is one, the prompt.
  // Does not allocate. Shape: logits [live, vocabulary]; changed by the rules.
  void Advance(std::span<float> logits);

  // True if the next call may be AdvanceTo: the likeliest token goes on, under the rules' mask.
  bool takes_likeliest() const;

  // Advance, for the one live hypothesis whose likeliest token was found already.
  void AdvanceTo(const nn::LikelyOutput& likeliest);

  const DecodingRules& rules() const { return rules_; }

  bool is_done() const { return is_done_; }

  // After Advance: the hypotheses that go on. parents()[i] is the index, among those before the
  // call, of the one that hypothesis i continues; tokens()[i] is its newest token.
  std::span<const uint16_t> parents() const { return parents_; }
  std::span<const int32_t> tokens() const { return tokens_; }

  // The best hypothesis. Call once, when done.
  TokenRun Best();

 private:
  struct Hypothesis {
    std::vector<int32_t> tokens;
    std::vector<float> logprobs;
    float sum_logprob = 0;
    bool is_ended = false;
    float average() const;
  };
  struct Candidate {
    float sum_logprob;
    float logprob;
    int32_t token;
    uint16_t parent;
  };

  void AdvanceEach(std::span<float> logits);
  void Continue(size_t hypothesis, const Candidate& candidate);
  void FinishEach();
  void AdvanceBeam(std::span<float> logits);
  void CollectCandidates(std::span<const float> logits, uint16_t parent);
  int32_t Choose(std::span<const float> logits, size_t likeliest, size_t hypothesis);
  void Extend(Hypothesis& to, const Hypothesis& from, const Candidate& candidate);

  SearchOptions options_;
  const DecodingRules& rules_;
  const kernels::VectorKernels& kernels_;
  int32_t end_of_text_;
  std::vector<Hypothesis> live_;
  std::vector<Hypothesis> next_;  // double buffer of live_
  std::vector<Hypothesis> finished_;
  size_t live_count_ = 1;
  size_t next_count_ = 0;
  size_t finished_count_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<uint64_t> random_;  // one state per sample
  std::vector<uint16_t> parents_;
  std::vector<int32_t> tokens_;
  bool is_done_ = false;
};

}  // namespace verbatim::whisper
