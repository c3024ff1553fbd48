#include "whisper/encoder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kernels/aligned.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "nn/linear_work.h"
#include "whisper/mel.h"

namespace verbatim::whisper {
namespace {

using kernels::Finish;
using kernels::kRowBlock;
using profile::Stage;
using profile::StageScope;

size_t Blocks(size_t rows) { return (rows + kRowBlock - 1) / kRowBlock; }

}  // namespace

// All row counts are whole blocks, so every product has the same shape; the rows behind the last
// position hold whatever the same steps made of zeros, and nothing reads them.
struct Encoder::Buffers {
  // Per thread: one block of rows in the works.
  struct Thread {
    std::vector<float> normed;  // [block, width]
    std::vector<float> wide;    // [block, 4 * width]; also the convolutions' columns
    kernels::Aligned<float> scratch;
  };

  Buffers(const ModelShape& shape, const kernels::AttentionKernels& attention, size_t threads)
      : rows(Blocks(shape.audio_positions) * kRowBlock),
        frames(Blocks(kMelFrames) * kRowBlock),
        hidden(rows * shape.width),
        qkv(std::max(rows * 3 * shape.width, (frames + 1) * shape.width)),
        attended(rows * shape.width),
        states(rows * shape.width),
        head_words(attention.packed_words({shape.depth, shape.audio_positions})),
        heads(shape.heads * head_words),
        per_thread(threads) {
    CHECK(kRowBlock % attention.group == 0);
    for (Thread& thread : per_thread) {
      thread.normed.resize(kRowBlock * shape.width);
      thread.wide.resize(kRowBlock * std::max(4 * shape.width, 3 * shape.mels));
      thread.scratch =
          kernels::Aligned<float>(attention.scratch_words({shape.depth, shape.audio_positions}));
    }
  }

  size_t rows;
  size_t frames;
  std::vector<float> hidden;  // [rows, width]
  std::vector<float> qkv;  // [rows, 3 * width]; before the layers: the first convolution's output
  std::vector<float> attended;  // [rows, width]
  std::vector<float> states;    // [rows, width]
  size_t head_words;
  kernels::Aligned<float> heads;  // keys and values as the kernels want them: [heads, head_words]
  std::vector<Thread> per_thread;
};

Encoder::Encoder(std::shared_ptr<const Model> model, kernels::ThreadPool& pool)
    : model_(std::move(model)),
      pool_(pool),
      buffers_(std::make_unique<Buffers>(model_->shape, *model_->attention, pool.threads())) {}

Encoder::~Encoder() = default;

Result<std::span<const float>> Encoder::Encode(std::span<const float> mel,
                                               const std::stop_token& stop) {
  CHECK(mel.size() == model_->shape.mels * kMelFrames);
  Buffers& buffers = *buffers_;
  StageScope scope(pool_.clock(), Stage::kEncoderRest);
  Convolve(mel);
  for (size_t i = 0; i < model_->encoder.size(); ++i) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while encoding");
    const EncoderLayer& layer = model_->encoder[i];
    // A row block goes through the end of one layer and the start of the next in one piece of work.
    pool_.Run(Blocks(model_->shape.audio_positions), [&](size_t block, size_t thread) {
      if (i > 0) FinishLayer(model_->encoder[i - 1], block, thread);
      Project(layer, block, thread);
    });
    const ModelShape& shape = model_->shape;
    scope.Next(Stage::kEncoderAttention,
               {4 * shape.width * shape.audio_positions * shape.audio_positions, 0});
    Attend();
    scope.Next(Stage::kEncoderRest);
  }
  const size_t width = model_->shape.width;
  pool_.Run(Blocks(model_->shape.audio_positions), [&](size_t block, size_t thread) {
    FinishLayer(model_->encoder.back(), block, thread);
    const size_t at = block * kRowBlock * width;
    model_->encoder_norm.Apply(*model_->kernels, buffers.hidden.data() + at, kRowBlock,
                               buffers.states.data() + at);
  });
  return std::span<const float>(buffers.states).first(model_->shape.audio_positions * width);
}

// Both convolutions have 3 taps: as matrices they read columns of 3 neighbouring frames. The first
// keeps 3000 frames, the second takes every other one.
void Encoder::Convolve(std::span<const float> mel) {
  Buffers& buffers = *buffers_;
  const ModelShape& shape = model_->shape;
  const size_t width = shape.width;
  float* first = buffers.qkv.data();  // [1 + frames, width]; row 0 is the padding before frame 0
  std::fill_n(first, width, 0.0F);
  StageScope scope(pool_.clock(), Stage::kEncoderConvolutions,
                   nn::WorkOf(model_->conv1, kMelFrames));
  pool_.Run(Blocks(kMelFrames), [&](size_t block, size_t thread) {
    float* columns = buffers.per_thread[thread].wide.data();
    for (size_t row = 0; row < kRowBlock; ++row) {
      for (size_t tap = 0; tap < 3; ++tap) {
        const size_t frame =
            block * kRowBlock + row + tap - 1;  // wraps below 0 to a number beyond all frames
        float* out = columns + (row * 3 + tap) * shape.mels;
        for (size_t band = 0; band < shape.mels; ++band) {
          out[band] = frame < kMelFrames ? mel[band * kMelFrames + frame] : 0.0F;
        }
      }
    }
    model_->conv1.Apply(columns, kRowBlock, Finish::kGelu, first + (1 + block * kRowBlock) * width);
  });
  scope.Next(Stage::kEncoderConvolutions, nn::WorkOf(model_->conv2, shape.audio_positions));
  pool_.Run(Blocks(shape.audio_positions), [&](size_t block, size_t thread) {
    float* columns = buffers.per_thread[thread].wide.data();
    const size_t rows = std::min(kRowBlock, shape.audio_positions - block * kRowBlock);
    for (size_t row = 0; row < rows; ++row) {
      std::memcpy(columns + row * 3 * width, first + 2 * (block * kRowBlock + row) * width,
                  3 * width * sizeof(float));
    }
    float* hidden = buffers.hidden.data() + block * kRowBlock * width;
    model_->conv2.Apply(columns, kRowBlock, Finish::kGelu, hidden);
    const float* positions = model_->audio_position_encodings.data() + block * kRowBlock * width;
    model_->kernels->add_scaled(positions, 1.0F, rows * width, hidden);
  });
}

void Encoder::Project(const EncoderLayer& layer, size_t block, size_t thread) {
  Buffers& buffers = *buffers_;
  const size_t width = model_->shape.width;
  float* normed = buffers.per_thread[thread].normed.data();
  layer.attention.norm.Apply(*model_->kernels, buffers.hidden.data() + block * kRowBlock * width,
                             kRowBlock, normed);
  StageScope scope(pool_.clock(thread), Stage::kEncoderProjections,
                   nn::WorkOf(layer.attention.qkv, kRowBlock));
  layer.attention.qkv.Apply(normed, kRowBlock, Finish::kStore,
                            buffers.qkv.data() + block * kRowBlock * 3 * width);
  scope.Next(Stage::kEncoderAttention);
  PackHeads(block);
}

// The keys and values of a block's positions, while they are in the cache.
void Encoder::PackHeads(size_t block) {
  Buffers& buffers = *buffers_;
  const ModelShape& shape = model_->shape;
  const size_t begin = block * kRowBlock;
  const size_t end = std::min(begin + kRowBlock, shape.audio_positions);
  for (size_t head = 0; head < shape.heads; ++head) {
    const float* keys = buffers.qkv.data() + shape.width + head * shape.depth;
    model_->attention->pack({keys, keys + shape.width, 3 * shape.width},
                            {shape.depth, shape.audio_positions}, {begin, end},
                            buffers.heads.data() + head * buffers.head_words);
  }
}

// One head and one block of queries at a time.
void Encoder::Attend() {
  Buffers& buffers = *buffers_;
  const ModelShape& shape = model_->shape;
  const size_t blocks = Blocks(shape.audio_positions);
  pool_.Run(shape.heads * blocks, [&](size_t part, size_t thread) {
    const size_t column = part / blocks * shape.depth;
    const size_t row = part % blocks * kRowBlock;
    kernels::AttentionQueries queries;
    queries.queries = buffers.qkv.data() + row * 3 * shape.width + column;
    queries.stride = 3 * shape.width;
    queries.rows = std::min(kRowBlock, shape.audio_positions - row);
    queries.out = buffers.attended.data() + row * shape.width + column;
    queries.out_stride = shape.width;
    model_->attention->attend(queries, {shape.depth, shape.audio_positions},
                              buffers.heads.data() + part / blocks * buffers.head_words,
                              buffers.per_thread[thread].scratch.data());
  });
}

void Encoder::FinishLayer(const EncoderLayer& layer, size_t block, size_t thread) {
  Buffers& buffers = *buffers_;
  const size_t at = block * kRowBlock * model_->shape.width;
  float* hidden = buffers.hidden.data() + at;
  float* normed = buffers.per_thread[thread].normed.data();
  float* wide = buffers.per_thread[thread].wide.data();
  StageScope scope(pool_.clock(thread), Stage::kEncoderOutput,
                   nn::WorkOf(layer.attention.out, kRowBlock));
  layer.attention.out.Apply(buffers.attended.data() + at, kRowBlock, Finish::kAdd, hidden);
  scope.Next(Stage::kEncoderRest);
  layer.feed_forward.norm.Apply(*model_->kernels, hidden, kRowBlock, normed);
  scope.Next(Stage::kEncoderFeedForward, nn::WorkOf(layer.feed_forward.up, kRowBlock));
  layer.feed_forward.up.Apply(normed, kRowBlock, Finish::kGelu, wide);
  scope.Next(Stage::kEncoderFeedForward, nn::WorkOf(layer.feed_forward.down, kRowBlock));
  layer.feed_forward.down.Apply(wide, kRowBlock, Finish::kAdd, hidden);
}

}  // namespace verbatim::whisper
