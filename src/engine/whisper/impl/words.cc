#include "whisper/impl/words.h"

#include <cstddef>
#include <string>
#include <utility>

#include "whisper/impl/utf8.h"

namespace verbatim::whisper {
namespace {

constexpr std::string_view kAsciiMarks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
constexpr std::string_view kOpeningMarks = "\"'“¿([{-";
constexpr std::string_view kClosingMarks = "\"'.。,，!！?？:：”)]}、";

// Marks may come several in one token, in the order they have in the list; so these are searches
// for a substring.
bool IsAmong(std::string_view text, std::string_view marks) {
  return marks.find(text) != std::string_view::npos;
}

std::string_view Stripped(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// Appends a word, or what belongs to the word before it.
void Extend(WordTokens&& part, bool is_new, std::vector<WordTokens>& words) {
  if (is_new || words.empty()) {
    words.push_back(std::move(part));
  } else {
    words.back().text += part.text;
    words.back().end = part.end;
  }
}

// The shortest runs that end where a character ends. A token without bytes belongs to the run
// before it.
std::vector<WordTokens> SplitByCharacter(std::span<const std::string_view> tokens) {
  std::string all;
  for (const std::string_view bytes : tokens) all += bytes;
  const std::string_view rest = all;
  std::vector<WordTokens> runs;
  size_t token_end = 0;
  size_t character_end = 0;
  size_t run_begin = 0;
  size_t first = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    token_end += tokens[i].size();
    while (character_end < token_end) {
      character_end += FirstUtf8Unit(rest.substr(character_end)).size;
    }
    const bool is_empty = token_end == run_begin;
    const bool is_last = i + 1 == tokens.size();
    if (character_end != token_end || (is_empty && runs.empty() && !is_last)) continue;
    Extend({ReplaceInvalidUtf8(rest.substr(run_begin, token_end - run_begin)), first, i + 1},
           !is_empty, runs);
    run_begin = token_end;
    first = i + 1;
  }
  return runs;
}

std::vector<WordTokens> JoinBySpace(std::vector<WordTokens> runs) {
  std::vector<WordTokens> words;
  for (WordTokens& run : runs) {
    const bool is_new = run.text.starts_with(' ') || IsAmong(Stripped(run.text), kAsciiMarks);
    Extend(std::move(run), is_new, words);
  }
  return words;
}

// Opening marks that stand after a space become the beginning of the next word.
std::vector<WordTokens> JoinOpeningMarks(std::vector<WordTokens> words) {
  std::vector<WordTokens> joined;
  bool is_open = false;
  for (WordTokens& word : words) {
    const bool is_opening =
        word.text.starts_with(' ') && IsAmong(Stripped(word.text), kOpeningMarks);
    Extend(std::move(word), !is_open, joined);
    is_open = is_opening;
  }
  return joined;
}

// Closing marks become the end of the word before.
std::vector<WordTokens> JoinClosingMarks(std::vector<WordTokens> words) {
  std::vector<WordTokens> joined;
  for (WordTokens& word : words) {
    const bool is_closing = IsAmong(word.text, kClosingMarks);
    const bool is_free = joined.empty() || joined.back().text.ends_with(' ');
    Extend(std::move(word), !is_closing || is_free, joined);
  }
  return joined;
}

}  // namespace

std::vector<WordTokens> SplitTokenBytes(std::span<const std::string_view> tokens,
                                        WordBorder border) {
  std::vector<WordTokens> words = SplitByCharacter(tokens);
  if (border == WordBorder::kSpace) words = JoinBySpace(std::move(words));
  return JoinClosingMarks(JoinOpeningMarks(std::move(words)));
}

}  // namespace verbatim::whisper
