// "Same text always", where it is decided: what a window yields must not depend, bit for bit, on
// slots, threads or the windows beside it.
#include "whisper/batch_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/cpu.h"
#include "tests/allocation_counter.h"
#include "tests/models.h"
#include "tests/npy.h"
#include "tests/sanitizers.h"
#include "whisper/encoder.h"
#include "whisper/mel.h"

namespace verbatim::whisper {
namespace {

constexpr size_t kTokensMax = tests::kIsSanitized ? 15 : 30;
constexpr size_t kPositions = 64;

// Model and audio are made once: encoding takes longer than all the decoding here.
struct Material {
  std::shared_ptr<const Model> model;
  std::vector<std::vector<float>> states;  // per clip, with room for padded rows
};

// What `--compute-type int8` and f32 mean.
const Precision kInt8 = {nn::Linear::Format::kInt8, nn::Linear::Format::kInt8,
                         kernels::AttentionFormat::kBf16, nn::AudioFormat::kInt8};
const Precision kF32;

const Material* MakeMaterial(const Precision& precision) {
  const auto directory = tests::TestModel("tiny.en");
  if (!directory) return nullptr;
  kernels::PrepareThread();
  kernels::ThreadPool pool(2);
  auto material = std::make_unique<Material>();
  auto model = Model::Open(*directory, precision, pool);
  if (!model) return nullptr;
  material->model = *model;
  Encoder encoder(*model, pool);
  const size_t width = (*model)->shape.width;
  for (const char* clip : {"jfk", "sonnet", "austen_with_silence"}) {
    const tests::NpyArray pcm =
        tests::ReadNpy(tests::GoldenReference() / (std::string(clip) + ".pcm_i16.npy"));
    std::vector<float> mel((*model)->shape.mels * kMelFrames);
    MelSpectrogram((*model)->shape.mels).Compute(pcm.values, mel);
    const auto states = encoder.Encode(mel, AudioPositions::All(), {});
    if (!pcm.ok() || !states) return nullptr;
    std::vector<float> kept(kernels::PaddedRows(states->size() / width) * width);
    std::ranges::copy(*states, kept.begin());
    material->states.push_back(std::move(kept));
  }
  return material.release();  // lives as long as the program
}

const Material* SharedMaterial(const Precision& precision = kF32) {
  if (precision.decoder == nn::Linear::Format::kInt8) {
    static const Material* const int8 = MakeMaterial(kInt8);
    return int8;
  }
  static const Material* const f32 = MakeMaterial(kF32);
  return f32;
}

class BatchDecoderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!tests::TestModel("tiny.en")) GTEST_SKIP() << tests::ModelMissing("tiny.en");
    Use(kF32);
    kernels::PrepareThread();
  }

  void Use(const Precision& precision) {
    material_ = SharedMaterial(precision);
    ASSERT_NE(material_, nullptr);
    rules_ = {SuppressTokens(model().suppressed), SuppressBlank(model().suppressed_first),
              std::nullopt, model().shape.vocabulary};
  }

  const Model& model() const { return *material_->model; }
  std::shared_ptr<const Model> shared_model() const { return material_->model; }

  std::span<const float> States(size_t clip) const {
    return std::span(material_->states[clip])
        .first(model().shape.audio_positions * model().shape.width);
  }

  std::vector<int32_t> Prompt() const {
    const SpecialTokens& special = model().tokenizer.special();
    return {special.start_of_transcript, special.no_timestamps};
  }

  // Decodes one clip with nothing beside it.
  TokenRun Alone(size_t clip, const SearchOptions& options) {
    kernels::ThreadPool pool(1);
    BatchDecoder decoder(shared_model(),
                         {1, Search::WidthOf(options), kPositions, model().precision.audio}, pool);
    decoder.Admit(0, States(clip));
    decoder.Begin(0, Prompt(), options, rules_);
    while (decoder.Step().empty()) {
    }
    return decoder.Take(0);
  }

  const Material* material_ = nullptr;
  DecodingRules rules_{SuppressTokens({}), SuppressBlank({}), std::nullopt};
};

void ExpectSame(const TokenRun& run, const TokenRun& expected, const std::string& where) {
  EXPECT_EQ(run.tokens, expected.tokens) << where;
  EXPECT_EQ(run.logprobs, expected.logprobs) << where;  // bit for bit
  EXPECT_EQ(run.avg_logprob, expected.avg_logprob) << where;
  EXPECT_EQ(run.no_speech_prob, expected.no_speech_prob) << where;
  EXPECT_EQ(run.is_ended, expected.is_ended) << where;
}

std::vector<SearchOptions> Searches() {
  return {{.tokens_max = kTokensMax},
          {.beam_size = 3, .tokens_max = kTokensMax},
          {.samples = 3, .temperature = 0.4F, .tokens_max = kTokensMax, .seed = 7}};
}

// A batch of four: two windows from the start, one five steps and one twelve steps later. The first
// window to finish is followed by another in its slot.
struct Seating {
  std::array<size_t, 4> slots;  // where the first to the fourth window sit
  size_t threads = 1;
  Precision precision;
};

class CompanyTest : public BatchDecoderTest, public ::testing::WithParamInterface<Seating> {
 protected:
  void Seat(BatchDecoder& decoder, size_t slot, size_t clip, const SearchOptions& options) {
    decoder.Admit(slot, States(clip));
    decoder.Begin(slot, Prompt(), options, rules_);
    clip_in_slot_[slot] = clip;
  }

  std::map<size_t, size_t> clip_in_slot_;
};

TEST_P(CompanyTest, ChangesNoBit) {
  const auto& [slots, threads, precision] = GetParam();
  Use(precision);
  constexpr std::array<size_t, 5> kClips = {0, 1, 2, 0, 1};
  for (const SearchOptions& options : Searches()) {
    std::vector<TokenRun> expected;
    for (size_t clip = 0; clip < 3; ++clip) expected.push_back(Alone(clip, options));
    kernels::ThreadPool pool(threads);
    BatchDecoder decoder(shared_model(),
                         {4, 4 * Search::WidthOf(options), kPositions, precision.audio}, pool);
    size_t seated = 0;
    size_t finished = 0;
    for (size_t step = 0; finished < kClips.size(); ++step) {
      ASSERT_LT(step, 300U);
      while (seated < 4 && step >= std::array<size_t, 4>{0, 0, 5, 12}[seated]) {
        Seat(decoder, slots[seated], kClips[seated], options);
        ++seated;
      }
      const std::span<const size_t> done = decoder.Step();
      for (size_t slot : std::vector<size_t>(done.begin(), done.end())) {
        const size_t clip = clip_in_slot_[slot];
        ExpectSame(decoder.Take(slot), expected[clip],
                   "clip " + std::to_string(clip) + " in slot " + std::to_string(slot));
        decoder.Release(slot);
        if (++finished == 1) Seat(decoder, slot, kClips[4], options);
      }
    }
    EXPECT_EQ(decoder.active(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Seatings, CompanyTest,
    ::testing::Values(Seating{{0, 1, 2, 3}, 1, kF32}, Seating{{3, 0, 2, 1}, 2, kF32},
                      Seating{{1, 3, 0, 2}, 3, kF32}, Seating{{0, 1, 2, 3}, 1, kInt8},
                      Seating{{3, 0, 2, 1}, 2, kInt8}, Seating{{1, 3, 0, 2}, 3, kInt8}));

TEST_F(BatchDecoderTest, DifferentSearchesShareABatch) {
  const std::vector<SearchOptions> searches = Searches();
  kernels::ThreadPool pool(1);
  BatchDecoder decoder(shared_model(), {3, 7, kPositions}, pool);
  for (size_t i = 0; i < 3; ++i) {
    decoder.Admit(i, States(i));
    decoder.Begin(i, Prompt(), searches[i], rules_);
  }
  size_t finished = 0;
  while (finished < 3) {
    for (size_t slot : decoder.Step()) {
      ExpectSame(decoder.Take(slot), Alone(slot, searches[slot]), std::to_string(slot));
      ++finished;
    }
  }
}

// A window may be taken out in the middle of its search, or before it had rows for it; what it had
// goes to others, who do not notice. There are rows for two windows only.
TEST_F(BatchDecoderTest, AWindowThatLeavesChangesNoOther) {
  for (const SearchOptions& options : Searches()) {
    kernels::ThreadPool pool(1);
    BatchDecoder decoder(shared_model(), {3, 2 * Search::WidthOf(options), kPositions}, pool);
    for (const size_t steps : {size_t{0}, size_t{1}, size_t{6}}) {
      for (size_t slot = 0; slot < 3; ++slot) {
        decoder.Admit(slot, States(slot));
        decoder.Begin(slot, Prompt(), options, rules_);
      }
      for (size_t step = 0; step < steps; ++step) ASSERT_TRUE(decoder.Step().empty());
      decoder.Release(0);
      size_t finished = 0;
      for (size_t step = 0; finished < 2; ++step) {
        ASSERT_LT(step, 300U);
        const std::span<const size_t> done = decoder.Step();
        for (size_t slot : std::vector<size_t>(done.begin(), done.end())) {
          ExpectSame(decoder.Take(slot), Alone(slot, options), std::to_string(slot));
          decoder.Release(slot);
          ++finished;
        }
      }
      EXPECT_EQ(decoder.active(), 0U);
    }
  }
}

// Keys and values as 8-bit integers, and windows of different lengths beside each other.
TEST_F(BatchDecoderTest, AudioAsInt8IsTheSameInAnyCompany) {
  const SearchOptions options{.beam_size = 3, .tokens_max = kTokensMax};
  const auto admit = [&](BatchDecoder& decoder, size_t slot, size_t clip) {
    const size_t positions = model().shape.audio_positions - clip * 333;
    decoder.Admit(slot, States(clip).first(positions * model().shape.width), {positions, 0});
    decoder.Begin(slot, Prompt(), options, rules_);
  };
  kernels::ThreadPool pool(2);
  BatchDecoder together(shared_model(), {3, 9, kPositions, nn::AudioFormat::kInt8}, pool);
  for (size_t clip = 0; clip < 3; ++clip) admit(together, clip, clip);
  size_t finished = 0;
  while (finished < 3) {
    for (size_t slot : together.Step()) {
      BatchDecoder alone(shared_model(), {1, 3, kPositions, nn::AudioFormat::kInt8}, pool);
      admit(alone, 0, slot);
      while (alone.Step().empty()) {
      }
      ExpectSame(together.Take(slot), alone.Take(0), std::to_string(slot));
      ++finished;
    }
  }
}

// A window's end that holds no speech may be left out.
TEST_F(BatchDecoderTest, ShorterAudioHasTheSameText) {
  for (const nn::AudioFormat format : {nn::AudioFormat::kHalf, nn::AudioFormat::kInt8}) {
    kernels::ThreadPool pool(2);
    BatchDecoder decoder(shared_model(), {1, 1, kPositions, format}, pool);
    decoder.Admit(0, States(0).first(1000 * model().shape.width), {1000, 0});
    decoder.Begin(0, Prompt(), {.tokens_max = kTokensMax}, rules_);
    while (decoder.Step().empty()) {
    }
    EXPECT_EQ(decoder.Take(0).tokens, Alone(0, {.tokens_max = kTokensMax}).tokens);
    const std::vector<int32_t> begins = decoder.Align(0, {}, Alone(0, {}).tokens, 550);
    EXPECT_LT(begins.back(), 550);
  }
}

TEST_F(BatchDecoderTest, WindowsWaitForRows) {
  const SearchOptions wide{.beam_size = 3, .tokens_max = kTokensMax};
  kernels::ThreadPool pool(1);
  BatchDecoder decoder(shared_model(), {3, 4, kPositions}, pool);  // room for one at a time
  for (size_t i = 0; i < 3; ++i) {
    decoder.Admit(i, States(i));
    decoder.Begin(i, Prompt(), wide, rules_);
  }
  size_t finished = 0;
  for (size_t step = 0; finished < 3; ++step) {
    ASSERT_LT(step, 300U);
    const std::span<const size_t> done = decoder.Step();
    EXPECT_LE(done.size(), 1U);
    for (size_t slot : done) {
      ExpectSame(decoder.Take(slot), Alone(slot, wide), std::to_string(slot));
      ++finished;
    }
  }
}

TEST_F(BatchDecoderTest, ARetryStartsAfresh) {
  const std::vector<SearchOptions> searches = Searches();
  kernels::ThreadPool pool(1);
  BatchDecoder decoder(shared_model(), {2, 6, kPositions}, pool);
  decoder.Admit(1, States(0));
  for (const size_t search : {size_t{2}, size_t{0}, size_t{1}, size_t{2}}) {
    decoder.Begin(1, Prompt(), searches[search], rules_);
    while (decoder.Step().empty()) {
    }
    ExpectSame(decoder.Take(1), Alone(0, searches[search]), "search " + std::to_string(search));
  }
}

TEST_F(BatchDecoderTest, AlignmentDoesNotDisturbTheOthers) {
  const SearchOptions greedy{.tokens_max = kTokensMax};
  const TokenRun expected = Alone(1, greedy);
  const TokenRun text = Alone(0, greedy);
  const std::vector<int32_t> start = {model().tokenizer.special().start_of_transcript};
  kernels::ThreadPool pool(1);
  BatchDecoder decoder(shared_model(), {2, 2, kPositions}, pool);
  decoder.Admit(0, States(0));
  const std::vector<int32_t> begins = decoder.Align(0, start, text.tokens, 550);
  decoder.Admit(1, States(1));
  decoder.Begin(1, Prompt(), greedy, rules_);
  while (decoder.Step().empty()) {
    EXPECT_EQ(decoder.Align(0, start, text.tokens, 550), begins);
  }
  ExpectSame(decoder.Take(1), expected, "beside alignment");
  EXPECT_EQ(begins.size(), text.tokens.size() + 1);
  EXPECT_TRUE(std::ranges::is_sorted(begins));
  EXPECT_LT(begins.back(), 550);
}

// What the decoder keeps while it searches says the same as feeding the text once more.
TEST_F(BatchDecoderTest, AlignmentRightAfterASearchIsThatOfTheTextAlone) {
  const SearchOptions greedy{.tokens_max = kTokensMax};
  const SearchOptions cut{.tokens_max = 7};
  const SearchOptions beam{.beam_size = 3, .tokens_max = kTokensMax};
  const std::vector<int32_t> start = {model().tokenizer.special().start_of_transcript};
  for (const SearchOptions& options : {greedy, cut, beam}) {
    const std::vector<int32_t> text = Alone(0, options).tokens;
    kernels::ThreadPool pool(1);
    BatchDecoder fresh(shared_model(), {1, 1, kPositions}, pool);
    fresh.Admit(0, States(0));
    const std::vector<int32_t> expected = fresh.Align(0, start, text, 550);
    BatchDecoder decoder(shared_model(), {2, 4, kPositions}, pool);
    decoder.Admit(1, States(0));
    decoder.Begin(1, Prompt(), options, rules_);
    while (decoder.Step().empty()) {
    }
    decoder.Take(1);
    EXPECT_EQ(decoder.Align(1, start, text, 550), expected);
    EXPECT_EQ(decoder.Align(1, start, text, 550), expected) << "again";
    // Another window takes over the row, and the history with it.
    decoder.Admit(0, States(1));
    decoder.Begin(0, Prompt(), greedy, rules_);
    decoder.Step();
    EXPECT_EQ(decoder.Align(1, start, text, 550), expected) << "late";
    EXPECT_EQ(decoder.Align(1, start, {}, 550).size(), 1U);
  }
}

TEST_F(BatchDecoderTest, TextIsCutWhereThePositionsEnd) {
  kernels::ThreadPool pool(1);
  BatchDecoder decoder(shared_model(), {1, 1, 8}, pool);
  decoder.Admit(0, States(0));
  decoder.Begin(0, Prompt(), {.tokens_max = kTokensMax}, rules_);
  while (decoder.Step().empty()) {
  }
  const TokenRun run = decoder.Take(0);
  EXPECT_EQ(run.tokens.size(), 6U);
  EXPECT_FALSE(run.is_ended);
}

class AllocationTest : public BatchDecoderTest {
 protected:
  // Two windows twice, one beginning three steps after the other, as windows do that take the
  // places of others; the first round meets every shape of product and every buffer's size.
  // Returns what the steps of the second round count.
  template <typename Count>
  size_t CountInSteps(const SearchOptions& options, size_t threads, Count count) {
    kernels::ThreadPool pool(threads);
    BatchDecoder decoder(shared_model(),
                         {2, 2 * Search::WidthOf(options), kPositions, model().precision.audio},
                         pool);
    size_t counted = 0;
    for (int round = 0; round < 2; ++round) {
      counted = 0;
      size_t done = 0;
      for (size_t step = 0; done < 2; ++step) {
        if (step == 0 || step == 3) {
          decoder.Admit(step / 3, States(step / 3));
          decoder.Begin(step / 3, Prompt(), options, rules_);
        }
        const size_t before = count();
        done += decoder.Step().size();
        counted += count() - before;
      }
      for (size_t slot = 0; slot < 2; ++slot) {
        EXPECT_GT(decoder.Take(slot).tokens.size(), 10U);
        decoder.Release(slot);
      }
    }
    return counted;
  }
};

// With 8-bit integers no library is called: nothing at all allocates.
TEST_F(AllocationTest, TheTokenLoopDoesNotAllocate) {
  Use(kInt8);
  const size_t before = tests::AllocationCount();
  for (const SearchOptions& options : Searches()) {
    for (const size_t threads : {size_t{1}, size_t{2}}) {
      EXPECT_EQ(CountInSteps(options, threads, tests::AllocationCount), 0U)
          << options.beam_size << " beams, " << options.samples << " samples";
    }
  }
  EXPECT_GT(tests::AllocationCount(), before);  // Begin allocates: the counter counts
}

// In f32 oneDNN allocates within each product, some 1600 times a step; the code around it does not.
// With one thread: another may meet a shape of product as late as in the second round.
TEST_F(AllocationTest, TheTokenLoopLeavesAllocatingToOneDnn) {
  const size_t before = tests::OwnAllocationCount();
  for (const SearchOptions& options : Searches()) {
    EXPECT_EQ(CountInSteps(options, 1, tests::OwnAllocationCount), 0U);
  }
  EXPECT_GT(tests::OwnAllocationCount(), before);
}

}  // namespace
}  // namespace verbatim::whisper
