#include "transcript/impl/break_grade.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "transcript/impl/text.h"

namespace verbatim::transcript {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

// Source: Unicode block names. Korean is left out: it has spaces.
constexpr auto kSpacelessRanges = std::to_array<CodeRange>({
    {0x0E00, 0x0EFF},    // Thai, Lao
    {0x1000, 0x109F},    // Myanmar
    {0x1780, 0x17FF},    // Khmer
    {0x2E80, 0x312F},    // Han radicals, CJK punctuation, kana, bopomofo
    {0x31A0, 0x4DBF},    // bopomofo, strokes, enclosed letters, Han extension A
    {0x4E00, 0x9FFF},    // Han
    {0xF900, 0xFAFF},    // Han compatibility
    {0xFF00, 0xFF9F},    // full-width forms, half-width katakana
    {0x20000, 0x3FFFD},  // Han extensions
});

constexpr std::u32string_view kSentenceEnds = U".!?…。！？｡．।॥؟۔።።፧។‼⁇⁈⁉";
constexpr std::u32string_view kClauseEnds = U",;:、，；：､،؛፣—–―";
// Kana that continue a syllable, and Thai and Lao vowels written after their consonant.
constexpr std::u32string_view kNeverFirst = U"ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶะาๆຯະາໆ";
// Thai and Lao vowels written before their consonant.
constexpr std::u32string_view kNeverLast = U"เแโใไເແໂໃໄ";

constexpr auto kEnglish = std::to_array<std::string_view>(
    {"a",    "about", "after",  "although", "an",  "and",   "as",     "at",      "because",
     "but",  "by",    "for",    "from",     "how", "if",    "in",     "into",    "my",
     "nor",  "of",    "on",     "or",       "our", "since", "so",     "than",    "that",
     "the",  "their", "though", "through",  "to",  "under", "unless", "until",   "what",
     "when", "where", "which",  "while",    "who", "whose", "with",   "without", "your"});
constexpr auto kGerman = std::to_array<std::string_view>(
    {"aber", "als",  "am",    "an",    "auf",   "aus",     "bei",   "bis", "dann",
     "das",  "dass", "dem",   "den",   "denn",  "der",     "des",   "die", "durch",
     "ein",  "eine", "einem", "einen", "einer", "für",     "gegen", "im",  "in",
     "mit",  "nach", "ob",    "oder",  "ohne",  "sondern", "um",    "und", "unter",
     "vom",  "von",  "vor",   "weil",  "wenn",  "wie",     "zu",    "zum", "zur"});
constexpr auto kFrench = std::to_array<std::string_view>(
    {"au",   "aux", "avec", "car",  "ce",   "ces",     "chez",  "comme", "dans",
     "de",   "des", "donc", "dont", "du",   "elle",    "en",    "entre", "et",
     "il",   "je",  "la",   "le",   "les",  "mais",    "ne",    "ni",    "nous",
     "on",   "ou",  "où",   "par",  "pour", "puisque", "quand", "que",   "qui",
     "sans", "si",  "sous", "sur",  "un",   "une",     "vers",  "vous",  "à"});
constexpr auto kSpanish = std::to_array<std::string_view>(
    {"a",     "al",   "aunque", "como",  "con",    "cuando", "de",    "del", "desde", "donde",
     "e",     "el",   "en",     "entre", "hacia",  "hasta",  "la",    "las", "los",   "ni",
     "o",     "para", "pero",   "por",   "porque", "que",    "quien", "si",  "sin",   "sino",
     "sobre", "su",   "sus",    "u",     "un",     "una",    "unos",  "y"});
// English and German titles after which a full stop ends nothing.
constexpr auto kTitles = std::to_array<std::string_view>(
    {"bzw", "dr", "hr", "jr", "mr", "mrs", "ms", "mt", "nr", "prof", "sr", "st", "vs"});

std::span<const std::string_view> PhraseStarters(std::string_view language) {
  if (language == "en") return kEnglish;
  if (language == "de") return kGerman;
  if (language == "fr") return kFrench;
  if (language == "es") return kSpanish;
  return {};
}

bool Contains(std::u32string_view set, char32_t code) {
  return set.find(code) != std::u32string_view::npos;
}

utf8proc_category_t CategoryOf(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

bool IsOpening(char32_t code) {
  const auto category = CategoryOf(code);
  return category == UTF8PROC_CATEGORY_PS || category == UTF8PROC_CATEGORY_PI;
}

bool IsClosing(char32_t code) {
  const auto category = CategoryOf(code);
  return category == UTF8PROC_CATEGORY_PE || category == UTF8PROC_CATEGORY_PF;
}

bool MayBeginLine(char32_t code) {
  switch (CategoryOf(code)) {
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return false;
    default: return !Contains(kNeverFirst, code);
  }
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

bool IsListed(std::span<const std::string_view> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

// "J.", "U.S.", "z.B.", "Dr.": a full stop that may stand in the middle of a sentence. `core` ends
// with the stop.
bool IsAbbreviation(std::u32string_view core, std::string_view before) {
  core.remove_suffix(1);
  while (!core.empty() && (IsOpening(core.front()) || core.front() == U'"')) core.remove_prefix(1);
  const bool is_letter = core.size() == 1 && CategoryOf(core[0]) == UTF8PROC_CATEGORY_LU;
  const bool has_inner_stop =
      core.size() > 1 && core[core.size() - 2] == U'.' && core.back() != U'.';
  const std::string lower = AsciiLower(before.substr(0, before.find('.')));
  return (is_letter && core[0] != U'I') || has_inner_stop || IsListed(kTitles, lower);
}

// The text without the quotes and brackets that close it.
std::u32string_view WithoutClosers(std::u32string_view text) {
  while (text.size() > 1 &&
         (IsClosing(text.back()) || text.back() == U'"' || text.back() == U'\'')) {
    text.remove_suffix(1);
  }
  return text;
}

bool BeginsLowerCase(std::u32string_view text) {
  const auto letter = std::ranges::find_if(
      text, [](char32_t code) { return !IsOpening(code) && code != U'"' && code != U'\''; });
  return letter != text.end() && CategoryOf(*letter) == UTF8PROC_CATEGORY_LL;
}

bool IsHiragana(char32_t code) { return code >= 0x3041 && code <= 0x309F; }

// A Japanese phrase mostly ends in hiragana and begins with something else.
bool BeginsJapanesePhrase(char32_t before, char32_t after) {
  return IsHiragana(before) && IsSpacelessScript(after) && !IsHiragana(after);
}

}  // namespace

bool IsSpacelessScript(char32_t code) {
  return std::ranges::any_of(kSpacelessRanges, [code](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

bool MayBreakBetween(char32_t before, char32_t after) {
  if (!IsSpacelessScript(before) && !IsSpacelessScript(after)) {
    return before == U'—' && MayBeginLine(after);
  }
  return MayBeginLine(after) && !IsOpening(before) && !Contains(kNeverLast, before);
}

BreakGrade GradeBreak(std::string_view before, std::string_view after, std::string_view language) {
  const std::u32string before_codes = CodePoints(before);
  const std::u32string after_codes = CodePoints(after);
  if (before_codes.empty() || after_codes.empty()) return BreakGrade::kPlain;
  const std::u32string_view core = WithoutClosers(before_codes);
  const char32_t last = core.back();
  if (Contains(kSentenceEnds, last)) {
    const bool goes_on = (last == U'.' || last == U'…') && BeginsLowerCase(after_codes);
    if (last == U'.' && IsAbbreviation(core, before)) return BreakGrade::kPlain;
    return goes_on ? BreakGrade::kClause : BreakGrade::kSentence;
  }
  if (Contains(kClauseEnds, last) || core == U"-" || core.ends_with(U"--")) {
    return BreakGrade::kClause;
  }
  const auto starters = PhraseStarters(language);
  if (IsListed(starters, AsciiLower(before))) return BreakGrade::kWeak;
  if (IsListed(starters, AsciiLower(after))) return BreakGrade::kPhrase;
  if (BeginsJapanesePhrase(last, after_codes.front())) return BreakGrade::kPhrase;
  return BreakGrade::kPlain;
}

}  // namespace verbatim::transcript
