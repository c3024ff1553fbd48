// A loaded Whisper model: sizes, weights laid out for the kernels, tokenizer and decoding lists.
// Made once, immutable, shared by all workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/attention.h"
#include "kernels/thread_pool.h"
#include "kernels/vector.h"
#include "nn/kv_cache.h"
#include "nn/linear.h"
#include "whisper/model_file.h"
#include "whisper/tokenizer.h"

namespace verbatim::whisper {

// Sizes as the files give them, checked against each other.
struct ModelShape {
  size_t mels = 0;   // 80 or 128
  size_t width = 0;  // 384 for tiny ... 1280 for large
  size_t heads = 0;  // of `depth` numbers each
  size_t depth = 0;  // 64 in all known models
  size_t encoder_layers = 0;
  size_t decoder_layers = 0;
  size_t audio_positions = 0;  // 1500
  size_t text_positions = 0;   // 448
  size_t vocabulary = 0;
};

struct SelfAttention {
  nn::LayerNorm norm;
  nn::Linear qkv;  // [3 * width, width]; the query part carries the factor 1 / sqrt(depth)
  nn::Linear out;
};

struct CrossAttention {
  nn::LayerNorm norm;
  nn::Linear query;      // carries the factor 1 / sqrt(depth)
  nn::Linear key_value;  // [2 * width, width]
  nn::Linear out;
};

struct FeedForward {
  nn::LayerNorm norm;
  nn::Linear up;  // [4 * width, width], GELU follows
  nn::Linear down;
};

struct EncoderLayer {
  SelfAttention attention;
  FeedForward feed_forward;
};

struct DecoderLayer {
  SelfAttention attention;
  CrossAttention cross;
  FeedForward feed_forward;
};

// One of the attention heads that follow the speech from word to word.
struct AlignmentHead {
  size_t layer = 0;
  size_t head = 0;
};

// The numbers that each part of the model computes with.
struct Precision {
  nn::Linear::Format encoder = nn::Linear::Format::kF32;  // and the audio's keys and values
  nn::Linear::Format decoder = nn::Linear::Format::kF32;
  // Of the encoder's self-attention. Where the CPU has no bf16, it computes in f32.
  kernels::AttentionFormat attention = kernels::AttentionFormat::kF32;
  nn::AudioFormat audio = nn::AudioFormat::kHalf;  // of the audio's keys and values
};

struct Model {
  ModelShape shape;
  Precision precision;
  kernels::InstructionSet set = kernels::InstructionSet::kPlain;  // of the kernels
  const kernels::VectorKernels* kernels = nullptr;
  const kernels::AttentionKernels* attention = nullptr;
  Tokenizer tokenizer;
  std::vector<int32_t> suppressed;        // config.json: never generated
  std::vector<int32_t> suppressed_first;  // config.json: never generated as the first token
  std::vector<AlignmentHead> alignment_heads;

  nn::Linear conv1;                             // [width, 3 * mels], columns by tap, then mel
  nn::Linear conv2;                             // [width, 3 * width], columns by tap, then channel
  std::vector<float> audio_position_encodings;  // [audio_positions, width]
  std::vector<EncoderLayer> encoder;
  nn::LayerNorm encoder_norm;

  std::vector<float> text_position_encodings;  // [text_positions, width]
  std::vector<DecoderLayer> decoder;
  nn::LayerNorm decoder_norm;
  nn::Linear vocabulary;  // [vocabulary, width]
  // [vocabulary, width], in `file`; none where the vocabulary's weights serve for both.
  const nn::TensorView* embeddings = nullptr;
  ModelFile file;  // keeps the embeddings mapped

  // What stands for a token at the decoder's start. Shape: out [width].
  void Embed(int32_t token, float* out) const;

  // Opens a CTranslate2 directory: model.bin, config.json, tokenizer.json. Packs the weights with
  // the pool's threads, in the precision asked for. Errors: kNotFound, kIo, kCorruptModel, each
  // naming the file.
  static Result<std::shared_ptr<const Model>> Open(const std::filesystem::path& directory,
                                                   const Precision& precision,
                                                   kernels::ThreadPool& pool);
};

}  // namespace verbatim::whisper
