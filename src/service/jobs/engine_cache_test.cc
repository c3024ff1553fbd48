#include "jobs/engine_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "base/no_memory.h"
#include "jobs/test_engine.h"

namespace verbatim::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EngineCacheTest : public testing::Test {
 protected:
  std::unique_ptr<EngineCache> Make(size_t loaded_max = 2) {
    EngineCacheOptions options;
    options.loaded_max = loaded_max;
    options.estimate = [](const std::string&) { return ModelCost{1000, 100, 10}; };
    options.open = [this](const std::string& model) -> Result<std::unique_ptr<pipeline::Engine>> {
      ++script_->opened;
      if (script_->on_open) TRY_VOID(script_->on_open(model));
      return std::make_unique<FakeEngine>(script_);
    };
    return EngineCache::Make(options, log_);
  }

  bool IsLoaded(EngineCache& cache, const std::string& name) {
    for (const ModelInfo& info : cache.Installed()) {
      if (info.name == name) return info.is_loaded;
    }
    return false;
  }

  QuietLog log_;
  const std::shared_ptr<FakeScript> script_ = std::make_shared<FakeScript>();
};

TEST_F(EngineCacheTest, LoadsOnceAndShares) {
  const auto cache = Make();
  const auto first = cache->Get("base");
  const auto second = cache->Get("base");
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(script_->opened, 1);
  EXPECT_TRUE(IsLoaded(*cache, "base"));
  EXPECT_FALSE(IsLoaded(*cache, "tiny.en"));
}

TEST_F(EngineCacheTest, ThreadsWaitForTheOneThatLoads) {
  std::latch all(4);
  script_->on_open = [&](const std::string&) -> Result<void> {
    all.wait();  // until every thread has begun
    return {};
  };
  const auto cache = Make();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      all.count_down();
      EXPECT_TRUE(cache->Get("base"));
    });
  }
  threads.clear();
  EXPECT_EQ(script_->opened, 1);
}

TEST_F(EngineCacheTest, TheLongestUnusedMakesRoomAndThoseInUseStay) {
  const auto cache = Make(2);
  const auto base = cache->Get("base");
  ASSERT_TRUE(cache->Get("tiny.en"));
  ASSERT_TRUE(cache->Get("small"));
  EXPECT_TRUE(IsLoaded(*cache, "base")) << "in use, though older";
  EXPECT_FALSE(IsLoaded(*cache, "tiny.en"));
  EXPECT_EQ(script_->alive, 2);
  const auto small = cache->Get("small");
  const auto tiny = cache->Get("tiny.en");
  EXPECT_EQ(script_->alive, 3) << "nothing was idle";
}

TEST_F(EngineCacheTest, TimeOfUnloadedModelsStillCounts) {
  constexpr auto kStage = static_cast<size_t>(profile::Stage::kVocabulary);
  const auto nanoseconds = [&](EngineCache& cache) {
    return cache.use().stages[kStage].nanoseconds;
  };
  const auto cache = Make(1);
  script_->stages[kStage].nanoseconds = 7;
  EXPECT_EQ(cache->use().workers, 0);
  ASSERT_TRUE(cache->Get("base"));
  EXPECT_EQ(cache->use().workers, 2);
  EXPECT_EQ(nanoseconds(*cache), 7U);
  ASSERT_TRUE(cache->Get("tiny.en"));
  EXPECT_EQ(script_->alive, 1);
  EXPECT_EQ(cache->use().workers, 2);
  EXPECT_EQ(nanoseconds(*cache), 14U);
  cache->ReleaseIdle();
  EXPECT_EQ(cache->use().workers, 0);
  EXPECT_EQ(nanoseconds(*cache), 14U);
}

TEST_F(EngineCacheTest, AllModelsHaveTheSizeThatIsWanted) {
  const auto cache = Make();
  const auto base = *cache->Get("base");
  cache->Resize(3, 0);
  EXPECT_EQ(base->shape().workers, 3);
  EXPECT_EQ(base->shape().batch, 4) << "as opened";
  cache->Resize(1, 1);
  const auto tiny = *cache->Get("tiny.en");
  for (const auto& engine : {base, tiny}) {
    EXPECT_EQ(engine->shape().workers, 1);
    EXPECT_EQ(engine->shape().batch, 1);
  }
  cache->Resize(0, 0);
  for (const auto& engine : {base, tiny}) {
    EXPECT_EQ(engine->shape().workers, 2);
    EXPECT_EQ(engine->shape().batch, 4);
  }
}

TEST_F(EngineCacheTest, IdleModelsGoOnRequest) {
  const auto cache = Make(4);
  auto base = *cache->Get("base");
  for (const char* name : {"tiny.en", "small"}) EXPECT_TRUE(cache->Get(name));
  EXPECT_THAT(cache->ReleaseIdle("small"), ElementsAre("tiny.en"));
  EXPECT_EQ(script_->alive, 2);
  EXPECT_TRUE(IsLoaded(*cache, "base"));
  EXPECT_TRUE(IsLoaded(*cache, "small"));
  base.reset();
  EXPECT_THAT(cache->ReleaseIdle(), ElementsAre("base", "small"));
  EXPECT_EQ(script_->alive, 0);
  EXPECT_THAT(cache->ReleaseIdle(), IsEmpty());
}

TEST_F(EngineCacheTest, SaysWhatIsLoadedAndWhatItTakes) {
  script_->cost = {2000, 200, 20};
  const auto cache = Make();
  EXPECT_THAT(cache->Loaded(), IsEmpty());
  cache->Resize(3, 5);
  EXPECT_EQ(cache->Describe("base").cost.Bytes(3, 5), 1000U + 3 * (100 + 5 * 10)) << "estimated";
  EXPECT_FALSE(cache->Describe("base").is_loaded);
  auto base = *cache->Get("base");
  ASSERT_EQ(cache->Loaded().size(), 1U);
  LoadedModel model = cache->Loaded()[0];
  EXPECT_EQ(model.name, "base");
  EXPECT_EQ(model.users, 1);
  EXPECT_EQ(model.workers, 3);
  EXPECT_EQ(model.batch, 5);
  EXPECT_EQ(model.bytes(), 2000U + 3 * (200 + 5 * 20)) << "as the engine has it";
  const auto other_user = *cache->Get("base");
  EXPECT_EQ(cache->Describe("base").users, 2);
  base.reset();
  EXPECT_EQ(cache->Describe("base").users, 1);
}

TEST_F(EngineCacheTest, AnIdleModelHoldsItsWeights) {
  script_->cost = {2000, 200, 20};
  const auto cache = Make();
  EXPECT_TRUE(cache->Get("base"));
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const LoadedModel model = cache->Describe("base");
  EXPECT_TRUE(model.is_loaded);
  EXPECT_EQ(model.users, 0);
  EXPECT_GE(model.idle_ms, 2);
  EXPECT_EQ(model.bytes(), 2000U);
  cache->ReleaseIdle();
  EXPECT_EQ(cache->Describe("base").cost.weights, 2000U) << "remembered";
}

TEST_F(EngineCacheTest, AModelOnItsWayCountsAsInUse) {
  const auto cache = Make();
  std::vector<LoadedModel> seen;
  script_->on_open = [&](const std::string&) -> Result<void> {
    seen = cache->Loaded();
    EXPECT_THAT(cache->ReleaseIdle(), IsEmpty());
    return {};
  };
  ASSERT_TRUE(cache->Get("base"));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen[0].is_loaded);
  EXPECT_EQ(seen[0].users, 1);
}

TEST_F(EngineCacheTest, HowManyStayMayChange) {
  const auto cache = Make(3);
  const auto base = cache->Get("base");
  ASSERT_TRUE(cache->Get("tiny.en"));
  ASSERT_TRUE(cache->Get("small"));
  cache->SetLoadedMax(2);
  EXPECT_FALSE(IsLoaded(*cache, "tiny.en"));
  EXPECT_EQ(script_->alive, 2);
  cache->SetLoadedMax(1);
  EXPECT_TRUE(IsLoaded(*cache, "base")) << "in use";
  EXPECT_EQ(script_->alive, 1);
  cache->SetLoadedMax(2);
  ASSERT_TRUE(cache->Get("small"));
  EXPECT_TRUE(IsLoaded(*cache, "base"));
  EXPECT_EQ(script_->alive, 2);
}

TEST_F(EngineCacheTest, AFailureIsTriedAgain) {
  script_->on_open = [](const std::string&) -> Result<void> {
    return Fail(ErrorCode::kCorruptModel, "torn");
  };
  const auto cache = Make();
  EXPECT_EQ(cache->Get("base").error().code, ErrorCode::kCorruptModel);
  EXPECT_FALSE(IsLoaded(*cache, "base"));
  script_->on_open = nullptr;
  EXPECT_TRUE(cache->Get("base"));
}

TEST_F(EngineCacheTest, AModelForWhichThereIsNoMemoryIsTriedAgain) {
  script_->on_open = [](const std::string&) -> Result<void> {
    RequireMemory(false);
    return {};
  };
  const auto cache = Make();
  const auto failed = cache->Get("base");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kBusy);
  script_->on_open = nullptr;
  EXPECT_TRUE(cache->Get("base")) << "nobody waits for the one that failed";
}

TEST_F(EngineCacheTest, OnlyNamesOfTheCatalogueAreModels) {
  const auto cache = Make();
  EXPECT_TRUE(cache->Check("base"));
  const Result<void> unknown = cache->Check("nonesuch");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(unknown.error().message, HasSubstr("there is no model \"nonesuch\"; choose from: "));
}

TEST_F(EngineCacheTest, AModelThatIsNotInstalledSaysHowToGetIt) {
  setenv("VERBATIM_MODEL_DIR", "/nonexistent", 1);
  const auto cache = EngineCache::Make({}, log_);
  const Result<void> missing = cache->Check("base");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("verbatim model pull base"));
  EXPECT_EQ(cache->Get("base").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(cache->Installed().empty());
  unsetenv("VERBATIM_MODEL_DIR");
}

}  // namespace
}  // namespace verbatim::jobs
