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
using kernels::PaddedRows;
using profile::Stage;
using profile::StageScope;

// The convolutions make this many positions at a time: a number of rows that needs no filling up,
// since the rows behind them are another thread's.
constexpr size_t kStep = kRowBlock / 2;
constexpr size_t kFramesPerStep = 2 * kStep + 1;

size_t Blocks(size_t rows) { return (rows + kRowBlock - 1) / kRowBlock; }

}  // namespace

struct Encoder::Buffers {
  // Per thread: one block of rows in the works.
  struct Thread {
    kernels::Aligned<float> normed;  // [block, width]; also the first convolution's output
    kernels::Aligned<float> wide;    // [block, 4 * width]; also queries, keys and values, and the
                                     // convolutions' columns
    kernels::Aligned<float> scratch;
  };

  Buffers(const ModelShape& shape, const kernels::AttentionKernels& attention, size_t threads)
      : hidden(Blocks(shape.audio_positions) * kRowBlock * shape.width),
        attended(hidden.size()),
        head_words(attention.packed_words({shape.depth, shape.audio_positions})),
        heads(shape.heads * head_words),
        per_thread(threads) {
    CHECK(kRowBlock % attention.group == 0);
    for (Thread& thread : per_thread) {
      const size_t frames = PaddedRows(kFramesPerStep);
      thread.normed = kernels::Aligned<float>(frames * shape.width);
      thread.wide =
          kernels::Aligned<float>(std::max(kRowBlock * 4 * shape.width, frames * 3 * shape.mels));
      thread.scratch =
          kernels::Aligned<float>(attention.scratch_words({shape.depth, shape.audio_positions}));
    }
  }

  kernels::Aligned<float> hidden;    // [rows, width], rows filled up to whole blocks
  kernels::Aligned<float> attended;  // [rows, width]: queries, which attention replaces by its
                                     // results
  size_t head_words;
  kernels::Aligned<float> heads;  // keys and values as the kernels want them: [heads, head_words]
  std::vector<Thread> per_thread;
};

Encoder::Encoder(std::shared_ptr<const Model> model, kernels::ThreadPool& pool)
    : model_(std::move(model)),
      pool_(pool),
      buffers_(std::make_unique<Buffers>(model_->shape, *model_->attention, pool.threads())) {}

Encoder::~Encoder() = default;

kernels::AttentionShape Encoder::attention_shape() const {
  return {model_->shape.depth, positions_.count(), positions_.sampled, AudioPositions::kGroup};
}

template <typename Step>
void Encoder::ForEachBlock(const Step& step) {
  pool_.Run(Blocks(positions_.count()), [&](size_t block, size_t thread) {
    const size_t begin = block * kRowBlock;
    step(Block{begin, std::min(kRowBlock, positions_.count() - begin), thread});
  });
}

Result<std::span<const float>> Encoder::Encode(std::span<const float> mel,
                                               const AudioPositions& positions,
                                               const std::stop_token& stop) {
  CHECK(mel.size() == model_->shape.mels * kMelFrames);
  CHECK(positions.count() > 0 && positions.count() <= model_->shape.audio_positions);
  positions_ = positions;
  const size_t width = model_->shape.width;
  float* hidden = buffers_->hidden.data();
  StageScope scope(pool_.clock(), Stage::kEncoderRest);
  Embed(mel);
  for (size_t i = 0; i < model_->encoder.size(); ++i) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while encoding");
    // A row block goes through the end of one layer and the start of the next in one piece of work.
    ForEachBlock([&](const Block& block) {
      if (i > 0) FinishLayer(model_->encoder[i - 1], block);
      Project(model_->encoder[i], block);
    });
    scope.Next(Stage::kEncoderAttention, {4 * width * positions_.count() * positions_.count(), 0});
    Attend();
    scope.Next(Stage::kEncoderRest);
  }
  ForEachBlock([&](const Block& block) {
    FinishLayer(model_->encoder.back(), block);
    float* rows = hidden + block.begin * width;
    model_->encoder_norm.Apply(*model_->kernels, rows, block.rows, rows);
  });
  return std::span<const float>(hidden, positions_.count() * width);
}

// Both convolutions have 3 taps: as matrices they read columns of 3 neighbouring frames. The first
// keeps all frames, the second every other one. This makes positions [first, first + count) of the
// window, of which the frames from 2 * first - 1 to 2 * (first + count) - 1 are needed.
void Encoder::Convolve(std::span<const float> mel, size_t first, size_t count, size_t thread) {
  const ModelShape& shape = model_->shape;
  const size_t width = shape.width;
  const size_t frames = 2 * count + 1;
  float* columns = buffers_->per_thread[thread].wide.data();
  float* convolved = buffers_->per_thread[thread].normed.data();
  for (size_t row = 0; row < frames; ++row) {
    for (size_t tap = 0; tap < 3; ++tap) {
      // Wraps below 0 to a number beyond all frames.
      const size_t frame = 2 * first + row + tap - 2;
      float* out = columns + (row * 3 + tap) * shape.mels;
      for (size_t band = 0; band < shape.mels; ++band) {
        out[band] = frame < kMelFrames ? mel[band * kMelFrames + frame] : 0.0F;
      }
    }
  }
  StageScope scope(pool_.clock(thread), Stage::kEncoderConvolutions,
                   nn::WorkOf(model_->conv1, frames));
  model_->conv1.Apply(columns, frames, Finish::kGelu, convolved);
  if (first == 0) std::fill_n(convolved, width, 0.0F);  // the padding in front of the window
  for (size_t row = 0; row < count; ++row) {
    std::memcpy(columns + row * 3 * width, convolved + 2 * row * width, 3 * width * sizeof(float));
  }
  scope.Next(Stage::kEncoderConvolutions, nn::WorkOf(model_->conv2, count));
  float* hidden = buffers_->hidden.data() + first * width;
  model_->conv2.Apply(columns, count, Finish::kGelu, hidden);
}

// The positions that are sampled from the silence differ in their encodings alone.
void Encoder::Embed(std::span<const float> mel) {
  const size_t width = model_->shape.width;
  float* hidden = buffers_->hidden.data();
  pool_.Run((positions_.exact + kStep - 1) / kStep, [&](size_t part, size_t thread) {
    const size_t first = part * kStep;
    Convolve(mel, first, std::min(kStep, positions_.exact - first), thread);
  });
  for (size_t i = 0; i < positions_.sampled; ++i) {
    std::copy_n(hidden + (positions_.exact - 2) * width, width,
                hidden + (positions_.exact + i) * width);
  }
  ForEachBlock([&](const Block& block) {
    for (size_t row = block.begin; row < block.begin + block.rows; ++row) {
      model_->kernels->add_scaled(
          model_->audio_position_encodings.data() + positions_.At(row) * width, 1.0F, width,
          hidden + row * width);
    }
  });
}

void Encoder::Project(const EncoderLayer& layer, const Block& block) {
  const size_t width = model_->shape.width;
  float* normed = buffers_->per_thread[block.thread].normed.data();
  float* qkv = buffers_->per_thread[block.thread].wide.data();
  layer.attention.norm.Apply(*model_->kernels, buffers_->hidden.data() + block.begin * width,
                             block.rows, normed);
  StageScope scope(pool_.clock(block.thread), Stage::kEncoderProjections,
                   nn::WorkOf(layer.attention.qkv, block.rows));
  layer.attention.qkv.Apply(normed, block.rows, Finish::kStore, qkv);
  scope.Next(Stage::kEncoderAttention);
  for (size_t row = 0; row < block.rows; ++row) {
    std::copy_n(qkv + row * 3 * width, width,
                buffers_->attended.data() + (block.begin + row) * width);
  }
  PackHeads(block, qkv);
}

// The keys and values of a block's positions, while they are in the cache.
void Encoder::PackHeads(const Block& block, const float* qkv) {
  const ModelShape& shape = model_->shape;
  const size_t stride = 3 * shape.width;
  for (size_t head = 0; head < shape.heads; ++head) {
    // The kernel counts rows from position 0.
    const float* keys = qkv + shape.width + head * shape.depth - block.begin * stride;
    model_->attention->pack({keys, keys + shape.width, stride}, attention_shape(),
                            {block.begin, block.begin + block.rows},
                            buffers_->heads.data() + head * buffers_->head_words);
  }
}

// One head and one block of queries at a time.
void Encoder::Attend() {
  const ModelShape& shape = model_->shape;
  const size_t blocks = Blocks(positions_.count());
  pool_.Run(shape.heads * blocks, [&](size_t part, size_t thread) {
    const size_t head = part / blocks;
    const size_t row = part % blocks * kRowBlock;
    float* rows = buffers_->attended.data() + row * shape.width + head * shape.depth;
    const kernels::AttentionQueries queries{
        rows, shape.width, std::min(kRowBlock, positions_.count() - row), rows, shape.width};
    model_->attention->attend(queries, attention_shape(),
                              buffers_->heads.data() + head * buffers_->head_words,
                              buffers_->per_thread[thread].scratch.data());
  });
}

void Encoder::FinishLayer(const EncoderLayer& layer, const Block& block) {
  const size_t at = block.begin * model_->shape.width;
  float* hidden = buffers_->hidden.data() + at;
  float* normed = buffers_->per_thread[block.thread].normed.data();
  float* wide = buffers_->per_thread[block.thread].wide.data();
  StageScope scope(pool_.clock(block.thread), Stage::kEncoderOutput,
                   nn::WorkOf(layer.attention.out, block.rows));
  layer.attention.out.Apply(buffers_->attended.data() + at, block.rows, Finish::kAdd, hidden);
  scope.Next(Stage::kEncoderRest);
  layer.feed_forward.norm.Apply(*model_->kernels, hidden, block.rows, normed);
  scope.Next(Stage::kEncoderFeedForward, nn::WorkOf(layer.feed_forward.up, block.rows));
  layer.feed_forward.up.Apply(normed, block.rows, Finish::kGelu, wide);
  scope.Next(Stage::kEncoderFeedForward, nn::WorkOf(layer.feed_forward.down, block.rows));
  layer.feed_forward.down.Apply(wide, block.rows, Finish::kAdd, hidden);
}

}  // namespace verbatim::whisper
