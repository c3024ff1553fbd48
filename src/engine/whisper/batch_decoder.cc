#include "whisper/batch_decoder.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/check.h"
#include "whisper/alignment.h"

namespace verbatim::whisper {
namespace {

// Prompt and text of one window, or a full batch's next tokens beside it, fit into a step.
DecoderLimits LimitsFor(const BatchDecoder::Limits& limits) {
  return {.slots = limits.slots,
          .rows = limits.rows + 1,
          .positions = limits.positions,
          .entries = limits.positions + limits.rows,
          .logit_rows = limits.rows + limits.slots,
          .audio_format = limits.audio_format};
}

}  // namespace

BatchDecoder::BatchDecoder(std::shared_ptr<const Model> model, const Limits& limits,
                           kernels::ThreadPool& pool)
    : model_(model),
      pool_(pool),
      decoder_(model, LimitsFor(limits), pool),
      spare_row_(static_cast<uint16_t>(limits.rows)),
      slots_(limits.slots) {
  for (size_t row = limits.rows; row > 0; --row)
    free_rows_.push_back(static_cast<uint16_t>(row - 1));
  entries_.reserve(decoder_.limits().entries);
  fed_.reserve(limits.slots);
  done_.reserve(limits.slots);
  branch_parents_.reserve(limits.rows);
  for (Slot& slot : slots_) slot.kept.reserve(limits.positions);
}

std::optional<size_t> BatchDecoder::free_slot() const {
  const auto found = std::ranges::find(slots_, State::kFree, &Slot::state);
  if (found == slots_.end()) return std::nullopt;
  return static_cast<size_t>(found - slots_.begin());
}

size_t BatchDecoder::active() const {
  return slots_.size() -
         static_cast<size_t>(std::ranges::count(slots_, State::kFree, &Slot::state));
}

void BatchDecoder::Admit(size_t slot, std::span<const float> states,
                         const AudioPositions& positions) {
  CHECK(slots_[slot].state == State::kFree);
  decoder_.SetAudio(slot, states, positions);
  slots_[slot].kept.clear();
  slots_[slot].state = State::kAdmitted;
}

std::vector<LanguageGuess> BatchDecoder::DetectLanguage(size_t slot) {
  const DecoderEntry entry{model_->tokenizer.special().start_of_transcript, 0,
                           static_cast<uint16_t>(slot), spare_row_, true};
  const std::span<const float> logits = decoder_.Step({&entry, 1});
  std::vector<LanguageGuess> guesses;
  float max = -INFINITY;
  for (int32_t token : model_->tokenizer.language_tokens()) {
    guesses.push_back({token, logits[static_cast<size_t>(token)]});
    max = std::max(max, guesses.back().probability);
  }
  float sum = 0;
  for (LanguageGuess& guess : guesses) sum += guess.probability = std::exp(guess.probability - max);
  for (LanguageGuess& guess : guesses) guess.probability /= sum;
  std::ranges::stable_sort(guesses, std::ranges::greater{}, &LanguageGuess::probability);
  return guesses;
}

void BatchDecoder::Begin(size_t index, std::vector<int32_t> prompt, const SearchOptions& options,
                         const DecodingRules& rules) {
  Slot& slot = slots_[index];
  CHECK(slot.state == State::kAdmitted);
  const SpecialTokens& special = model_->tokenizer.special();
  const auto start = std::ranges::find(prompt, special.start_of_transcript);
  CHECK(start != prompt.end() && prompt.size() < decoder_.limits().positions);
  SearchOptions bounded = options;
  bounded.tokens_max = std::min(options.tokens_max, decoder_.limits().positions - prompt.size());
  slot.start = static_cast<size_t>(start - prompt.begin());
  slot.prompt = std::move(prompt);
  slot.position = 0;
  slot.kept.clear();
  slot.search.emplace(bounded, rules, *model_->kernels, special.end_of_text);
  slot.rows.resize(Search::WidthOf(bounded));
  slot.state = State::kWaiting;
}

// Windows get rows in the order of their slots, each all it may need or none.
void BatchDecoder::GrantRows() {
  for (Slot& slot : slots_) {
    if (slot.state == State::kWaiting && free_rows_.size() >= slot.rows.size()) Grant(slot);
  }
}

// The history of whoever had the rows before is lost.
void BatchDecoder::Grant(Slot& slot) {
  for (uint16_t& row : slot.rows) {
    row = free_rows_.back();
    free_rows_.pop_back();
    for (Slot& before : slots_) {
      if (before.kept_row == row) before.kept.clear();
    }
  }
  slot.state = State::kPrompt;
}

std::span<const size_t> BatchDecoder::Step() {
  GrantRows();
  entries_.clear();
  fed_.clear();
  done_.clear();
  masked_ = nullptr;
  for (State state : {State::kRunning, State::kPrompt}) {
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot].state == state && AddEntries(slot)) fed_.push_back(slot);
    }
  }
  if (entries_.empty()) return done_;
  std::span<float> logits =
      decoder_.Step(entries_, masked_ == nullptr ? std::span<const float>() : masked_->mask());
  std::span<const nn::LikelyOutput> likeliest = decoder_.likeliest();
  const profile::StageScope scope(pool_.clock(), profile::Stage::kSearch, {0, logits.size_bytes()});
  for (size_t slot : fed_) {
    if (slots_[slot].state == State::kRunning && TakesLikeliest(slots_[slot])) {
      KeepFed(slots_[slot]);
      ++slots_[slot].position;
      slots_[slot].search->AdvanceTo(likeliest.front());
      likeliest = likeliest.subspan(1);
      Follow(slot);
      continue;
    }
    const auto wanted =
        static_cast<size_t>(std::ranges::count_if(entries_, [slot](const DecoderEntry& entry) {
          return entry.slot == slot && entry.wants_logits;
        }));
    Consume(slot, logits.first(wanted * model_->shape.vocabulary));
    logits = logits.subspan(wanted * model_->shape.vocabulary);
  }
  return done_;
}

// Windows of one step share one mask.
bool BatchDecoder::TakesLikeliest(const Slot& slot) const {
  return decoder_.finds_likeliest() && slot.search->takes_likeliest() &&
         (masked_ == nullptr || masked_ == &slot.search->rules());
}

// False if the step has no room left for this window's tokens; it comes into the next one.
bool BatchDecoder::AddEntries(size_t index) {
  const Slot& slot = slots_[index];
  const bool is_prompt = slot.state == State::kPrompt;
  const size_t count = is_prompt ? slot.prompt.size() : slot.search->tokens().size();
  if (entries_.size() + count > decoder_.limits().entries) return false;
  const bool takes_likeliest = !is_prompt && TakesLikeliest(slot);
  if (takes_likeliest) masked_ = &slot.search->rules();
  for (size_t i = 0; i < count; ++i) {
    DecoderEntry entry;
    entry.slot = static_cast<uint16_t>(index);
    entry.token = is_prompt ? slot.prompt[i] : slot.search->tokens()[i];
    entry.position = static_cast<uint16_t>(is_prompt ? i : slot.position);
    entry.row = is_prompt ? slot.rows[0] : slot.rows[i];
    entry.wants_logits = !takes_likeliest && (!is_prompt || i == slot.start || i + 1 == count);
    entry.wants_likeliest = takes_likeliest;
    entry.keeps_weights = slot.rows.size() == 1;
    entries_.push_back(entry);
  }
  return true;
}

void BatchDecoder::Consume(size_t index, std::span<float> logits) {
  Slot& slot = slots_[index];
  const size_t vocabulary = model_->shape.vocabulary;
  if (slot.rows.size() == 1) KeepFed(slot);
  if (slot.state == State::kPrompt) {
    KeepNoSpeech(slot, logits.first(vocabulary));
    logits = logits.last(vocabulary);
    slot.position = slot.prompt.size();
    slot.state = State::kRunning;
  } else {
    ++slot.position;
  }
  slot.search->Advance(logits);
  Follow(index);
}

void BatchDecoder::ReturnRows(const Slot& slot) {
  free_rows_.insert(free_rows_.end(), slot.rows.rbegin(), slot.rows.rend());
}

// Does what the search decided.
void BatchDecoder::Follow(size_t index) {
  Slot& slot = slots_[index];
  if (slot.search->is_done()) {
    ReturnRows(slot);
    slot.state = State::kDone;
    done_.push_back(index);
    return;
  }
  const std::span<const uint16_t> parents = slot.search->parents();
  branch_parents_.clear();
  for (uint16_t parent : parents) branch_parents_.push_back(slot.rows[parent]);
  decoder_.Branch(std::span<const uint16_t>(slot.rows).first(parents.size()), branch_parents_,
                  slot.position);
}

// Remembers what the only hypothesis was fed in this step.
void BatchDecoder::KeepFed(Slot& slot) {
  slot.kept_row = slot.rows[0];
  if (slot.state == State::kPrompt) {
    slot.kept.assign(slot.prompt.begin(), slot.prompt.end());
  } else {
    slot.kept.push_back(slot.search->tokens()[0]);
  }
}

void BatchDecoder::KeepNoSpeech(Slot& slot, std::span<const float> logits) {
  const auto token = static_cast<size_t>(model_->tokenizer.special().no_speech);
  slot.no_speech_prob =
      std::exp(logits[token] - model_->kernels->log_sum_exp(logits.data(), logits.size()));
}

TokenRun BatchDecoder::Take(size_t index) {
  Slot& slot = slots_[index];
  CHECK(slot.state == State::kDone);
  TokenRun run = slot.search->Best();
  run.no_speech_prob = slot.no_speech_prob;
  slot.state = State::kAdmitted;
  return run;
}

std::vector<int32_t> BatchDecoder::Align(size_t slot, std::span<const int32_t> start,
                                         std::span<const int32_t> text, size_t frames) {
  const SpecialTokens& special = model_->tokenizer.special();
  std::vector<int32_t> tokens(start.begin(), start.end());
  tokens.push_back(special.no_timestamps);
  tokens.insert(tokens.end(), text.begin(), text.end());
  tokens.push_back(special.end_of_text);
  FeedForWeights(slot, tokens);
  // The row of <|notimestamps|> predicts the first text token, and so on.
  AlignmentWeights weights;
  weights.values = decoder_.KeptWeights(slot, tokens.size(), frames);
  weights.heads = model_->alignment_heads.size();
  weights.tokens = text.size() + 1;
  weights.trailing_rows = 1;
  weights.frames = frames;
  weights.frames_max = frames;
  const profile::StageScope scope(pool_.clock(), profile::Stage::kAlignmentPath,
                                  {0, weights.values.size_bytes()});
  return AlignTokens(weights, start.size(), *model_->kernels);
}

// Feeds what the slot's hypothesis has not been fed yet: after a greedy search the end of the text;
// all, if it was fed something else.
void BatchDecoder::FeedForWeights(size_t index, std::span<const int32_t> tokens) {
  Slot& slot = slots_[index];
  CHECK(slot.state == State::kAdmitted && tokens.size() <= decoder_.limits().positions);
  const auto [differing, unused] = std::ranges::mismatch(tokens, slot.kept);
  const auto known = std::min(static_cast<size_t>(differing - tokens.begin()), tokens.size() - 1);
  if (known == 0) {
    slot.kept.clear();
    slot.kept_row = spare_row_;
  }
  std::vector<DecoderEntry> entries;
  for (size_t i = known; i < tokens.size(); ++i) {
    entries.push_back({tokens[i], static_cast<uint16_t>(i), static_cast<uint16_t>(index),
                       slot.kept_row, false, true});
  }
  slot.kept.resize(known);
  decoder_.StepForWeights(entries);
}

void BatchDecoder::Release(size_t index) {
  Slot& slot = slots_[index];
  if (slot.state == State::kPrompt || slot.state == State::kRunning) ReturnRows(slot);
  slot.state = State::kFree;
}

}  // namespace verbatim::whisper
