#include "jobs/engine_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "jobs/test_engine.h"

namespace verbatim::jobs {
namespace {

using ::testing::HasSubstr;

class EngineCacheTest : public testing::Test {
 protected:
  std::unique_ptr<EngineCache> Make(size_t loaded_max = 2) {
    EngineCacheOptions options;
    options.loaded_max = loaded_max;
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
  EXPECT_EQ(cache->use().workers, 1);
  EXPECT_EQ(nanoseconds(*cache), 7U);
  ASSERT_TRUE(cache->Get("tiny.en"));
  EXPECT_EQ(script_->alive, 1);
  EXPECT_EQ(cache->use().workers, 1);
  EXPECT_EQ(nanoseconds(*cache), 14U);
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
