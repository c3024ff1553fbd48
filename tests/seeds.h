// Which seeds a simulation runs: a few by default, and others as the environment says.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace verbatim {

// VERBATIM_SEED runs one seed alone; VERBATIM_SEEDS says how many there are, in all parts together,
// and VERBATIM_FIRST_SEED where they begin.
struct SeedRange {
  unsigned first = 0;
  unsigned end = 0;
};

inline unsigned NumberFromEnvironment(const char* name, unsigned otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : otherwise;
}

// Those of one part of several, which run at the same time.
inline SeedRange SeedsOf(unsigned part, unsigned parts, unsigned count) {
  if (std::getenv("VERBATIM_SEED") != nullptr) {
    const unsigned one = NumberFromEnvironment("VERBATIM_SEED", 0);
    return part == 0 ? SeedRange{one, one + 1} : SeedRange{};
  }
  const unsigned size = NumberFromEnvironment("VERBATIM_SEEDS", count) / parts;
  const unsigned first = NumberFromEnvironment("VERBATIM_FIRST_SEED", 0) + part * size;
  return {first, first + size};
}

// Simulates the seeds of one part, until one fails; a failure names it.
template <typename Simulate>
void RunSeeds(const SeedRange& seeds, const Simulate& simulate) {
  for (unsigned seed = seeds.first; seed < seeds.end && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("VERBATIM_SEED=" + std::to_string(seed));
    static_cast<void>(simulate(seed));
  }
}

// `simulate` returns an account, or a hash, of all that happened.
template <typename Simulate>
void ExpectTheSameRunAgain(const Simulate& simulate) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    const auto account = simulate(seed);
    EXPECT_EQ(simulate(seed), account) << seed;
    EXPECT_NE(simulate(seed + 1), account) << seed;
  }
}

}  // namespace verbatim
