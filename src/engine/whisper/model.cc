#include "whisper/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "whisper/mel.h"
#include "whisper/model_config.h"

namespace verbatim::whisper {
namespace {

using Packing = nn::Linear::Packing;

constexpr size_t kWidthMax = 8192;
constexpr size_t kLayersMax = 128;
constexpr size_t kVocabularyMax = 1 << 20;
constexpr const char* kAudioPositions = "encoder/position_encodings/encodings";
constexpr const char* kTextPositions = "decoder/position_encodings/encodings";

Failure Corrupt(std::string what) { return Fail(ErrorCode::kCorruptModel, std::move(what)); }

// Reads layers out of the file and packs them.
class Loader {
 public:
  Loader(const ModelFile& file, const ModelShape& shape, const Precision& precision,
         kernels::InstructionSet set, kernels::ThreadPool& pool)
      : file_(file),
        query_scale_(1.0F / std::sqrt(static_cast<float>(shape.depth))),
        precision_(precision),
        set_(set),
        pool_(pool) {}

  // A layer that sees many rows at once, shared out by rows.
  nn::Linear::Options Wide(size_t outputs, size_t inputs) const {
    return {outputs, inputs, Packing::kWhole, precision_.encoder, set_};
  }

  // A layer that sees few rows at once, shared out by columns.
  nn::Linear::Options Narrow(size_t outputs, size_t inputs) const {
    return {outputs, inputs, Packing::kPanels, precision_.decoder, set_};
  }

  Result<std::vector<float>> Vector(const std::string& name, size_t size) {
    return TRY(file_.Get(name, std::vector<size_t>{size}))->ToFloats();
  }

  Result<std::vector<float>> Matrix(const std::string& name, size_t rows, size_t columns) {
    return TRY(file_.Get(name, std::vector<size_t>{rows, columns}))->ToFloats();
  }

  Result<nn::LayerNorm> Norm(const std::string& name, size_t width) {
    nn::LayerNorm norm;
    norm.gamma = TRY(Vector(name + "/gamma", width));
    norm.beta = TRY(Vector(name + "/beta", width));
    return norm;
  }

  // Queries of attention carry its factor: the first `query_rows` rows and biases are multiplied by
  // 1 / sqrt(depth).
  Result<nn::Linear> Layer(const std::string& name, const nn::Linear::Options& options,
                           size_t query_rows = 0) {
    const nn::TensorView* weights =
        TRY(file_.Get(name + "/weight", std::vector<size_t>{options.n, options.k}));
    std::vector<float> bias = TRY(Vector(name + "/bias", options.n));
    const float scale = query_scale_;
    for (size_t i = 0; i < query_rows; ++i) bias[i] *= scale;
    return nn::Linear(
        options,
        [&](size_t begin, size_t count, float* out) {
          weights->CopyRows(begin, count, out);
          const size_t end = std::clamp(query_rows, begin, begin + count);
          for (size_t i = 0; i < (end - begin) * options.k; ++i) out[i] *= scale;
        },
        std::move(bias), pool_);
  }

  // A convolution of 3 taps as a matrix: [out, in, 3] in the file, [out, 3, in] for the kernels.
  Result<nn::Linear> Convolution(const std::string& name, size_t outputs, size_t inputs) {
    const nn::TensorView* weights =
        TRY(file_.Get(name + "/weight", std::vector<size_t>{outputs, inputs, 3}));
    const std::vector<float> by_channel = weights->ToFloats();
    std::vector<float> bias = TRY(Vector(name + "/bias", outputs));
    return nn::Linear(
        Wide(outputs, 3 * inputs),
        [&](size_t begin, size_t count, float* out) {
          for (size_t row = begin; row < begin + count; ++row) {
            for (size_t tap = 0; tap < 3; ++tap) {
              for (size_t i = 0; i < inputs; ++i) *out++ = by_channel[(row * inputs + i) * 3 + tap];
            }
          }
        },
        std::move(bias), pool_);
  }

  using MakeOptions = nn::Linear::Options (Loader::*)(size_t outputs, size_t inputs) const;

  Result<SelfAttention> Attention(const std::string& name, size_t width, MakeOptions options) {
    nn::LayerNorm norm = TRY(Norm(name + "/layer_norm", width));
    nn::Linear qkv = TRY(Layer(name + "/linear_0", (this->*options)(3 * width, width), width));
    nn::Linear out = TRY(Layer(name + "/linear_1", (this->*options)(width, width)));
    return SelfAttention{std::move(norm), std::move(qkv), std::move(out)};
  }

  Result<CrossAttention> Cross(const std::string& name, size_t width) {
    nn::LayerNorm norm = TRY(Norm(name + "/layer_norm", width));
    nn::Linear query = TRY(Layer(name + "/linear_0", Narrow(width, width), width));
    nn::Linear key_value = TRY(Layer(name + "/linear_1", Wide(2 * width, width)));
    nn::Linear out = TRY(Layer(name + "/linear_2", Narrow(width, width)));
    return CrossAttention{std::move(norm), std::move(query), std::move(key_value), std::move(out)};
  }

  Result<FeedForward> Feed(const std::string& name, size_t width, MakeOptions options) {
    nn::LayerNorm norm = TRY(Norm(name + "/layer_norm", width));
    nn::Linear up = TRY(Layer(name + "/linear_0", (this->*options)(4 * width, width)));
    nn::Linear down = TRY(Layer(name + "/linear_1", (this->*options)(width, 4 * width)));
    return FeedForward{std::move(norm), std::move(up), std::move(down)};
  }

  Result<std::vector<EncoderLayer>> EncoderLayers(const ModelShape& shape) {
    std::vector<EncoderLayer> layers;
    for (size_t i = 0; i < shape.encoder_layers; ++i) {
      const std::string name = fmt::format("encoder/layer_{}", i);
      SelfAttention attention =
          TRY(Attention(name + "/self_attention", shape.width, &Loader::Wide));
      FeedForward feed_forward = TRY(Feed(name + "/ffn", shape.width, &Loader::Wide));
      layers.emplace_back(std::move(attention), std::move(feed_forward));
    }
    return layers;
  }

  Result<std::vector<DecoderLayer>> DecoderLayers(const ModelShape& shape) {
    std::vector<DecoderLayer> layers;
    for (size_t i = 0; i < shape.decoder_layers; ++i) {
      const std::string name = fmt::format("decoder/layer_{}", i);
      SelfAttention attention =
          TRY(Attention(name + "/self_attention", shape.width, &Loader::Narrow));
      CrossAttention cross = TRY(Cross(name + "/attention", shape.width));
      FeedForward feed_forward = TRY(Feed(name + "/ffn", shape.width, &Loader::Narrow));
      layers.emplace_back(std::move(attention), std::move(cross), std::move(feed_forward));
    }
    return layers;
  }

 private:
  const ModelFile& file_;
  float query_scale_;
  Precision precision_;
  kernels::InstructionSet set_;
  kernels::ThreadPool& pool_;
};

size_t CountLayers(const ModelFile& file, std::string_view stack) {
  size_t count = 0;
  while (count < kLayersMax &&
         file.Find(fmt::format("{}/layer_{}/ffn/linear_0/weight", stack, count)) != nullptr) {
    ++count;
  }
  return count;
}

Result<size_t> ReadHeads(const ModelFile& file) {
  const nn::TensorView* heads = TRY(file.Get("encoder/num_heads", std::vector<size_t>{}));
  const float value = heads->ToFloats()[0];
  if (!(value >= 1 && value <= 256))
    return Corrupt("the number of attention heads is out of range");
  return static_cast<size_t>(value);
}

// The sizes follow from a few tensors; that all others fit them is checked as they are read.
Result<ModelShape> ReadShape(const ModelFile& file) {
  const nn::TensorView* conv1 = file.Find("encoder/conv1/weight");
  const nn::TensorView* embeddings = file.Find("decoder/embeddings/weight");
  const nn::TensorView* audio = file.Find(kAudioPositions);
  const nn::TensorView* text = file.Find(kTextPositions);
  if (conv1 == nullptr || embeddings == nullptr || audio == nullptr || text == nullptr ||
      conv1->shape.size() != 3 || embeddings->shape.size() != 2 || audio->shape.size() != 2 ||
      text->shape.size() != 2) {
    return Corrupt("this is no Whisper model: its embeddings or convolutions are missing");
  }
  ModelShape shape;
  shape.width = conv1->shape[0];
  shape.mels = conv1->shape[1];
  shape.heads = TRY(ReadHeads(file));
  shape.encoder_layers = CountLayers(file, "encoder");
  shape.decoder_layers = CountLayers(file, "decoder");
  shape.audio_positions = audio->shape[0];
  shape.text_positions = text->shape[0];
  shape.vocabulary = embeddings->shape[0];
  if (shape.width == 0 || shape.width > kWidthMax || shape.width % shape.heads != 0) {
    return Corrupt(fmt::format("a width of {} does not fit {} heads", shape.width, shape.heads));
  }
  shape.depth = shape.width / shape.heads;
  if (shape.depth % 16 != 0 || shape.depth > 128)
    return Corrupt(fmt::format("attention heads of {} are not supported", shape.depth));
  if (shape.mels == 0 || shape.mels > 256)
    return Corrupt(fmt::format("{} mel bands are not supported", shape.mels));
  if (shape.audio_positions != kMelFrames / 2 || shape.text_positions < 32 ||
      shape.text_positions > 4096) {
    return Corrupt("its position encodings are not Whisper's");
  }
  if (shape.encoder_layers == 0 || shape.decoder_layers == 0) return Corrupt("it has no layers");
  if (shape.vocabulary == 0 || shape.vocabulary > kVocabularyMax)
    return Corrupt(fmt::format("a vocabulary of {} tokens is not supported", shape.vocabulary));
  return shape;
}

Result<std::vector<AlignmentHead>> CheckedHeads(const ModelConfig& config,
                                                const ModelShape& shape) {
  std::vector<AlignmentHead> heads;
  for (const auto& [layer, head] : config.alignment_heads) {
    if (layer >= shape.decoder_layers || head >= shape.heads)
      return Corrupt("config.json names an alignment head that the model lacks");
    heads.push_back({layer, head});
  }
  return heads;
}

// The model has a row for each token. It may have some more: converters like to fill up to a
// multiple of 8. One more, though, is another family: the tokens of English-only models and of
// large-v3 are shifted by one against the others'.
bool FitsVocabulary(int32_t tokens, size_t vocabulary) {
  constexpr size_t kFillMax = 128;
  const auto needed = static_cast<size_t>(tokens);
  if (vocabulary == needed) return true;
  return vocabulary > needed + 1 && vocabulary <= needed + kFillMax && vocabulary % 8 == 0;
}

Result<void> CheckTokens(const Model& model, const ModelConfig& config) {
  const auto vocabulary = static_cast<int32_t>(model.shape.vocabulary);
  if (!FitsVocabulary(model.tokenizer.size(), model.shape.vocabulary)) {
    return Corrupt(
        fmt::format("tokenizer.json has {} tokens and model.bin {}: they do not belong together",
                    model.tokenizer.size(), vocabulary));
  }
  for (const std::vector<int32_t>* list : {&config.suppress_ids, &config.suppress_ids_begin}) {
    for (int32_t token : *list) {
      if (token >= vocabulary)
        return Corrupt("config.json suppresses a token that the model lacks");
    }
  }
  return {};
}

const kernels::AttentionKernels* ChooseAttention(kernels::InstructionSet set,
                                                 kernels::AttentionFormat format) {
  const kernels::AttentionKernels* kernels = kernels::AttentionKernelsFor(set, format);
  if (kernels != nullptr) return kernels;
  return kernels::AttentionKernelsFor(set, kernels::AttentionFormat::kF32);
}

Result<std::shared_ptr<const Model>> Load(const std::filesystem::path& directory,
                                          const Precision& precision, kernels::ThreadPool& pool) {
  ModelFile file = TRY(ModelFile::Open(directory / "model.bin"));
  const ModelConfig config = TRY(ReadModelConfig(directory / "config.json"));
  Tokenizer tokenizer = TRY(Tokenizer::Open(directory));
  const ModelShape shape = TRY(ReadShape(file));
  const size_t width = shape.width;
  std::vector<AlignmentHead> heads = TRY(CheckedHeads(config, shape));
  const nn::TensorView* embeddings =
      TRY(file.Get("decoder/embeddings/weight", std::vector<size_t>{shape.vocabulary, width}));
  const kernels::InstructionSet set = TRY(kernels::ChooseInstructionSet());
  Loader loader(file, shape, precision, set, pool);
  nn::Linear conv1 = TRY(loader.Convolution("encoder/conv1", width, shape.mels));
  nn::Linear conv2 = TRY(loader.Convolution("encoder/conv2", width, width));
  std::vector<float> audio_positions =
      TRY(loader.Matrix(kAudioPositions, shape.audio_positions, width));
  std::vector<EncoderLayer> encoder = TRY(loader.EncoderLayers(shape));
  nn::LayerNorm encoder_norm = TRY(loader.Norm("encoder/layer_norm", width));
  std::vector<float> text_positions =
      TRY(loader.Matrix(kTextPositions, shape.text_positions, width));
  file.ReleasePages();
  std::vector<DecoderLayer> decoder = TRY(loader.DecoderLayers(shape));
  nn::LayerNorm decoder_norm = TRY(loader.Norm("decoder/layer_norm", width));
  const auto embedding_rows = [&](size_t begin, size_t count, float* out) {
    embeddings->CopyRows(begin, count, out);
  };
  auto model = std::make_shared<Model>(Model{
      .shape = shape,
      .precision = precision,
      .set = set,
      .kernels = &kernels::KernelsFor(set),
      .attention = ChooseAttention(set, precision.attention),
      .tokenizer = std::move(tokenizer),
      .suppressed = config.suppress_ids,
      .suppressed_first = config.suppress_ids_begin,
      .alignment_heads = std::move(heads),
      .conv1 = std::move(conv1),
      .conv2 = std::move(conv2),
      .audio_position_encodings = std::move(audio_positions),
      .encoder = std::move(encoder),
      .encoder_norm = std::move(encoder_norm),
      .text_position_encodings = std::move(text_positions),
      .decoder = std::move(decoder),
      .decoder_norm = std::move(decoder_norm),
      .vocabulary = nn::Linear(loader.Narrow(shape.vocabulary, width), embedding_rows, {}, pool),
      .embeddings = embeddings,
      .file = ModelFile()});
  TRY_VOID(CheckTokens(*model, config));
  file.ReleasePages();  // the weights are packed now; of the file, at most the embeddings are read
  if (precision.decoder == nn::Linear::Format::kInt8) {
    model->embeddings = nullptr;
  } else {
    model->file = std::move(file);  // a map's nodes stay where they are: `embeddings` remains valid
  }
  return model;
}

}  // namespace

void Model::Embed(int32_t token, float* out) const {
  const auto row = static_cast<size_t>(token);
  if (embeddings == nullptr) {
    vocabulary.Unpack(row, out);
  } else {
    embeddings->CopyRows(row, 1, out);
  }
}

Result<std::shared_ptr<const Model>> Model::Open(const std::filesystem::path& directory,
                                                 const Precision& precision,
                                                 kernels::ThreadPool& pool) {
  Result<std::shared_ptr<const Model>> model = Load(directory, precision, pool);
  if (!model) return Failure(std::move(model).error().WithContext("model " + directory.string()));
  return model;
}

}  // namespace verbatim::whisper
