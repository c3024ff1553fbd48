#include "whisper/tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/atomic_file.h"
#include "whisper/impl/bpe.h"
#include "whisper/impl/utf8.h"
#include "whisper/impl/words.h"

namespace verbatim::whisper {
namespace {

constexpr uint64_t kFileBytesMax = 16 << 20;  // the largest, large-v3's, has 2.5 MB
constexpr int32_t kTimestampsMax = 1501;      // 0.00 to 30.00 in steps of 0.02
constexpr int32_t kGpt2EndOfText = 50256;

struct LanguageId {
  int32_t token = 0;
  std::string_view code;
};

Result<int32_t> NamedId(const Vocabulary& vocabulary, std::string_view name) {
  const auto found = vocabulary.named_ids.find(name);
  if (found == vocabulary.named_ids.end()) {
    return Fail(ErrorCode::kCorruptModel,
                "tokenizer.json: no Whisper tokenizer, it lacks " + std::string(name));
  }
  return found->second;
}

// The rules of decoding count on this order of ids.
bool IsInOrder(const SpecialTokens& special) {
  const std::array between = {special.start_of_transcript, special.translate,
                              special.transcribe,          special.start_of_previous,
                              special.no_speech,           special.no_timestamps};
  return std::ranges::all_of(between, [&](int32_t token) {
    return token > special.end_of_text && token < special.timestamp_begin;
  });
}

Result<SpecialTokens> FindSpecialTokens(const Vocabulary& vocabulary) {
  SpecialTokens special;
  special.end_of_text = TRY(NamedId(vocabulary, "<|endoftext|>"));
  special.start_of_transcript = TRY(NamedId(vocabulary, "<|startoftranscript|>"));
  special.translate = TRY(NamedId(vocabulary, "<|translate|>"));
  special.transcribe = TRY(NamedId(vocabulary, "<|transcribe|>"));
  special.start_of_previous = TRY(NamedId(vocabulary, "<|startofprev|>"));
  const bool has_no_speech = vocabulary.named_ids.contains("<|nospeech|>");
  special.no_speech = TRY(NamedId(vocabulary, has_no_speech ? "<|nospeech|>" : "<|nocaptions|>"));
  special.no_timestamps = TRY(NamedId(vocabulary, "<|notimestamps|>"));
  // Many files leave the timestamps out; they follow the others.
  special.timestamp_begin = NamedId(vocabulary, "<|0.00|>").value_or(special.no_timestamps + 1);
  if (!IsInOrder(special)) {
    return Fail(ErrorCode::kCorruptModel, "tokenizer.json: the special tokens are out of order");
  }
  return special;
}

// By id, one per language. Some vocabularies use an older code, <|iw|> for Hebrew.
std::vector<LanguageId> FindLanguages(const Vocabulary& vocabulary, const SpecialTokens& special) {
  std::vector<LanguageId> languages;
  for (const auto& [name, token] : vocabulary.named_ids) {
    if (token <= special.start_of_transcript || token >= special.timestamp_begin) continue;
    const auto code = LanguageCodeOf(std::string_view(name).substr(2, name.size() - 4));
    if (code) languages.push_back({token, *code});
  }
  std::ranges::sort(languages, {}, &LanguageId::token);
  std::vector<LanguageId> unique;
  for (const LanguageId& language : languages) {
    if (std::ranges::find(unique, language.code, &LanguageId::code) == unique.end()) {
      unique.push_back(language);
    }
  }
  return unique;
}

// The text that Encode makes must be text: no merge may end in a special token.
bool MakesTextOnly(const Vocabulary& vocabulary, int32_t end_of_text) {
  const auto is_text = [end_of_text](int32_t token) { return token < end_of_text; };
  return std::ranges::all_of(vocabulary.byte_tokens, is_text) &&
         std::ranges::all_of(vocabulary.merges, is_text, &Merge::result);
}

}  // namespace

struct Tokenizer::Data {
  std::vector<std::string> token_bytes;  // of the text tokens
  BytePairEncoder encoder;
  SpecialTokens special;
  std::vector<LanguageId> languages;  // by token
  bool is_multilingual = false;
  int32_t size = 0;
};

Tokenizer::Tokenizer(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::Open(const std::filesystem::path& model_directory) {
  Result<std::string> json = ReadFile(model_directory / "tokenizer.json", kFileBytesMax);
  if (!json && json.error().code == ErrorCode::kTooLarge) {
    json.error().code = ErrorCode::kCorruptModel;
  }
  return Parse(TRY(json));
}

Result<Tokenizer> Tokenizer::Parse(std::string_view tokenizer_json) {
  if (tokenizer_json.size() > kFileBytesMax) {
    return Fail(ErrorCode::kCorruptModel, "tokenizer.json: too large for a Whisper tokenizer");
  }
  Vocabulary vocabulary = TRY(ParseVocabulary(tokenizer_json));
  const SpecialTokens special = TRY(FindSpecialTokens(vocabulary));
  if (!MakesTextOnly(vocabulary, special.end_of_text)) {
    return Fail(ErrorCode::kCorruptModel, "tokenizer.json: a merge makes a special token");
  }
  std::vector<LanguageId> languages = FindLanguages(vocabulary, special);
  // The English-only models keep GPT-2's vocabulary as it is. Their files list languages too, but
  // the models never saw those tokens.
  const bool is_multilingual = special.end_of_text != kGpt2EndOfText && languages.size() > 1;
  if (!is_multilingual) {
    std::erase_if(languages, [](const LanguageId& language) { return language.code != "en"; });
  }
  const auto listed_size = static_cast<int32_t>(vocabulary.token_bytes.size());
  BytePairEncoder encoder = TRY(BytePairEncoder::Make(vocabulary));
  vocabulary.token_bytes.resize(static_cast<size_t>(special.end_of_text));
  return Tokenizer(std::make_unique<Data>(
      Data{std::move(vocabulary.token_bytes), std::move(encoder), special, std::move(languages),
           is_multilingual, std::max(listed_size, special.timestamp_begin + kTimestampsMax)}));
}

const SpecialTokens& Tokenizer::special() const { return data_->special; }
bool Tokenizer::is_multilingual() const { return data_->is_multilingual; }
int32_t Tokenizer::size() const { return data_->size; }

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  return data_->encoder.Encode(ReplaceInvalidUtf8(text));
}

std::string Tokenizer::Decode(std::span<const int32_t> tokens) const {
  std::string bytes;
  for (const int32_t token : tokens) bytes += TokenBytes(token);
  return ReplaceInvalidUtf8(bytes);
}

std::string_view Tokenizer::TokenBytes(int32_t token) const {
  if (token < 0 || token >= data_->special.end_of_text) return {};
  return data_->token_bytes[static_cast<size_t>(token)];
}

std::optional<int32_t> Tokenizer::LanguageToken(std::string_view code) const {
  const auto found = std::ranges::find(data_->languages, code, &LanguageId::code);
  return found == data_->languages.end() ? std::nullopt : std::optional(found->token);
}

std::optional<std::string_view> Tokenizer::LanguageCode(int32_t token) const {
  const auto found = std::ranges::find(data_->languages, token, &LanguageId::token);
  return found == data_->languages.end() ? std::nullopt : std::optional(found->code);
}

std::vector<int32_t> Tokenizer::language_tokens() const {
  std::vector<int32_t> tokens;
  for (const LanguageId& language : data_->languages) tokens.push_back(language.token);
  return tokens;
}

std::vector<WordTokens> Tokenizer::SplitWords(std::span<const int32_t> tokens,
                                              std::string_view language) const {
  constexpr std::array<std::string_view, 6> kWithoutSpaces = {"zh", "ja", "th", "lo", "my", "yue"};
  std::vector<std::string_view> bytes;
  bytes.reserve(tokens.size());
  for (const int32_t token : tokens) bytes.push_back(TokenBytes(token));
  const bool has_spaces = std::ranges::find(kWithoutSpaces, language) == kWithoutSpaces.end();
  return SplitTokenBytes(bytes, has_spaces ? WordBorder::kSpace : WordBorder::kCharacter);
}

}  // namespace verbatim::whisper
