// The languages that Whisper was trained on, by the codes its tokens use.
#include <algorithm>
#include <array>
#include <string>

#include "whisper/tokenizer.h"

namespace verbatim::whisper {
namespace {

struct Language {
  std::string_view code;
  std::string_view name;
};

// Source: Radford et al. 2022, reference implementation `tokenizer.py`, with Cantonese of large-v3.
constexpr auto kLanguages = std::to_array<Language>({
    {"af", "afrikaans"},      {"am", "amharic"},     {"ar", "arabic"},
    {"as", "assamese"},       {"az", "azerbaijani"}, {"ba", "bashkir"},
    {"be", "belarusian"},     {"bg", "bulgarian"},   {"bn", "bengali"},
    {"bo", "tibetan"},        {"br", "breton"},      {"bs", "bosnian"},
    {"ca", "catalan"},        {"cs", "czech"},       {"cy", "welsh"},
    {"da", "danish"},         {"de", "german"},      {"el", "greek"},
    {"en", "english"},        {"es", "spanish"},     {"et", "estonian"},
    {"eu", "basque"},         {"fa", "persian"},     {"fi", "finnish"},
    {"fo", "faroese"},        {"fr", "french"},      {"gl", "galician"},
    {"gu", "gujarati"},       {"ha", "hausa"},       {"haw", "hawaiian"},
    {"he", "hebrew"},         {"hi", "hindi"},       {"hr", "croatian"},
    {"ht", "haitian creole"}, {"hu", "hungarian"},   {"hy", "armenian"},
    {"id", "indonesian"},     {"is", "icelandic"},   {"it", "italian"},
    {"ja", "japanese"},       {"jw", "javanese"},    {"ka", "georgian"},
    {"kk", "kazakh"},         {"km", "khmer"},       {"kn", "kannada"},
    {"ko", "korean"},         {"la", "latin"},       {"lb", "luxembourgish"},
    {"ln", "lingala"},        {"lo", "lao"},         {"lt", "lithuanian"},
    {"lv", "latvian"},        {"mg", "malagasy"},    {"mi", "maori"},
    {"mk", "macedonian"},     {"ml", "malayalam"},   {"mn", "mongolian"},
    {"mr", "marathi"},        {"ms", "malay"},       {"mt", "maltese"},
    {"my", "myanmar"},        {"ne", "nepali"},      {"nl", "dutch"},
    {"nn", "nynorsk"},        {"no", "norwegian"},   {"oc", "occitan"},
    {"pa", "punjabi"},        {"pl", "polish"},      {"ps", "pashto"},
    {"pt", "portuguese"},     {"ro", "romanian"},    {"ru", "russian"},
    {"sa", "sanskrit"},       {"sd", "sindhi"},      {"si", "sinhala"},
    {"sk", "slovak"},         {"sl", "slovenian"},   {"sn", "shona"},
    {"so", "somali"},         {"sq", "albanian"},    {"sr", "serbian"},
    {"su", "sundanese"},      {"sv", "swedish"},     {"sw", "swahili"},
    {"ta", "tamil"},          {"te", "telugu"},      {"tg", "tajik"},
    {"th", "thai"},           {"tk", "turkmen"},     {"tl", "tagalog"},
    {"tr", "turkish"},        {"tt", "tatar"},       {"uk", "ukrainian"},
    {"ur", "urdu"},           {"uz", "uzbek"},       {"vi", "vietnamese"},
    {"yi", "yiddish"},        {"yo", "yoruba"},      {"yue", "cantonese"},
    {"zh", "chinese"},
});

// Other names in use, and codes that newer standards or some vocabularies have instead.
constexpr auto kAliases = std::to_array<Language>({
    {"my", "burmese"},
    {"ca", "valencian"},
    {"nl", "flemish"},
    {"ht", "haitian"},
    {"lb", "letzeburgesch"},
    {"ps", "pushto"},
    {"pa", "panjabi"},
    {"ro", "moldavian"},
    {"ro", "moldovan"},
    {"si", "sinhalese"},
    {"es", "castilian"},
    {"zh", "mandarin"},
    {"he", "iw"},
    {"jw", "jv"},
    {"no", "nb"},
});

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
  });
  return lowered;
}

const Language* FindLanguage(std::string_view code_or_name) {
  const std::string wanted = Lowered(code_or_name);
  const auto alias = std::ranges::find(kAliases, wanted, &Language::name);
  const std::string_view key = alias == kAliases.end() ? std::string_view(wanted) : alias->code;
  const auto found = std::ranges::find_if(kLanguages, [&](const Language& language) {
    return language.code == key || language.name == key;
  });
  return found == kLanguages.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string_view> LanguageName(std::string_view code) {
  const Language* language = FindLanguage(code);
  return language == nullptr ? std::nullopt : std::optional(language->name);
}

std::optional<std::string_view> LanguageCodeOf(std::string_view code_or_name) {
  const Language* language = FindLanguage(code_or_name);
  return language == nullptr ? std::nullopt : std::optional(language->code);
}

std::vector<std::string_view> LanguageCodes() {
  std::vector<std::string_view> codes;
  for (const Language& language : kLanguages) codes.push_back(language.code);
  return codes;
}

}  // namespace verbatim::whisper
