#include "pipeline/engine_shape.h"

#include <gtest/gtest.h>

namespace verbatim::pipeline {
namespace {

constexpr uint64_t kGigabyte = 1'000'000'000;

// The sizes of Whisper's base model.
whisper::ModelShape Base() {
  return {.mels = 80,
          .width = 512,
          .heads = 8,
          .depth = 64,
          .encoder_layers = 6,
          .decoder_layers = 6,
          .audio_positions = 1500,
          .text_positions = 448,
          .vocabulary = 51865};
}

constexpr auto kHalf = nn::AudioFormat::kHalf;

Result<Engine::Shape> ChooseShape(const EngineOptions& options, const whisper::ModelShape& model,
                                  int cpus, uint64_t memory_free) {
  return pipeline::ChooseShape(options, model, kHalf, {cpus, memory_free});
}

EngineOptions Asked(int workers, int threads, int batch) {
  EngineOptions options;
  options.workers = workers;
  options.threads = threads;
  options.batch = batch;
  return options;
}

TEST(ChooseShape, KeepsWhatWasAskedFor) {
  const EngineOptions options = Asked(3, 5, 7);
  const auto shape = ChooseShape(options, Base(), 2, kGigabyte / 100);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->workers, 3);
  EXPECT_EQ(shape->threads, 5);
  EXPECT_EQ(shape->batch, 7);
}

TEST(ChooseShape, FillsTheMachineAndNoMore) {
  for (int cpus = 1; cpus <= 128; ++cpus) {
    const auto shape = ChooseShape({}, Base(), cpus, 64 * kGigabyte);
    ASSERT_TRUE(shape);
    EXPECT_GE(shape->workers, 1);
    EXPECT_GE(shape->threads, 1);
    EXPECT_GE(shape->batch, 1);
    EXPECT_LE(shape->workers * shape->threads, cpus) << cpus;
    EXPECT_GE(2 * shape->workers * shape->threads, cpus) << cpus;
  }
}

TEST(ChooseShape, HalfAChoiceIsCompletedToFit) {
  for (int given = 1; given <= 8; ++given) {
    const auto workers = ChooseShape(Asked(given, 0, 0), Base(), 8, 0);
    ASSERT_TRUE(workers);
    EXPECT_EQ(workers->workers, given);
    EXPECT_LE(given * workers->threads, 8);
    const auto threads = ChooseShape(Asked(0, given, 0), Base(), 8, 0);
    ASSERT_TRUE(threads);
    EXPECT_EQ(threads->threads, given);
    EXPECT_LE(given * threads->workers, 8);
  }
  EXPECT_EQ(ChooseShape(Asked(9, 0, 0), Base(), 8, 0)->threads, 1);
  EXPECT_EQ(ChooseShape(Asked(0, 9, 0), Base(), 8, 0)->workers, 1);
}

TEST(ChooseShape, BatchesKeepToTheFreeMemory) {
  int before = 0;
  for (uint64_t free = 1'000'000; free < 64 * kGigabyte; free *= 2) {
    const auto shape = ChooseShape({}, Base(), 8, free);
    ASSERT_TRUE(shape);
    EXPECT_GE(shape->batch, before) << free;  // more memory never makes it smaller
    before = shape->batch;
    const uint64_t taken =
        static_cast<uint64_t>(shape->workers * shape->batch) * BytesPerWindow(Base(), kHalf);
    if (shape->batch > 1) {
      EXPECT_LE(taken, free) << free;
    }
  }
  EXPECT_GT(before, 1);
  EXPECT_EQ(ChooseShape({}, Base(), 8, 1)->batch, 1);  // one window must do
}

TEST(ChooseShape, WindowsOfLargerModelsTakeMore) {
  whisper::ModelShape large = Base();
  large.width = 1280;
  large.decoder_layers = 32;
  EXPECT_EQ(BytesPerWindow(Base(), kHalf),
            6U * 1500 * 512 * 2 * 2);  // keys and values, half precision
  EXPECT_GT(BytesPerWindow(large, kHalf), BytesPerWindow(Base(), kHalf));
  EXPECT_LE(ChooseShape({}, large, 4, kGigabyte)->batch,
            ChooseShape({}, Base(), 4, kGigabyte)->batch);
}

TEST(ChooseShape, AWorkerHasOneThreadWhereMemoryAllows) {
  EXPECT_EQ(ChooseShape({}, Base(), 2, 0)->workers, 2);
  EXPECT_EQ(ChooseShape({}, Base(), 16, 64 * kGigabyte)->workers, 16);
  const auto small = ChooseShape({}, Base(), 16, kGigabyte / 2);
  EXPECT_EQ(small->workers, 1);
  EXPECT_EQ(small->threads, 16);
  for (uint64_t free = kGigabyte; free < 64 * kGigabyte; free += kGigabyte) {
    const auto shape = ChooseShape({}, Base(), 16, free);
    const auto taken = static_cast<uint64_t>(shape->workers) *
                       (static_cast<uint64_t>(shape->batch) * BytesPerWindow(Base(), kHalf) +
                        BytesPerWorker(Base()));
    EXPECT_LE(taken, free / 4) << free;
  }
}

TEST(ChooseShape, AudioInEightBitsMakesRoomForMore) {
  EXPECT_LT(BytesPerWindow(Base(), nn::AudioFormat::kInt8), BytesPerWindow(Base(), kHalf) * 6 / 10);
  EXPECT_GT(pipeline::ChooseShape({}, Base(), nn::AudioFormat::kInt8, {2, 0})->batch,
            ChooseShape({}, Base(), 2, 0)->batch);
}

EngineOptions Calibrated(int workers, int threads, int batch) {
  EngineOptions options;
  options.calibration = Calibration{FormatsOf(ComputeType::kInt8), workers, threads, batch};
  return options;
}

void ExpectRule(const EngineOptions& options, int cpus, uint64_t memory_free) {
  const auto rule = ChooseShape({}, Base(), cpus, memory_free);
  const auto shape = ChooseShape(options, Base(), cpus, memory_free);
  ASSERT_TRUE(rule && shape);
  EXPECT_EQ(shape->workers, rule->workers);
  EXPECT_EQ(shape->threads, rule->threads);
  EXPECT_EQ(shape->batch, rule->batch);
  EXPECT_EQ(shape->workers_from, Origin::kRule);
  EXPECT_EQ(shape->threads_from, Origin::kRule);
  EXPECT_EQ(shape->batch_from, Origin::kRule);
}

TEST(ChooseShape, ACalibrationFillsWhatIsOpen) {
  const auto shape = ChooseShape(Calibrated(2, 4, 16), Base(), 8, 64 * kGigabyte);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->workers, 2);
  EXPECT_EQ(shape->threads, 4);
  EXPECT_EQ(shape->batch, 16);
  EXPECT_EQ(shape->workers_from, Origin::kCalibration);
  EXPECT_EQ(shape->threads_from, Origin::kCalibration);
  EXPECT_EQ(shape->batch_from, Origin::kCalibration);
  EngineOptions options = Calibrated(2, 4, 16);
  options.batch = 3;
  EXPECT_EQ(ChooseShape(options, Base(), 8, 0)->batch, 3);
  EXPECT_EQ(ChooseShape(options, Base(), 8, 0)->batch_from, Origin::kOptions);
}

TEST(ChooseShape, ACalibrationSaysNothingOfOtherWorkersThanItsOwn) {
  EngineOptions options = Calibrated(2, 4, 16);
  options.workers = 8;
  const auto shape = ChooseShape(options, Base(), 8, 0);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->workers_from, Origin::kOptions);
  EXPECT_EQ(shape->threads, 1);
  EXPECT_EQ(shape->threads_from, Origin::kRule);
  EXPECT_EQ(shape->batch, ChooseShape(Asked(8, 0, 0), Base(), 8, 0)->batch);
  EXPECT_EQ(shape->batch_from, Origin::kRule);
}

TEST(ChooseShape, ACalibrationKeepsToTheFreeMemory) {
  const auto shape = ChooseShape(Calibrated(1, 8, 16), Base(), 8, kGigabyte);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->workers_from, Origin::kCalibration);
  EXPECT_LT(shape->batch, 16);
  EXPECT_LE(static_cast<uint64_t>(shape->batch) * BytesPerWindow(Base(), kHalf), kGigabyte / 4);
  ExpectRule(Calibrated(8, 1, 4), 8, kGigabyte / 2);  // not even a window for each
}

TEST(ChooseShape, ACalibrationThatCannotBeIsPassedOver) {
  for (const EngineOptions& options :
       {Calibrated(8, 2, 1), Calibrated(0, 1, 1), Calibrated(1, 0, 1), Calibrated(1, 1, 0),
        Calibrated(65, 1, 1), Calibrated(1, 257, 1), Calibrated(1, 1, 65), Calibrated(-1, -1, 1)}) {
    ExpectRule(options, 8, 64 * kGigabyte);
  }
}

TEST(ResizedShape, ThreadsThatNobodySetShareOutTheCpus) {
  const Engine::Shape shape = *ChooseShape(Asked(4, 0, 2), Base(), 8, 0);
  EXPECT_EQ(shape.threads, 2);
  EXPECT_EQ(ResizedShape(shape, {1, 2}, 8).threads, 8);
  EXPECT_EQ(ResizedShape(shape, {3, 2}, 8).threads, 2);
  EXPECT_EQ(ResizedShape(shape, {9, 2}, 8).threads, 1);
  const Engine::Shape set = *ChooseShape(Asked(4, 2, 2), Base(), 8, 0);
  EXPECT_EQ(ResizedShape(set, {1, 2}, 8).threads, 2);
}

TEST(ResizedShape, WhatChangesIsByRule) {
  const Engine::Shape shape = *ChooseShape(Calibrated(2, 4, 16), Base(), 8, 64 * kGigabyte);
  const Engine::Shape same = ResizedShape(shape, {2, 16}, 8);
  EXPECT_EQ(same.workers_from, Origin::kCalibration);
  EXPECT_EQ(same.batch_from, Origin::kCalibration);
  const Engine::Shape smaller = ResizedShape(shape, {2, 1}, 8);
  EXPECT_EQ(smaller.batch, 1);
  EXPECT_EQ(smaller.batch_from, Origin::kRule);
  EXPECT_EQ(smaller.workers_from, Origin::kCalibration);
}

TEST(ResizedShape, AnyNumbersAreTaken) {
  const Engine::Shape shape = *ChooseShape({}, Base(), 8, 0);
  for (const EngineSize& size :
       {EngineSize{-1, -1}, EngineSize{0, 0}, EngineSize{1 << 30, 1 << 30}}) {
    const Engine::Shape resized = ResizedShape(shape, size, 8);
    EXPECT_EQ(resized.workers, size.workers <= 0 ? 1 : 64);
    EXPECT_EQ(resized.batch, size.batch <= 0 ? 1 : 64);
  }
}

TEST(ThreadsFor, StacksFindRoomWhereTheAddressSpaceHasALimit) {
  EXPECT_EQ(ThreadsFor(64, std::nullopt), 64);
  EXPECT_EQ(ThreadsFor(64, uint64_t{1} << 30), 16);
  EXPECT_EQ(ThreadsFor(2, uint64_t{1} << 30), 2);
  EXPECT_EQ(ThreadsFor(64, 0), 1);
}

TEST(ReservedBytes, GrowWithAllThatAWorkerIs) {
  const auto bytes = [](const WorkerShape& worker) { return ReservedBytes(Base(), 8, worker); };
  const WorkerShape small{1, 1, {1, 5, 230}};
  EXPECT_GT(bytes(small), size_t{30'000'000});
  for (const WorkerShape& larger : {WorkerShape{2, 1, {1, 5, 230}}, WorkerShape{1, 2, {1, 5, 230}},
                                    WorkerShape{1, 1, {2, 5, 230}}, WorkerShape{1, 1, {1, 6, 230}},
                                    WorkerShape{1, 1, {1, 5, 231}}}) {
    EXPECT_GT(bytes(larger), bytes(small));
  }
}

TEST(EngineBytes, WeightsAreThoseOfTheFormats) {
  // base has 72 million weights in its matrices.
  const whisper::Precision int8{nn::Linear::Format::kInt8, nn::Linear::Format::kInt8};
  const whisper::Precision f32{};
  EXPECT_NEAR(static_cast<double>(EngineBytes(Base(), int8, {0, 0})), 78e6, 5e6);
  EXPECT_NEAR(static_cast<double>(EngineBytes(Base(), f32, {0, 0})), 290e6, 10e6);
  EXPECT_EQ(EngineBytes(Base(), int8, {-3, 5}), EngineBytes(Base(), int8, {0, 0}));
  EXPECT_EQ(EngineBytes(Base(), f32, {3, 2}) - EngineBytes(Base(), f32, {0, 0}),
            3 * (BytesPerWorker(Base()) + 2 * BytesPerWindow(Base(), kHalf)));
}

TEST(ChooseShape, NumbersOutOfRangeAreRefused) {
  for (const EngineOptions& options : {Asked(-1, 0, 0), Asked(65, 0, 0), Asked(0, -1, 0),
                                       Asked(0, 257, 0), Asked(0, 0, -1), Asked(0, 0, 65)}) {
    const auto shape = ChooseShape(options, Base(), 4, 0);
    ASSERT_FALSE(shape);
    EXPECT_EQ(shape.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(ChooseShape(Asked(64, 256, 64), Base(), 4, 0));
}

}  // namespace
}  // namespace verbatim::pipeline
