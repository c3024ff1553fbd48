#include "whisper/decoder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kernels/gemm.h"
#include "nn/linear_work.h"

namespace verbatim::whisper {
namespace {

using kernels::Finish;
using kernels::kRowBlock;
using kernels::PaddedRows;
using profile::Stage;
using profile::StageScope;
using profile::Work;

// Over all entries: the positions of their histories, and the changes from window to window.
size_t TextPositions(std::span<const DecoderEntry> entries) {
  size_t sum = 0;
  for (const DecoderEntry& entry : entries) sum += entry.position + size_t{1};
  return sum;
}

size_t SlotChanges(std::span<const DecoderEntry> entries) {
  size_t changes = 1;
  for (size_t i = 1; i < entries.size(); ++i) changes += entries[i].slot != entries[i - 1].slot;
  return changes;
}

}  // namespace

struct Decoder::Buffers {
  Buffers(const ModelShape& shape, const DecoderLimits& limits, size_t threads)
      : hidden(PaddedRows(limits.entries) * shape.width),
        normed(hidden.size()),
        query(hidden.size()),
        attended(hidden.size()),
        wide(hidden.size() * 4),
        gathered(PaddedRows(limits.logit_rows) * shape.width),
        logits(PaddedRows(limits.logit_rows) * shape.vocabulary),
        scores(threads, std::vector<float>(std::max(shape.audio_positions, shape.text_positions))),
        audio_block(threads, std::vector<float>(kRowBlock * 2 * shape.width)) {}

  nn::Buffer hidden, normed, query, attended;  // [entries, width]
  nn::Buffer wide;      // [entries, 4 * width]; first holds queries, keys and values
  nn::Buffer gathered;  // [logit_rows, width]
  nn::Buffer logits;    // [logit_rows, vocabulary]
  std::vector<std::vector<float>> scores;  // per thread
  std::vector<std::vector<float>>
      audio_block;       // per thread: keys and values of a block of positions
  nn::Buffer alignment;  // [heads, entries, positions]; sized when first asked for
};

Decoder::Decoder(std::shared_ptr<const Model> model, const DecoderLimits& limits,
                 kernels::ThreadPool& pool)
    : model_(std::move(model)),
      limits_(limits),
      pool_(pool),
      self_({model_->shape.decoder_layers, model_->shape.width, limits.positions}, limits.rows),
      cross_({model_->shape.decoder_layers, model_->shape.heads, model_->shape.depth,
              model_->shape.audio_positions},
             limits.slots, *model_->kernels),
      buffers_(std::make_unique<Buffers>(model_->shape, limits, pool.threads())) {}

Decoder::~Decoder() = default;

void Decoder::SetAudio(size_t slot, std::span<const float> states) {
  const ModelShape& shape = model_->shape;
  const size_t blocks = (shape.audio_positions + kRowBlock - 1) / kRowBlock;
  StageScope scope(pool_.clock(), Stage::kCrossKeyValues);
  for (const DecoderLayer& layer : model_->decoder) {
    scope.Next(Stage::kCrossKeyValues, nn::WorkOf(layer.cross.key_value, shape.audio_positions));
  }
  pool_.Run(shape.decoder_layers * blocks, [&](size_t part, size_t thread) {
    const size_t layer = part / blocks;
    const size_t begin = part % blocks * kRowBlock;
    float* block = buffers_->audio_block[thread].data();
    model_->decoder[layer].cross.key_value.Apply(states.data() + begin * shape.width, kRowBlock,
                                                 Finish::kStore, block);
    cross_.Store(slot, layer, block, begin, std::min(kRowBlock, shape.audio_positions - begin));
  });
}

std::span<float> Decoder::Step(std::span<const DecoderEntry> entries) {
  const size_t width = model_->shape.width;
  StageScope scope(pool_.clock(), Stage::kDecoderRest);
  Embed(entries);
  RunLayers(entries, model_->decoder.size(), false);
  size_t wanted = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].wants_logits) continue;
    CHECK(wanted < limits_.logit_rows);
    model_->decoder_norm.Apply(*model_->kernels, buffers_->hidden.data() + i * width, 1,
                               buffers_->gathered.data() + wanted++ * width);
  }
  if (wanted > 0) {
    scope.Next(Stage::kVocabulary, nn::WorkOf(model_->vocabulary, wanted));
    model_->vocabulary.ApplyParallel(buffers_->gathered.data(), wanted, Finish::kStore,
                                     buffers_->logits.data(), pool_);
  }
  return buffers_->logits.span().first(wanted * model_->shape.vocabulary);
}

std::span<const float> Decoder::AlignmentWeights(std::span<const DecoderEntry> entries) {
  size_t layers = 0;
  for (const AlignmentHead& head : model_->alignment_heads)
    layers = std::max(layers, head.layer + 1);
  const size_t size =
      model_->alignment_heads.size() * entries.size() * model_->shape.audio_positions;
  if (buffers_->alignment.size() < size) buffers_->alignment = nn::Buffer(size);
  const StageScope scope(pool_.clock(), Stage::kAlignmentPass);
  Embed(entries);
  RunLayers(entries, layers, true);
  return buffers_->alignment.span().first(size);
}

void Decoder::Branch(std::span<const uint16_t> rows, std::span<const uint16_t> parents,
                     size_t length) {
  self_.Branch(rows, parents, length);
}

void Decoder::Embed(std::span<const DecoderEntry> entries) {
  CHECK(entries.size() <= limits_.entries);
  const size_t width = model_->shape.width;
  for (size_t i = 0; i < entries.size(); ++i) {
    const DecoderEntry& entry = entries[i];
    CHECK(entry.position < limits_.positions && entry.row < limits_.rows &&
          entry.slot < limits_.slots);
    float* hidden = buffers_->hidden.data() + i * width;
    model_->embeddings->CopyRows(static_cast<size_t>(entry.token), 1, hidden);
    model_->kernels->add_scaled(model_->text_position_encodings.data() + entry.position * width,
                                1.0F, width, hidden);
    self_.Own(entry.row, entry.position);
  }
}

void Decoder::RunLayers(std::span<const DecoderEntry> entries, size_t layers, bool keeps_weights) {
  Buffers& buffers = *buffers_;
  const size_t count = entries.size();
  const size_t width = model_->shape.width;
  float* hidden = buffers.hidden.data();
  float* normed = buffers.normed.data();
  float* attended = buffers.attended.data();
  float* wide = buffers.wide.data();
  const auto enter = [&](Stage stage, const Work& work) {
    pool_.clock().SwitchTo(keeps_weights ? Stage::kAlignmentPass : stage);
    pool_.clock().Count(work);
  };
  const size_t text_positions = TextPositions(entries);
  const size_t audio_bytes = SlotChanges(entries) * cross_.LayerBytes();
  for (size_t index = 0; index < layers; ++index) {
    const DecoderLayer& layer = model_->decoder[index];
    enter(Stage::kDecoderLinear, nn::WorkOf(layer.attention.qkv, count));
    layer.attention.norm.Apply(*model_->kernels, hidden, count, normed);
    layer.attention.qkv.ApplyParallel(normed, count, Finish::kStore, wide, pool_);
    for (size_t i = 0; i < count; ++i) {
      const float* key = wide + i * 3 * width + width;
      std::memcpy(self_.Key(index, entries[i].row, entries[i].position), key,
                  width * sizeof(float));
      std::memcpy(self_.Value(index, entries[i].row, entries[i].position), key + width,
                  width * sizeof(float));
    }
    enter(Stage::kDecoderSelfAttention,
          {4 * width * text_positions, 2 * width * text_positions * sizeof(float)});
    pool_.Run(count,
              [&](size_t entry, size_t thread) { AttendToText(entries, index, entry, thread); });
    enter(Stage::kDecoderLinear,
          nn::WorkOf(layer.attention.out, count) + nn::WorkOf(layer.cross.query, count));
    layer.attention.out.ApplyParallel(attended, count, Finish::kAdd, hidden, pool_);

    layer.cross.norm.Apply(*model_->kernels, hidden, count, normed);
    layer.cross.query.ApplyParallel(normed, count, Finish::kStore, buffers.query.data(), pool_);
    enter(Stage::kDecoderCrossAttention,
          {4 * width * count * model_->shape.audio_positions, audio_bytes});
    pool_.Run(model_->shape.heads, [&](size_t head, size_t thread) {
      AttendToAudio(entries, {index, head}, thread, keeps_weights);
    });
    enter(Stage::kDecoderLinear, nn::WorkOf(layer.cross.out, count) +
                                     nn::WorkOf(layer.feed_forward.up, count) +
                                     nn::WorkOf(layer.feed_forward.down, count));
    layer.cross.out.ApplyParallel(attended, count, Finish::kAdd, hidden, pool_);

    layer.feed_forward.norm.Apply(*model_->kernels, hidden, count, normed);
    layer.feed_forward.up.ApplyParallel(normed, count, Finish::kGelu, wide, pool_);
    layer.feed_forward.down.ApplyParallel(wide, count, Finish::kAdd, hidden, pool_);
  }
}

void Decoder::AttendToText(std::span<const DecoderEntry> entries, size_t layer, size_t index,
                           size_t thread) {
  const ModelShape& shape = model_->shape;
  const DecoderEntry& entry = entries[index];
  const size_t length = entry.position + size_t{1};
  float* scores = buffers_->scores[thread].data();
  for (size_t head = 0; head < shape.heads; ++head) {
    const size_t column = head * shape.depth;
    const float* query = buffers_->wide.data() + index * 3 * shape.width + column;
    for (size_t position = 0; position < length; ++position) {
      scores[position] = model_->kernels->dot(
          query, self_.SeenKey(layer, entry.row, position) + column, shape.depth);
    }
    model_->kernels->softmax(scores, length);
    float* out = buffers_->attended.data() + index * shape.width + column;
    std::fill_n(out, shape.depth, 0.0F);
    for (size_t position = 0; position < length; ++position) {
      model_->kernels->add_scaled(self_.SeenValue(layer, entry.row, position) + column,
                                  scores[position], shape.depth, out);
    }
  }
}

// Entries of one window follow each other, so a head's keys and values come from the cache for all
// but the first.
void Decoder::AttendToAudio(std::span<const DecoderEntry> entries, const AlignmentHead& at,
                            size_t thread, bool keeps_weights) {
  const ModelShape& shape = model_->shape;
  const auto [layer, head] = at;
  float* scores = buffers_->scores[thread].data();
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t slot = entries[i].slot;
    const size_t column = i * shape.width + head * shape.depth;
    model_->kernels->attention_scores(
        buffers_->query.data() + column, cross_.KeysT(slot, layer, head),
        {shape.depth, cross_.stride(), shape.audio_positions}, scores);
    model_->kernels->softmax(scores, shape.audio_positions);
    if (keeps_weights) KeepWeights(at, i, entries.size(), scores);
    model_->kernels->attention_mix(scores, cross_.Values(slot, layer, head), shape.audio_positions,
                                   shape.depth, buffers_->attended.data() + column);
  }
}

void Decoder::KeepWeights(const AlignmentHead& from, size_t entry, size_t entries,
                          const float* weights) {
  const size_t positions = model_->shape.audio_positions;
  for (size_t i = 0; i < model_->alignment_heads.size(); ++i) {
    const AlignmentHead& head = model_->alignment_heads[i];
    if (head.layer != from.layer || head.head != from.head) continue;
    std::memcpy(buffers_->alignment.data() + (i * entries + entry) * positions, weights,
                positions * sizeof(float));
  }
}

}  // namespace verbatim::whisper
