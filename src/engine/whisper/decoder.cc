#include "whisper/decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "kernels/aligned.h"
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

// Added to the score of a position that stands for a group: its weight counts as often.
const float kLogOfGroup = std::log(static_cast<float>(AudioPositions::kGroup));

// The positions of all entries' histories.
size_t TextPositions(std::span<const DecoderEntry> entries) {
  size_t sum = 0;
  for (const DecoderEntry& entry : entries) sum += entry.position + size_t{1};
  return sum;
}

nn::AudioShape AudioShapeOf(const ModelShape& shape) {
  return {shape.decoder_layers, shape.heads, shape.depth, shape.audio_positions};
}

// Numbers that one thread's attention needs room for: with 8-bit audio, scores of several entries
// and the weights that are kept of them.
size_t ScoresSize(const ModelShape& shape, const DecoderLimits& limits) {
  const size_t size = std::max(shape.audio_positions, shape.text_positions);
  if (limits.audio_format != nn::AudioFormat::kInt8) return size;
  const kernels::Int8HeadShape head{shape.depth, shape.audio_positions};
  return std::max(size, head.scratch_size() + kernels::kInt8QueriesMax * shape.audio_positions);
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
        audio_block(threads, std::vector<float>(kRowBlock * 2 * shape.width)),
        kept(limits.slots * alignment_heads * limits.positions * shape.audio_positions) {
    for (size_t i = 0; i < threads; ++i) scores.emplace_back(ScoresSize(shape, limits));
  }

  nn::Buffer hidden, normed, query, attended;  // [entries, width]
  nn::Buffer wide;      // [entries, 4 * width]; first holds queries, keys and values
  nn::Buffer gathered;  // [logit_rows, width]
  nn::Buffer logits;    // [logit_rows, vocabulary]
  std::vector<kernels::Aligned<float>> scores;  // per thread
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
      audio_positions_(limits.slots),
      buffers_(std::make_unique<Buffers>(model_->shape, limits, model_->alignment_heads.size(),
                                         pool.threads())) {
  groups_.reserve(limits.entries);
  likeliest_.reserve(limits.logit_rows);
  const nn::AudioShape audio = AudioShapeOf(model_->shape);
  if (limits.audio_format == nn::AudioFormat::kInt8) {
    int8_cross_.emplace(audio, limits.slots, kernels::Int8AttentionKernelsFor(model_->set));
  } else {
    half_cross_.emplace(audio, limits.slots, *model_->kernels);
  }
}

Decoder::~Decoder() = default;

void Decoder::SetAudio(size_t slot, std::span<const float> states,
                       const AudioPositions& audio_positions) {
  const ModelShape& shape = model_->shape;
  const size_t positions = audio_positions.count();
  CHECK(positions > 0 && positions <= shape.audio_positions);
  CHECK(states.size() == positions * shape.width);
  audio_positions_[slot] = audio_positions;
  const size_t blocks = (positions + kRowBlock - 1) / kRowBlock;
  StageScope scope(pool_.clock(), Stage::kCrossKeyValues);
  for (const DecoderLayer& layer : model_->decoder) {
    scope.Next(Stage::kCrossKeyValues, nn::WorkOf(layer.cross.key_value, positions));
  }
  pool_.Run(shape.decoder_layers * blocks, [&](size_t part, size_t thread) {
    const size_t layer = part / blocks;
    const size_t begin = part % blocks * kRowBlock;
    float* block = buffers_->audio_block[thread].data();
    model_->decoder[layer].cross.key_value.Apply(states.data() + begin * shape.width, kRowBlock,
                                                 Finish::kStore, block);
    const size_t rows = std::min(kRowBlock, positions - begin);
    if (int8_cross_) {
      int8_cross_->Store(slot, layer, block, begin, rows);
    } else {
      half_cross_->Store(slot, layer, block, begin, rows);
    }
  });
}

std::span<float> Decoder::Step(std::span<const DecoderEntry> entries, std::span<const float> mask) {
  StageScope scope(pool_.clock(), Stage::kDecoderRest);
  Embed(entries);
  RunLayers(entries);
  const size_t wanted = Gather(entries, &DecoderEntry::wants_logits, 0);
  const size_t all = Gather(entries, &DecoderEntry::wants_likeliest, wanted);
  likeliest_.resize(all - wanted);
  if (all > 0) scope.Next(Stage::kVocabulary, nn::WorkOf(model_->vocabulary, all));
  const float* gathered = buffers_->gathered.data();
  if (!likeliest_.empty()) {
    model_->vocabulary.FindLikeliest(gathered + wanted * model_->shape.width, mask,
                                     *model_->kernels, pool_, likeliest_);
  }
  if (wanted > 0) {
    model_->vocabulary.ApplyParallel(gathered, wanted, Finish::kStore, buffers_->logits.data(),
                                     pool_);
  }
  return buffers_->logits.span().first(wanted * model_->shape.vocabulary);
}

// The normed rows of the entries that want something, from row `first` on. Returns the row after.
size_t Decoder::Gather(std::span<const DecoderEntry> entries, bool DecoderEntry::* wants,
                       size_t first) {
  const size_t width = model_->shape.width;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!(entries[i].*wants)) continue;
    CHECK(first < limits_.logit_rows);
    model_->decoder_norm.Apply(*model_->kernels, buffers_->hidden.data() + i * width, 1,
                               buffers_->gathered.data() + first++ * width);
  }
  return first;
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
  pool_.Run(model_->alignment_heads.size() * groups_.size(), [&](size_t part, size_t thread) {
    const AlignmentHead& at = model_->alignment_heads[part / groups_.size()];
    if (at.layer == last)
      AttendToAudio(entries, {groups_[part % groups_.size()], at, false}, thread);
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
    model_->Embed(entry.token, hidden);
    model_->kernels->add_scaled(model_->text_position_encodings.data() + entry.position * width,
                                1.0F, width, hidden);
    self_.Own(entry.row, entry.position);
  }
  MakeGroups(entries);
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
  AskAudio(count, index);
  Enter(Stage::kDecoderCrossAttention, AudioWork());
  pool_.Run(model_->shape.heads * groups_.size(), [&](size_t part, size_t thread) {
    const AlignmentHead at{index, part / groups_.size()};
    AttendToAudio(entries, {groups_[part % groups_.size()], at}, thread);
  });
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
  kernels::History history = self_.Seen(layer, entry.row, entry.position + size_t{1});
  history.heads = shape.heads;
  history.depth = shape.depth;
  model_->kernels->attend_history(buffers_->wide.data() + index * 3 * shape.width, history,
                                  buffers_->scores[thread].data(),
                                  buffers_->attended.data() + index * shape.width);
}

void Decoder::MakeGroups(std::span<const DecoderEntry> entries) {
  groups_.clear();
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool continues = !groups_.empty() && groups_.back().slot == entries[i].slot &&
                           groups_.back().count < kernels::kInt8QueriesMax;
    if (!continues) groups_.push_back({i, 0, entries[i].slot});
    ++groups_.back().count;
  }
}

// Operations and bytes of one layer's cross-attention.
Work Decoder::AudioWork() const {
  const ModelShape& shape = model_->shape;
  const size_t bytes = int8_cross_ ? int8_cross_->LayerBytes() : half_cross_->LayerBytes();
  Work work;
  for (size_t i = 0; i < groups_.size(); ++i) {
    const size_t positions = audio_positions_[groups_[i].slot].count();
    work.operations += 4 * shape.width * groups_[i].count * positions;
    if (i > 0 && groups_[i].slot == groups_[i - 1].slot) continue;
    work.bytes += bytes * positions / shape.audio_positions;
  }
  return work;
}

void Decoder::AttendToAudio(std::span<const DecoderEntry> entries, const Listening& listening,
                            size_t thread) {
  if (int8_cross_) {
    AttendToInt8(entries, listening, thread);
  } else {
    AttendToHalf(entries, listening, thread);
  }
}

void Decoder::AttendToHalf(std::span<const DecoderEntry> entries, const Listening& listening,
                           size_t thread) {
  const ModelShape& shape = model_->shape;
  const auto& [group, at, mixes] = listening;
  const AudioPositions& audio = audio_positions_[group.slot];
  const size_t positions = audio.count();
  float* weights = buffers_->scores[thread].data();
  for (size_t i = group.begin; i < group.begin + group.count; ++i) {
    const size_t column = i * shape.width + at.head * shape.depth;
    model_->kernels->attention_scores(buffers_->query.data() + column,
                                      half_cross_->KeysT(group.slot, at.layer, at.head),
                                      {shape.depth, half_cross_->stride(), positions}, weights);
    for (size_t t = audio.exact; t < positions; ++t) weights[t] += kLogOfGroup;
    model_->kernels->softmax(weights, positions);
    KeepWeights(entries[i], at, weights);
    if (!mixes) continue;
    model_->kernels->attention_mix(weights, half_cross_->Values(group.slot, at.layer, at.head),
                                   positions, shape.depth, buffers_->attended.data() + column);
  }
}

void Decoder::AttendToInt8(std::span<const DecoderEntry> entries, const Listening& listening,
                           size_t thread) {
  const ModelShape& shape = model_->shape;
  const auto& [group, at, mixes] = listening;
  const size_t column = group.begin * shape.width + at.head * shape.depth;
  const AudioPositions& audio = audio_positions_[group.slot];
  const size_t positions = audio.count();
  const bool keeps =
      IsAligning(at) &&
      std::ranges::any_of(entries.subspan(group.begin, group.count), &DecoderEntry::keeps_weights);
  float* scratch = buffers_->scores[thread].data();
  float* weights = keeps ? scratch + int8_cross_->scratch_size() : nullptr;
  int8_cross_->Attend(group.slot, at.layer, at.head,
                      {.queries = buffers_->query.data() + column,
                       .stride = shape.width,
                       .rows = group.count,
                       .positions = positions,
                       .out = mixes ? buffers_->attended.data() + column : nullptr,
                       .out_stride = shape.width,
                       .weights = weights,
                       .weights_stride = positions,
                       .repeated = audio.sampled,
                       .repeats = AudioPositions::kGroup},
                      scratch);
  for (size_t i = 0; keeps && i < group.count; ++i) {
    KeepWeights(entries[group.begin + i], at, weights + i * positions);
  }
}

bool Decoder::IsAligning(const AlignmentHead& head) const {
  return std::ranges::any_of(model_->alignment_heads, [&head](const AlignmentHead& aligning) {
    return aligning.layer == head.layer && aligning.head == head.head;
  });
}

// Positions that the slot lacks have no weight.
void Decoder::KeepWeights(const DecoderEntry& entry, const AlignmentHead& at,
                          const float* weights) {
  if (!entry.keeps_weights) return;
  const size_t positions = audio_positions_[entry.slot].count();
  for (size_t i = 0; i < model_->alignment_heads.size(); ++i) {
    const AlignmentHead& head = model_->alignment_heads[i];
    if (head.layer != at.layer || head.head != at.head) continue;
    uint16_t* kept = Kept(entry.slot, i, entry.position);
    model_->kernels->to_half(weights, positions, kept);
    std::fill(kept + positions, kept + model_->shape.audio_positions, uint16_t{0});
  }
}

}  // namespace verbatim::whisper
