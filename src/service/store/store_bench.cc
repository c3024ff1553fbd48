// Status requests read one job, progress writes one: the two that happen all the time.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "store/test_database.h"

namespace verbatim::store {
namespace {

// Many ended jobs, as after months of use. On the disk of the temporary folder, not in memory.
class Ledger : TestDatabase {
 public:
  static Database& Shared() {
    static Ledger ledger;
    return *ledger.database_;
  }
  static constexpr int kJobs = 10'000;
  static std::string IdOf(int i) { return fmt::format("{:032x}", i); }

 private:
  Ledger() : TestDatabase(FolderKind::kDisk) {
    CHECK(database_->Write([](Connection& c) -> Result<void> {
      for (int i = 0; i < kJobs; ++i) {
        Upload upload = MakeUpload(IdOf(i));
        upload.sha256 = std::string(64, 'a');
        TRY_VOID(InsertUpload(c, upload));
        Job job = MakeJob(IdOf(i), IdOf(i));
        job.options = std::string(300, 'o');
        job.transcript_key = std::string(200, 'k');
        job.plan = std::string(static_cast<size_t>(i % 2 == 0 ? 300 : 15'000), 'p');
        job.state = i < 10 ? JobState::kRunning : JobState::kCompleted;
        TRY_VOID(InsertJob(c, job));
        if (i % 10 == 0) {
          const std::vector<std::string> texts(50, "and so my fellow Americans ask not what");
          TRY_VOID(PutTranscript(c, job.id, std::string(20'000, 't'), MakeTranscript(texts)));
        }
      }
      return {};
    }));
  }
};

// Argument: 0 jobs of short recordings, 1 of an hour, whose plan is long.
void BenchFindJob(benchmark::State& state) {
  Database& database = Ledger::Shared();
  std::mt19937 random(1);
  for (auto _ : state) {
    const auto number = static_cast<int>(random() % 500) * 2 + static_cast<int>(state.range(0));
    const std::string id = Ledger::IdOf(number);
    const auto job = database.Read([&](Connection& c) { return FindJob(c, id); });
    CHECK(job && *job);
  }
}
BENCHMARK(BenchFindJob)->Arg(0)->Arg(1)->ThreadRange(1, 4);

void BenchUpdateRunningJob(benchmark::State& state) {
  Database& database = Ledger::Shared();
  Job job = **database.Read([&](Connection& c) { return FindJob(c, Ledger::IdOf(0)); });
  for (auto _ : state) {
    ++job.windows_done;
    CHECK(database.Write([&](Connection& c) { return UpdateRunningJob(c, job); }));
  }
}
BENCHMARK(BenchUpdateRunningJob)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BenchAppendEvent(benchmark::State& state) {
  Database& database = Ledger::Shared();
  for (auto _ : state) {
    CHECK(database.Write([&](Connection& c) {
      return AppendEvent(c, {.type = "progress", .job = Ledger::IdOf(0), .data = "{}"});
    }));
  }
}
BENCHMARK(BenchAppendEvent)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BenchListJobs(benchmark::State& state) {
  Database& database = Ledger::Shared();
  for (auto _ : state) {
    const auto jobs = database.Read([](Connection& c) { return ListJobs(c, {.count = 50}); });
    CHECK(jobs && jobs->size() == 50);
  }
}
BENCHMARK(BenchListJobs)->Unit(benchmark::kMicrosecond);

void BenchCountJobs(benchmark::State& state) {
  Database& database = Ledger::Shared();
  for (auto _ : state)
    CHECK(database.Read([](Connection& c) { return CountJobs(c, JobState::kQueued); }));
}
BENCHMARK(BenchCountJobs)->Unit(benchmark::kMicrosecond);

// Every one of 50,000 segments is found.
void BenchSearch(benchmark::State& state) {
  Database& database = Ledger::Shared();
  for (auto _ : state) {
    CHECK(database.Read([](Connection& c) { return Search(c, {.text = "fellow amer*"}); }));
  }
}
BENCHMARK(BenchSearch)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace verbatim::store
