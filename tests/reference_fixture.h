// For tests: a real model, a clip of tests/golden/reference with what independent implementations
// made of it, and the engine's own results for the clip.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "kernels/cpu.h"
#include "tests/models.h"
#include "tests/npy.h"
#include "whisper/batch_decoder.h"
#include "whisper/encoder.h"
#include "whisper/mel.h"
#include "whisper/model.h"

namespace verbatim::whisper {

struct ReferenceCase {
  std::string clip;
  std::string model;

  std::string Name() const {
    std::string name = clip + "_" + model;
    std::ranges::replace(name, '.', '_');
    return name;
  }
  friend std::ostream& operator<<(std::ostream& out, const ReferenceCase& reference) {
    return out << reference.Name();
  }
};

inline auto AllReferenceCases() {
  return ::testing::Values(ReferenceCase{"jfk", "tiny.en"}, ReferenceCase{"jfk", "base"},
                           ReferenceCase{"sonnet", "tiny.en"}, ReferenceCase{"sonnet", "base"},
                           ReferenceCase{"austen_with_silence", "tiny.en"},
                           ReferenceCase{"austen_with_silence", "base"});
}

class ReferenceFixture : public ::testing::Test {
 protected:
  // Skips the test if the model is not installed; false then, or after a failure.
  bool Load(const ReferenceCase& reference, const Precision& precision) {
    LoadOrFail(reference, precision);
    return !IsSkipped() && !HasFatalFailure();
  }

  // Makes other states of the same clip.
  void Encode(const AudioPositions& positions) {
    const auto states = encoder_->Encode(mel_, positions, {});
    ASSERT_TRUE(states);
    positions_ = positions;
    states_ = *states;
  }

  // What the reference has for a mode: "timestamps" or "notimestamps".
  const boost::json::object& Expected(const std::string& mode) const {
    return expected_.at(mode).as_object();
  }

  TokenRun Decode(const std::string& mode) const { return Decode(mode, model_->precision.audio); }
  TokenRun Decode(const std::string& mode, nn::AudioFormat format) const {
    BatchDecoder decoder(model_, {1, 1, 448, format}, pool_);
    decoder.Admit(0, states_, positions_);
    const DecodingRules rules = RulesFor(mode == "timestamps");
    decoder.Begin(0, Integers(Expected(mode).at("prompt")), {}, rules);
    while (decoder.Step().empty()) {
    }
    return decoder.Take(0);
  }

  // How far the beginning of each token of the reference's text, and the text's end, is off, in
  // ascending order. Unit: frames of 20 ms.
  std::vector<int32_t> AlignmentDifferences() const {
    const boost::json::object& alignment = Expected("alignment");
    const std::vector<int32_t> text = Integers(alignment.at("text_token_ids"));
    std::vector<int32_t> expected(text.size() + 1, -1);
    for (const auto& pair : alignment.at("pairs_text_index_to_20ms_frame").as_array()) {
      const auto token = static_cast<size_t>(pair.as_array()[0].as_int64());
      const auto frame = static_cast<int32_t>(pair.as_array()[1].as_int64());
      if (expected.at(token) < 0) expected[token] = frame;
    }
    const SpecialTokens& special = model_->tokenizer.special();
    std::vector<int32_t> start = {special.start_of_transcript};
    if (model_->tokenizer.is_multilingual()) {
      start = {special.start_of_transcript, *model_->tokenizer.LanguageToken("en"),
               special.transcribe};
    }
    BatchDecoder decoder(model_, {1, 1, 448, model_->precision.audio}, pool_);
    decoder.Admit(0, states_, positions_);
    const std::vector<int32_t> begins = decoder.Align(0, start, text, samples_ / 320);
    std::vector<int32_t> differences;
    for (size_t i = 0; i < expected.size(); ++i)
      differences.push_back(std::abs(begins[i] - expected[i]));
    std::ranges::sort(differences);
    return differences;
  }

  // Every 50th position of the encoder's states as the reference has them. Shape: [30, width].
  std::vector<float> ExpectedStates() const {
    const tests::NpyArray sample =
        tests::ReadNpy(tests::GoldenReference() /
                       (reference_.clip + "." + reference_.model + ".encoder_sample_f32.npy"));
    EXPECT_EQ(sample.shape, (std::vector<size_t>{30, model_->shape.width}));
    return sample.values;
  }

  // The engine's own at the same positions.
  std::vector<float> SampledStates() const {
    const size_t width = model_->shape.width;
    std::vector<float> sampled;
    for (size_t position = 0; position < positions_.exact; position += 50) {
      const auto row = states_.subspan(position * width, width);
      sampled.insert(sampled.end(), row.begin(), row.end());
    }
    return sampled;
  }

  static std::vector<int32_t> Integers(const boost::json::value& list) {
    std::vector<int32_t> integers;
    for (const auto& value : list.as_array())
      integers.push_back(static_cast<int32_t>(value.as_int64()));
    return integers;
  }

  ReferenceCase reference_;
  mutable kernels::ThreadPool pool_{2};
  std::shared_ptr<const Model> model_;
  std::optional<Encoder> encoder_;
  std::vector<float> mel_;
  AudioPositions positions_ = AudioPositions::All();
  std::span<const float> states_;  // of these positions
  size_t samples_ = 0;             // of the clip
  boost::json::object expected_;

 private:
  void LoadOrFail(const ReferenceCase& reference, const Precision& precision) {
    const auto directory = tests::TestModel(reference.model);
    if (!directory) GTEST_SKIP() << tests::ModelMissing(reference.model);
    kernels::PrepareThread();
    reference_ = reference;
    auto model = Model::Open(*directory, precision, pool_);
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
    const tests::NpyArray pcm =
        tests::ReadNpy(tests::GoldenReference() / (reference.clip + ".pcm_i16.npy"));
    ASSERT_TRUE(pcm.ok());
    samples_ = pcm.values.size();
    mel_.resize(model_->shape.mels * kMelFrames);
    MelSpectrogram(model_->shape.mels).Compute(pcm.values, mel_);
    encoder_.emplace(model_, pool_);
    Encode(AudioPositions::All());
    const auto json = ReadFile(
        tests::GoldenReference() / (reference.clip + "." + reference.model + ".json"), 1 << 20);
    ASSERT_TRUE(json) << json.error().message;
    expected_ = boost::json::parse(*json).as_object();
  }

  DecodingRules RulesFor(bool with_timestamps) const {
    std::optional<TimestampRules> timestamps;
    if (with_timestamps) timestamps.emplace(model_->tokenizer.special());
    return {SuppressTokens(model_->suppressed), SuppressBlank(model_->suppressed_first), timestamps,
            model_->shape.vocabulary};
  }
};

}  // namespace verbatim::whisper
