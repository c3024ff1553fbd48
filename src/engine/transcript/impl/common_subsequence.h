// Which items of two sequences are the same ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace verbatim::transcript {

inline constexpr size_t kNoMatch = SIZE_MAX;

// For each item of `after` the item of `before` that it is, or kNoMatch; matches ascend. The
// longest common subsequence, but for long stretches without anything in common at their ends:
// those are first cut at items that occur once in each.
std::vector<size_t> CommonSubsequence(std::span<const size_t> before,
                                      std::span<const size_t> after);

}  // namespace verbatim::transcript
