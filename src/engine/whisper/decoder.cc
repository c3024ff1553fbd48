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
  Buffers(const ModelShape& shape, const DecoderLimits& limits, size_t alignment_heads,
          size_t threads)
      : hidden(PaddedRows(limits.entries) * shape.width),
        normed(hidden.size()),
        query(hidden.size()),
        attended(hidden.size()),
        wide(hidden.size() * 4),
        gathered(PaddedRows(limits.logit_rows) * shape.width),
        logits(PaddedRows(limits.logit_rows) * shape.vocabulary),
        scores(threads, std::vector<float>(std::max(shape.audio_positions, shape.text_positions))),
        audio_block(threads, std::vector<float>(kRowBlock * 2 * shape.width)),
        kept(limits.slots * alignment_heads * limits.positions * shape.audio_positions) {}

  nn::Buffer hidden, normed, query, attended;  // [entries, width]
  nn::Buffer wide;      // [entries, 4 * width]; first holds queries, keys and values
  nn::Buffer gathered;  // [logit_rows, width]
  nn::Buffer logits;    // [logit_rows, vocabulary]
  std::vector<std::vector<float>> scores;  // per thread
  std::vector<std::vector<float>>
      audio_block;         // per thread: keys and values of a block of positions
  nn::HalfBuffer kept;     // [slots, alignment heads, positions, audio positions]
  nn::Buffer kept_floats;  // what KeptWeights returns; sized when first asked for
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
      buffers_(std::make_unique<Buffers>(model_->shape, limits, model_->alignment_heads.size(),
                                         pool.threads())) {}

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
  RunLayers(entries);
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

void Decoder::StepForWeights(std::span<const DecoderEntry> entries) {
  size_t last = 0;
  for (const AlignmentHead& head : model_->alignment_heads) last = std::max(last, head.layer);
  const StageScope scope(pool_.clock(), Stage::kAlignmentPass);
  Embed(entries);
  for (size_t layer = 0; layer < last; ++layer) {
    RunTextAttention(entries, layer);
    RunAudioAttention(entries, layer);
    RunFeedForward(entries.size(), layer);
  }
  RunTextAttention(entries, last);
  AskAudio(entries.size(), last);
  pool_.Run(model_->alignment_heads.size(), [&](size_t head, size_t thread) {
    const AlignmentHead& at = model_->alignment_heads[head];
    if (at.layer != last) return;
    for (size_t i = 0; i < entries.size(); ++i)
      WeighAudio(entries[i], i, at, buffers_->scores[thread].data());
  });
}

std::span<const float> Decoder::KeptWeights(size_t slot, size_t positions, size_t frames) {
  CHECK(slot < limits_.slots && positions <= limits_.positions &&
        frames <= model_->shape.audio_positions);
  const size_t heads = model_->alignment_heads.size();
  const size_t size = heads * positions * frames;
  if (buffers_->kept_floats.size() < size) buffers_->kept_floats = nn::Buffer(size);
  pool_.Run(heads, [&](size_t head, size_t) {
    for (size_t position = 0; position < positions; ++position) {
      model_->kernels->from_half(
          Kept(slot, head, position), frames,
          buffers_->kept_floats.data() + (head * positions + position) * frames);
    }
  });
  return buffers_->kept_floats.span().first(size);
}

uint16_t* Decoder::Kept(size_t slot, size_t alignment_head, size_t position) {
  const size_t row =
      (slot * model_->alignment_heads.size() + alignment_head) * limits_.positions + position;
  return buffers_->kept.data() + row * model_->shape.audio_positions;
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

// All of a pass for the alignment counts as that.
void Decoder::Enter(Stage stage, const Work& work) {
  if (pool_.clock().stage() != Stage::kAlignmentPass) pool_.clock().SwitchTo(stage);
  pool_.clock().Count(work);
}

void Decoder::RunLayers(std::span<const DecoderEntry> entries) {
  for (size_t layer = 0; layer < model_->decoder.size(); ++layer) {
    RunTextAttention(entries, layer);
    RunAudioAttention(entries, layer);
    RunFeedForward(entries.size(), layer);
  }
}

void Decoder::RunTextAttention(std::span<const DecoderEntry> entries, size_t index) {
  Buffers& buffers = *buffers_;
  const SelfAttention& layer = model_->decoder[index].attention;
  const size_t count = entries.size();
  const size_t width = model_->shape.width;
  float* wide = buffers.wide.data();
  Enter(Stage::kDecoderLinear, nn::WorkOf(layer.qkv, count) + nn::WorkOf(layer.out, count));
  layer.norm.Apply(*model_->kernels, buffers.hidden.data(), count, buffers.normed.data());
  layer.qkv.ApplyParallel(buffers.normed.data(), count, Finish::kStore, wide, pool_);
  for (size_t i = 0; i < count; ++i) {
    const float* key = wide + i * 3 * width + width;
    std::memcpy(self_.Key(index, entries[i].row, entries[i].position), key, width * sizeof(float));
    std::memcpy(self_.Value(index, entries[i].row, entries[i].position), key + width,
                width * sizeof(float));
  }
  const size_t positions = TextPositions(entries);
  Enter(Stage::kDecoderSelfAttention,
        {4 * width * positions, 2 * width * positions * sizeof(float)});
  pool_.Run(count,
            [&](size_t entry, size_t thread) { AttendToText(entries, index, entry, thread); });
  Enter(Stage::kDecoderLinear, {});
  layer.out.ApplyParallel(buffers.attended.data(), count, Finish::kAdd, buffers.hidden.data(),
                          pool_);
}

void Decoder::RunAudioAttention(std::span<const DecoderEntry> entries, size_t index) {
  const CrossAttention& layer = model_->decoder[index].cross;
  const size_t count = entries.size();
  const ModelShape& shape = model_->shape;
  AskAudio(count, index);
  Enter(Stage::kDecoderCrossAttention, {4 * shape.width * count * shape.audio_positions,
                                        SlotChanges(entries) * cross_.LayerBytes()});
  pool_.Run(shape.heads,
            [&](size_t head, size_t thread) { AttendToAudio(entries, {index, head}, thread); });
  Enter(Stage::kDecoderLinear, nn::WorkOf(layer.out, count));
  layer.out.ApplyParallel(buffers_->attended.data(), count, Finish::kAdd, buffers_->hidden.data(),
                          pool_);
}

// The queries of cross-attention.
void Decoder::AskAudio(size_t count, size_t index) {
  const CrossAttention& layer = model_->decoder[index].cross;
  Enter(Stage::kDecoderLinear, nn::WorkOf(layer.query, count));
  layer.norm.Apply(*model_->kernels, buffers_->hidden.data(), count, buffers_->normed.data());
  layer.query.ApplyParallel(buffers_->normed.data(), count, Finish::kStore, buffers_->query.data(),
                            pool_);
}

void Decoder::RunFeedForward(size_t count, size_t index) {
  Buffers& buffers = *buffers_;
  const FeedForward& layer = model_->decoder[index].feed_forward;
  Enter(Stage::kDecoderLinear, nn::WorkOf(layer.up, count) + nn::WorkOf(layer.down, count));
  layer.norm.Apply(*model_->kernels, buffers.hidden.data(), count, buffers.normed.data());
  layer.up.ApplyParallel(buffers.normed.data(), count, Finish::kGelu, buffers.wide.data(), pool_);
  layer.down.ApplyParallel(buffers.wide.data(), count, Finish::kAdd, buffers.hidden.data(), pool_);
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
                            size_t thread) {
  const ModelShape& shape = model_->shape;
  float* weights = buffers_->scores[thread].data();
  for (size_t i = 0; i < entries.size(); ++i) {
    WeighAudio(entries[i], i, at, weights);
    model_->kernels->attention_mix(
        weights, cross_.Values(entries[i].slot, at.layer, at.head), shape.audio_positions,
        shape.depth, buffers_->attended.data() + i * shape.width + at.head * shape.depth);
  }
}

// What the entry with this index attends to. Keeps it if the entry wants that.
void Decoder::WeighAudio(const DecoderEntry& entry, size_t index, const AlignmentHead& at,
                         float* weights) {
  const ModelShape& shape = model_->shape;
  model_->kernels->attention_scores(
      buffers_->query.data() + index * shape.width + at.head * shape.depth,
      cross_.KeysT(entry.slot, at.layer, at.head),
      {shape.depth, cross_.stride(), shape.audio_positions}, weights);
  model_->kernels->softmax(weights, shape.audio_positions);
  if (!entry.keeps_weights) return;
  for (size_t i = 0; i < model_->alignment_heads.size(); ++i) {
    const AlignmentHead& head = model_->alignment_heads[i];
    if (head.layer != at.layer || head.head != at.head) continue;
    model_->kernels->to_half(weights, shape.audio_positions, Kept(entry.slot, i, entry.position));
  }
}

}  // namespace verbatim::whisper
