#include "transcript/retiming.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "transcript/impl/break_grade.h"
#include "transcript/impl/common_subsequence.h"
#include "transcript/impl/text.h"

namespace verbatim::transcript {
namespace {

constexpr SampleTime kMillisecond{kSampleRate / 1000};

// What counts as one word: bytes of a text, without outer spaces.
struct Unit {
  size_t begin = 0;
  size_t end = 0;
  int64_t length = 0;  // in grapheme clusters
};

std::vector<Unit> CutIntoUnits(std::string_view text) {
  std::vector<Unit> units;
  bool begins = true;
  char32_t previous = 0;
  for (const Cluster& cluster : SplitClusters(text)) {
    if (cluster.is_space) {
      begins = true;
      continue;
    }
    if (begins || MayBreakBetween(previous, cluster.first)) units.push_back({cluster.begin, 0, 0});
    units.back().end = cluster.end;
    ++units.back().length;
    begins = false;
    previous = cluster.last;
  }
  return units;
}

// An old word in the text of all of them.
struct PlacedWord {
  size_t begin = 0;  // bytes, without outer spaces; begin < end
  size_t end = 0;
  SampleTime time_begin{0};
  SampleTime time_end{0};
  float probability = 0;

  // The time at a byte of the text, shared among the word's bytes.
  SampleTime TimeAt(size_t offset) const {
    const auto passed = static_cast<int64_t>(std::clamp(offset, begin, end) - begin);
    const SampleTime length = std::max(time_end - time_begin, SampleTime{0});
    return time_begin + length * passed / static_cast<int64_t>(end - begin);
  }
};

// The fewest old words and units that begin and end at the same places.
struct Group {
  size_t first_word = 0;
  size_t last_word = 0;
  size_t first_unit = 0;
  size_t last_unit = 0;
};

// The old words as a text, its units, and how both go together.
class OldText {
 public:
  explicit OldText(std::span<const Word> words) {
    for (const Word& word : words) Place(word);
    units_ = CutIntoUnits(text_);
    FindGroups();
  }

  const std::vector<Unit>& units() const { return units_; }
  std::string_view TextOf(const Unit& unit) const {
    return std::string_view(text_).substr(unit.begin, unit.end - unit.begin);
  }
  // The group of a unit.
  const Group& GroupAt(size_t unit) const { return groups_[group_of_unit_[unit]]; }
  std::string_view TextOf(const Group& group) const {
    const size_t begin = words_[group.first_word].begin;
    return std::string_view(text_).substr(begin, words_[group.last_word].end - begin);
  }
  const PlacedWord& word(size_t index) const { return words_[index]; }

  // A unit with its share of the time of the words that it belongs to.
  Word Timed(size_t unit) const {
    const Group& group = GroupAt(unit);
    const size_t begin = units_[unit].begin;
    const size_t end = units_[unit].end;
    size_t first = group.first_word;
    while (first < group.last_word && words_[first].end <= begin) ++first;
    size_t last = first;
    Word word;
    word.probability = words_[first].probability;
    while (last < group.last_word && words_[last].end < end) {
      word.probability = std::min(word.probability, words_[++last].probability);
    }
    word.begin = words_[first].TimeAt(begin);
    word.end = words_[last].TimeAt(end);
    return word;
  }

 private:
  void Place(const Word& word) {
    const std::string valid = ToValidUtf8(word.text);
    const size_t offset = text_.size();
    text_ += valid;
    const std::vector<Cluster> clusters = SplitClusters(valid);
    const auto is_visible = [](const Cluster& cluster) { return !cluster.is_space; };
    const auto first = std::ranges::find_if(clusters, is_visible);
    if (first == clusters.end()) return;
    const auto last = std::find_if(clusters.rbegin(), clusters.rend(), is_visible);
    words_.push_back(
        {offset + first->begin, offset + last->end, word.begin, word.end, word.probability});
  }

  // Both end with the last letter, so a group always ends.
  void FindGroups() {
    size_t word = 0;
    size_t unit = 0;
    while (word < words_.size() && unit < units_.size()) {
      Group group{word, word, unit, unit};
      while (words_[group.last_word].end != units_[group.last_unit].end) {
        const bool is_word_behind = words_[group.last_word].end < units_[group.last_unit].end;
        size_t& behind = is_word_behind ? group.last_word : group.last_unit;
        if (behind + 1 >= (is_word_behind ? words_.size() : units_.size())) break;
        ++behind;
      }
      group_of_unit_.insert(group_of_unit_.end(), group.last_unit + 1 - unit, groups_.size());
      groups_.push_back(group);
      word = group.last_word + 1;
      unit = group.last_unit + 1;
    }
    // Clusters that join over the border of two words may leave a unit or a word over.
    group_of_unit_.resize(units_.size(), groups_.empty() ? 0 : groups_.size() - 1);
  }

  std::string text_;
  std::vector<PlacedWord> words_;
  std::vector<Unit> units_;
  std::vector<Group> groups_;
  std::vector<size_t> group_of_unit_;
};

// A word of a new text; without a time until it got one.
struct NewWord {
  Word word;
  int64_t length = 0;
  bool is_timed = false;
};

// Makes the words of one text.
class Writer {
 public:
  // `matches`: the old unit of each unit of the text.
  Writer(const OldText& old, const TimedText& text, const std::vector<Unit>& units,
         std::span<const size_t> matches)
      : old_(old), text_(text), units_(units), matches_(matches) {}

  std::vector<Word> Write() {
    for (size_t unit = 0; unit < units_.size();) unit += Add(unit);
    for (NewWord& word : words_) Clip(word);
    OrderTimes();
    ShareTime();
    std::vector<Word> words;
    words.reserve(words_.size());
    for (NewWord& word : words_) words.push_back(std::move(word.word));
    return words;
  }

 private:
  // Adds the word or words of a unit; returns how many units were used.
  size_t Add(size_t unit) {
    const size_t match = matches_[unit];
    if (match == kNoMatch) {
      Append({.text = {}, .begin = {}, .end = {}, .probability = 1}, units_[unit].end);
      words_.back().length = units_[unit].length;
      words_.back().is_timed = false;
      return 1;
    }
    if (const size_t used = AddGroup(unit, old_.GroupAt(match)); used > 0) return used;
    Append(old_.Timed(match), units_[unit].end);
    words_.back().length = units_[unit].length;
    return 1;
  }

  // The old words as they were, if all of them stayed to the letter; else 0.
  size_t AddGroup(size_t unit, const Group& group) {
    const size_t count = group.last_unit - group.first_unit + 1;
    if (unit + count > units_.size()) return 0;
    for (size_t i = 0; i < count; ++i) {
      if (matches_[unit + i] != group.first_unit + i) return 0;
    }
    const size_t begin = units_[unit].begin;
    const std::string_view now =
        std::string_view(text_.text).substr(begin, units_[unit + count - 1].end - begin);
    if (now != old_.TextOf(group)) return 0;
    const size_t old_begin = old_.word(group.first_word).begin;
    for (size_t i = group.first_word; i <= group.last_word; ++i) {
      const PlacedWord& word = old_.word(i);
      Append({.text = {},
              .begin = word.time_begin,
              .end = word.time_end,
              .probability = word.probability},
             begin + word.end - old_begin);
    }
    return count;
  }

  // A word whose text goes on to this byte.
  void Append(Word word, size_t end) {
    word.text = text_.text.substr(written_, end - written_);
    written_ = end;
    words_.push_back({std::move(word), 1, true});
  }

  void Clip(NewWord& word) const {
    if (!word.is_timed) return;
    Word& timed = word.word;
    const bool is_outside = timed.end <= text_.begin || timed.begin >= text_.end;
    if (is_outside && (timed.begin < text_.begin || timed.end > text_.end)) {
      word.is_timed = false;
      return;
    }
    timed.begin = std::clamp(timed.begin, text_.begin, text_.end);
    timed.end = std::clamp(timed.end, timed.begin, text_.end);
  }

  void OrderTimes() {
    SampleTime reached = text_.begin;
    for (NewWord& word : words_) {
      if (!word.is_timed) continue;
      word.word.begin = std::max(word.word.begin, reached);
      word.word.end = std::max(word.word.end, word.word.begin);
      reached = word.word.end;
    }
  }

  // Each run of words without time gets what lies between its neighbours.
  void ShareTime() {
    SampleTime begin = text_.begin;
    for (size_t i = 0; i < words_.size(); ++i) {
      if (words_[i].is_timed) {
        begin = words_[i].word.end;
        continue;
      }
      size_t last = i;
      while (last + 1 < words_.size() && !words_[last + 1].is_timed) ++last;
      const SampleTime end = last + 1 < words_.size() ? words_[last + 1].word.begin : text_.end;
      ShareAmong(std::span(words_).subspan(i, last - i + 1), begin, end);
      i = last;
      begin = end;
    }
  }

  static void ShareAmong(std::span<NewWord> words, SampleTime begin, SampleTime end) {
    int64_t whole = 0;
    for (const NewWord& word : words) whole += word.length;
    int64_t passed = 0;
    SampleTime at = begin;
    for (NewWord& word : words) {
      passed += word.length;
      const SampleTime exact = begin + (end - begin) * passed / whole;
      const SampleTime rounded = exact / kMillisecond * kMillisecond;
      word.word.begin = at;
      at = passed == whole ? end : std::max(at, rounded);
      word.word.end = at;
    }
  }

  const OldText& old_;
  const TimedText& text_;
  const std::vector<Unit>& units_;
  const std::span<const size_t> matches_;
  std::vector<NewWord> words_;
  size_t written_ = 0;  // bytes of the text that words have
};

// Equal words get equal numbers.
class Numbers {
 public:
  size_t Of(std::string_view text) {
    const std::u32string key = WordKey(text);
    return numbers_.try_emplace(key, numbers_.size()).first->second;
  }

 private:
  std::unordered_map<std::u32string, size_t> numbers_;
};

}  // namespace

std::vector<std::vector<Word>> RetimeWords(std::span<const Word> old,
                                           std::span<const TimedText> texts) {
  const OldText old_text(old);
  Numbers numbers;
  std::vector<size_t> before;
  for (const Unit& unit : old_text.units()) before.push_back(numbers.Of(old_text.TextOf(unit)));
  std::vector<std::vector<Unit>> units;
  std::vector<size_t> after;
  for (const TimedText& text : texts) {
    units.push_back(CutIntoUnits(text.text));
    for (const Unit& unit : units.back()) {
      after.push_back(
          numbers.Of(std::string_view(text.text).substr(unit.begin, unit.end - unit.begin)));
    }
  }
  const std::vector<size_t> matches = CommonSubsequence(before, after);
  std::vector<std::vector<Word>> words;
  size_t first = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::span<const size_t> own = std::span(matches).subspan(first, units[i].size());
    words.push_back(Writer(old_text, texts[i], units[i], own).Write());
    first += units[i].size();
  }
  return words;
}

}  // namespace verbatim::transcript
