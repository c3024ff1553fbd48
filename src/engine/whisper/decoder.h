// Tokens in, logits out, for many hypotheses of many windows at once. A step takes any mix of
// entries: the next token of some hypotheses, the whole prompt of others. Each entry's result
// depends on its own window and history alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/thread_pool.h"
#include "nn/kv_cache.h"
#include "profile/stage_meter.h"
#include "whisper/audio_positions.h"
#include "whisper/model.h"

namespace verbatim::whisper {

// How much a decoder can hold.
struct DecoderLimits {
  size_t slots = 1;        // windows
  size_t rows = 1;         // hypotheses over all windows
  size_t positions = 448;  // prompt and text of one hypothesis
  size_t entries = 448;    // tokens in one step
  size_t logit_rows = 1;   // entries of one step that want logits
  nn::AudioFormat audio_format = nn::AudioFormat::kHalf;
};

// One token of one hypothesis.
struct DecoderEntry {
  int32_t token = 0;
  uint16_t position = 0;
  uint16_t slot = 0;  // whose audio it listens to
  uint16_t row = 0;   // whose history it continues; positions 0 .. position - 1 were fed before, or
                      // in this step
  bool wants_logits = false;
  bool keeps_weights = false;    // its alignment heads' weights stay, at its slot and position
  bool wants_likeliest = false;  // only the likeliest token, of a vocabulary in 8 bits
};

class Decoder {
 public:
  Decoder(std::shared_ptr<const Model> model, const DecoderLimits& limits,
          kernels::ThreadPool& pool);
  ~Decoder();

  // Puts a window's audio states into a slot; only its positions are listened to. Shape: states
  // [positions.count(), width] as Encoder::Encode returns them; whole blocks of kernels::kRowBlock
  // rows must be readable.
  void SetAudio(size_t slot, std::span<const float> states, const AudioPositions& positions);

  // Runs the entries through the model; entries of a row come in the order of their positions.
  // Returns a row of logits for each entry that wants one, in order. Shape: [wanted, vocabulary];
  // valid until the next call, and may be changed; mask [vocabulary] is added before the likeliest
  // token is chosen, empty if no entry wants that. Does not allocate once every shape was seen.
  // Thread: one caller at a time.
  std::span<float> Step(std::span<const DecoderEntry> entries, std::span<const float> mask = {});

  // After Step: for each entry that wanted the likeliest token, in order.
  std::span<const nn::LikelyOutput> likeliest() const { return likeliest_; }

  bool finds_likeliest() const { return model_->vocabulary.format() == nn::Linear::Format::kInt8; }

  // As Step, for entries that want no logits: goes only as far as the weights to keep need it.
  void StepForWeights(std::span<const DecoderEntry> entries);

  // The kept cross-attention weights of the model's alignment heads, for the first positions of a
  // slot, as AlignTokens takes them. Shape: [heads, positions, frames], frames at most 1500; valid
  // until the next call.
  std::span<const float> KeptWeights(size_t slot, size_t positions, size_t frames);

  // Lets hypotheses continue others of the same window: nn::SelfCache::Branch.
  void Branch(std::span<const uint16_t> rows, std::span<const uint16_t> parents, size_t length);

  const DecoderLimits& limits() const { return limits_; }

 private:
  struct Buffers;

  // Entries of one step that follow each other and listen to the same slot: a head's keys and
  // values come from memory once for all of them.
  struct Group {
    size_t begin = 0;
    size_t count = 0;
    size_t slot = 0;
  };

  // What one head does for a group.
  struct Listening {
    Group group;
    AlignmentHead at;
    bool mixes = true;  // or only weighs
  };

  void Embed(std::span<const DecoderEntry> entries);
  size_t Gather(std::span<const DecoderEntry> entries, bool DecoderEntry::* wants, size_t first);
  void Enter(profile::Stage stage, const profile::Work& work);
  void RunLayers(std::span<const DecoderEntry> entries);
  void RunTextAttention(std::span<const DecoderEntry> entries, size_t layer);
  void RunAudioAttention(std::span<const DecoderEntry> entries, size_t layer);
  void RunFeedForward(size_t count, size_t layer);
  void AskAudio(size_t count, size_t layer);
  void AttendToText(std::span<const DecoderEntry> entries, size_t layer, size_t entry,
                    size_t thread);
  void MakeGroups(std::span<const DecoderEntry> entries);
  profile::Work AudioWork() const;
  void AttendToAudio(std::span<const DecoderEntry> entries, const Listening& listening,
                     size_t thread);
  void AttendToHalf(std::span<const DecoderEntry> entries, const Listening& listening,
                    size_t thread);
  void AttendToInt8(std::span<const DecoderEntry> entries, const Listening& listening,
                    size_t thread);
  bool IsAligning(const AlignmentHead& head) const;
  void KeepWeights(const DecoderEntry& entry, const AlignmentHead& at, const float* weights);
  uint16_t* Kept(size_t slot, size_t alignment_head, size_t position);

  std::shared_ptr<const Model> model_;
  DecoderLimits limits_;
  kernels::ThreadPool& pool_;
  nn::SelfCache self_;
  std::optional<nn::CrossCache> half_cross_;  // one of the two: limits_.audio_format
  std::optional<nn::Int8CrossCache> int8_cross_;
  std::vector<AudioPositions> audio_positions_;  // of each slot
  std::vector<Group> groups_;                    // of the current step
  std::vector<nn::LikelyOutput> likeliest_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace verbatim::whisper
