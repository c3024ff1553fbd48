#include "transcript/impl/common_subsequence.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace verbatim::transcript {
namespace {

// Of a table: 2 bytes each. Its shorter side is then below 65,536, so that lengths fit.
constexpr size_t kCellsMax = size_t{1} << 21;

struct Stretch {
  size_t before_begin = 0;
  size_t before_end = 0;
  size_t after_begin = 0;
  size_t after_end = 0;

  size_t before_size() const { return before_end - before_begin; }
  size_t after_size() const { return after_end - after_begin; }
};

class Matcher {
 public:
  Matcher(std::span<const size_t> before, std::span<const size_t> after)
      : before_(before), after_(after), matches_(after.size(), kNoMatch) {}

  std::vector<size_t> Run() {
    std::vector<Stretch> pending = {{0, before_.size(), 0, after_.size()}};
    while (!pending.empty()) {
      Stretch stretch = pending.back();
      pending.pop_back();
      TrimEnds(stretch);
      if (stretch.before_size() == 0 || stretch.after_size() == 0) continue;
      if (stretch.before_size() < kCellsMax / stretch.after_size()) {
        MatchByTable(stretch);
      } else {
        CutAtAnchors(stretch, pending);
      }
    }
    return std::move(matches_);
  }

 private:
  void TrimEnds(Stretch& stretch) {
    while (stretch.before_size() > 0 && stretch.after_size() > 0 &&
           before_[stretch.before_begin] == after_[stretch.after_begin]) {
      matches_[stretch.after_begin++] = stretch.before_begin++;
    }
    while (stretch.before_size() > 0 && stretch.after_size() > 0 &&
           before_[stretch.before_end - 1] == after_[stretch.after_end - 1]) {
      matches_[--stretch.after_end] = --stretch.before_end;
    }
  }

  // lengths[i][j]: of the longest common subsequence from item i of one and j of the other on.
  void MatchByTable(const Stretch& stretch) {
    const size_t rows = stretch.before_size();
    const size_t columns = stretch.after_size();
    std::vector<uint16_t> lengths((rows + 1) * (columns + 1));
    const auto length = [&](size_t i, size_t j) -> uint16_t& {
      return lengths[(i * (columns + 1)) + j];
    };
    const auto is_same = [&](size_t i, size_t j) {
      return before_[stretch.before_begin + i] == after_[stretch.after_begin + j];
    };
    for (size_t i = rows; i-- > 0;) {
      for (size_t j = columns; j-- > 0;) {
        length(i, j) = is_same(i, j) ? static_cast<uint16_t>(length(i + 1, j + 1) + 1)
                                     : std::max(length(i + 1, j), length(i, j + 1));
      }
    }
    for (size_t i = 0, j = 0; i < rows && j < columns;) {
      if (is_same(i, j)) {
        matches_[stretch.after_begin + j++] = stretch.before_begin + i++;
      } else if (length(i + 1, j) >= length(i, j + 1)) {
        ++i;
      } else {
        ++j;
      }
    }
  }

  // Items that occur once in each, in the order of `after`: their longest ascending run cuts the
  // stretch. Without any, nothing of it is taken for the same.
  void CutAtAnchors(const Stretch& stretch, std::vector<Stretch>& pending) {
    const std::vector<Pair> anchors = Ascending(UniquePairs(stretch));
    if (anchors.empty()) return;
    Stretch rest = stretch;
    for (const auto& [before, after] : anchors) {
      matches_[after] = before;
      pending.push_back({rest.before_begin, before, rest.after_begin, after});
      rest.before_begin = before + 1;
      rest.after_begin = after + 1;
    }
    pending.push_back(rest);
  }

  using Pair = std::pair<size_t, size_t>;  // places in `before` and `after`

  std::vector<Pair> UniquePairs(const Stretch& stretch) const {
    struct Places {
      size_t before_count = 0;
      size_t after_count = 0;
      size_t before = 0;
    };
    std::unordered_map<size_t, Places> places;
    for (size_t i = stretch.before_begin; i < stretch.before_end; ++i) {
      Places& found = places[before_[i]];
      ++found.before_count;
      found.before = i;
    }
    for (size_t i = stretch.after_begin; i < stretch.after_end; ++i) {
      ++places[after_[i]].after_count;
    }
    std::vector<Pair> pairs;
    for (size_t i = stretch.after_begin; i < stretch.after_end; ++i) {
      const Places& found = places[after_[i]];
      if (found.before_count == 1 && found.after_count == 1) pairs.emplace_back(found.before, i);
    }
    return pairs;
  }

  // The longest run of pairs that ascend in both. Source: patience sorting.
  static std::vector<Pair> Ascending(const std::vector<Pair>& pairs) {
    std::vector<size_t> tails;  // the pair that ends the best run of each length
    std::vector<size_t> previous(pairs.size(), kNoMatch);
    for (size_t i = 0; i < pairs.size(); ++i) {
      const auto place = std::ranges::lower_bound(
          tails, pairs[i].first, {}, [&pairs](size_t tail) { return pairs[tail].first; });
      if (place != tails.begin()) previous[i] = *(place - 1);
      if (place == tails.end()) {
        tails.push_back(i);
      } else {
        *place = i;
      }
    }
    std::vector<Pair> run;
    for (size_t i = tails.empty() ? kNoMatch : tails.back(); i != kNoMatch; i = previous[i]) {
      run.push_back(pairs[i]);
    }
    std::ranges::reverse(run);
    return run;
  }

  std::span<const size_t> before_;
  std::span<const size_t> after_;
  std::vector<size_t> matches_;
};

}  // namespace

std::vector<size_t> CommonSubsequence(std::span<const size_t> before,
                                      std::span<const size_t> after) {
  return Matcher(before, after).Run();
}

}  // namespace verbatim::transcript
