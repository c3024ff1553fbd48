// How good a place between two pieces of text is for ending a line or a cue.
#pragma once

#include <cstdint>
#include <string_view>

namespace verbatim::transcript {

// From the best to the worst.
enum class BreakGrade {
  kSentence,    // after a full stop, question or exclamation mark
  kSegment,     // between two segments
  kPause,       // a breath
  kClause,      // after a comma, colon, dash
  kPhrase,      // before a word that begins a phrase ("and", "of", "because")
  kPlain,       // between two words
  kWeak,        // after such a word: the phrase would be torn
  kInsideWord,  // inside a word of a script without spaces
};

// Grades the break between two texts by their letters alone. Never kSegment, kPause or kInsideWord.
// `language`: the code, for its list of words that begin phrases; unknown ones have no list.
BreakGrade GradeBreak(std::string_view before, std::string_view after, std::string_view language);

// Whether a line may end between two characters with no space between them.
bool MayBreakBetween(char32_t before, char32_t after);

// Chinese, Japanese, Thai, Lao, Burmese, Khmer: written without spaces between words.
bool IsSpacelessScript(char32_t code);

}  // namespace verbatim::transcript
