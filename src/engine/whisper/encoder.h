// Log-mel windows -> audio states: two convolutions and a stack of attention layers. Stateless
// across calls; each worker has one, with buffers of its own over the shared weights.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/error.h"
#include "kernels/thread_pool.h"
#include "whisper/audio_positions.h"
#include "whisper/model.h"

namespace verbatim::whisper {

class Encoder {
 public:
  Encoder(std::shared_ptr<const Model> model, kernels::ThreadPool& pool);
  ~Encoder();

  // Encodes one window. Windows of a batch follow each other: at 1500 rows a window fills the
  // kernels by itself, so encoding several at once would only need more memory. Behind the audio of
  // `positions` the spectrogram must be silence. Shape: mel `[mels, 3000]`; the states
  // `[positions.count(), width]` stay valid until the next call, with room for
  // kernels::PaddedRows(count) rows behind the pointer.
  // Unit: mel values are log10 power, normalised as in the source.
  // Errors: kCancelled, looked at once per layer.
  // Thread: one caller at a time, prepared by kernels::PrepareThread().
  // Source: Radford et al. 2022, section 2.2.
  Result<std::span<const float>> Encode(std::span<const float> mel, const AudioPositions& positions,
                                        const std::stop_token& stop);

 private:
  struct Buffers;
  // Some rows that one thread takes through a step.
  struct Block {
    size_t begin, rows, thread;
  };

  template <typename Step>
  void ForEachBlock(const Step& step);
  void Convolve(std::span<const float> mel, size_t first, size_t count, size_t thread);
  void Embed(std::span<const float> mel);
  void Project(const EncoderLayer& layer, const Block& block);
  void PackHeads(const Block& block, const float* qkv);
  void Attend();
  void FinishLayer(const EncoderLayer& layer, const Block& block);
  kernels::AttentionShape attention_shape() const;

  std::shared_ptr<const Model> model_;
  kernels::ThreadPool& pool_;
  std::unique_ptr<Buffers> buffers_;
  AudioPositions positions_;  // of the window in the works
};

}  // namespace verbatim::whisper
