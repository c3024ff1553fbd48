// Which seeds a simulation runs: a few by default, and others as the environment says.
#pragma once

#include <cstdlib>

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

}  // namespace verbatim
