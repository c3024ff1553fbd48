// Decodes many windows together: each has a slot for its audio and rows for its hypotheses; windows
// join and leave between any two steps, so the batch stays full. What a window yields does not
// depend on the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/thread_pool.h"
#include "whisper/decoder.h"
#include "whisper/language_guess.h"
#include "whisper/model.h"
#include "whisper/search.h"

namespace verbatim::whisper {

class BatchDecoder {
 public:
  // `slots` windows with hypotheses of up to `width` each; `rows` hypotheses in all (at least
  // `width`): a window that finds too few free waits for others to finish.
  struct Limits {
    size_t slots = 1;
    size_t rows = 1;
    size_t positions = 448;  // prompt and text of one hypothesis; at most the model's
    nn::AudioFormat audio_format = nn::AudioFormat::kHalf;
  };
  BatchDecoder(std::shared_ptr<const Model> model, const Limits& limits, kernels::ThreadPool& pool);

  std::optional<size_t> free_slot() const;
  size_t active() const;

  // Takes a window into a free slot. Shape: as Decoder::SetAudio.
  void Admit(size_t slot, std::span<const float> states,
             const AudioPositions& positions = AudioPositions::All());

  // The languages of the window, likeliest first. Source: Radford et al. 2022, reference
  // `detect_language`.
  std::vector<LanguageGuess> DetectLanguage(size_t slot);

  // Starts, or starts again, the search of an admitted window. The rules must outlive it.
  // `prompt` ends with the tokens that follow <|startoftranscript|>, for example language and task.
  void Begin(size_t slot, std::vector<int32_t> prompt, const SearchOptions& options,
             const DecodingRules& rules);

  // Feeds every begun window once. Returns the slots whose search is now done; valid until the next
  // call.
  std::span<const size_t> Step();

  // The result of a window that is done.
  TokenRun Take(size_t slot);

  // Where each token of `text` (no specials) begins, and where the text ends. Shape: [text.size() +
  // 1]. Unit: frames of 20 ms, below `frames`, the window's true length. `start` is the start
  // sequence: <|startoftranscript|>, language and task. Cheap for what the window's last greedy
  // search yielded, if asked for before the next step; otherwise all tokens are fed once more.
  std::vector<int32_t> Align(size_t slot, std::span<const int32_t> start,
                             std::span<const int32_t> text, size_t frames);

  // Frees the slot; a search under way is given up.
  void Release(size_t slot);

 private:
  enum class State { kFree, kAdmitted, kWaiting, kPrompt, kRunning, kDone };
  struct Slot {
    State state = State::kFree;
    std::vector<int32_t> prompt;
    size_t start = 0;            // where <|startoftranscript|> stands in the prompt
    size_t position = 0;         // of the next token
    std::vector<uint16_t> rows;  // one per hypothesis that may live
    std::optional<Search> search;
    std::vector<int32_t> kept;  // tokens, from position 0, that a row was fed and whose weights for
                                // the alignment the decoder keeps
    uint16_t kept_row = 0;
    float no_speech_prob = 0;
  };

  void GrantRows();
  void Grant(Slot& slot);
  void ReturnRows(const Slot& slot);
  bool AddEntries(size_t slot);
  bool TakesLikeliest(const Slot& slot) const;
  void Consume(size_t slot, std::span<float> logits);
  void Follow(size_t slot);
  void KeepFed(Slot& slot);
  void FeedForWeights(size_t slot, std::span<const int32_t> tokens);
  void KeepNoSpeech(Slot& slot, std::span<const float> logits);

  std::shared_ptr<const Model> model_;
  kernels::ThreadPool& pool_;
  Decoder decoder_;
  uint16_t spare_row_;  // for language detection and alignment
  std::vector<Slot> slots_;
  std::vector<uint16_t> free_rows_;
  std::vector<DecoderEntry> entries_;
  const DecodingRules* masked_ = nullptr;  // whose mask the current step takes
  std::vector<size_t> fed_;  // slots in the current step, in the order of their entries
  std::vector<size_t> done_;
  std::vector<uint16_t> branch_parents_;
};

}  // namespace verbatim::whisper
