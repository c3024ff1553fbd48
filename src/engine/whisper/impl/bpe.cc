#define PCRE2_CODE_UNIT_WIDTH 8
#include "whisper/impl/bpe.h"

#include <pcre2.h>

#include <boost/json.hpp>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace verbatim::whisper {
namespace {

namespace json = boost::json;

constexpr int64_t kTokensMax =
    1 << 20;  // Whisper has 51,866; keeps a hostile id from sizing a table
constexpr unsigned kAlphabetSize = 256 + 68;  // 68 bytes have no printable character of their own

using IdsByKey = std::unordered_map<std::string_view, int32_t>;

Failure Corrupt(std::string_view what) {
  return Fail(ErrorCode::kCorruptModel, "tokenizer.json: " + std::string(what));
}

// Vocabulary keys spell bytes as printable characters: a byte that is one in Latin-1 stands for
// itself, the others follow from U+0100 in order.
constexpr bool IsOwnCharacter(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// Maps a character of that alphabet to its byte, -1 for characters outside it.
constexpr std::array<int, kAlphabetSize> MakeByteOfCharacter() {
  std::array<int, kAlphabetSize> byte_of_character{};
  byte_of_character.fill(-1);
  unsigned next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    byte_of_character[IsOwnCharacter(byte) ? byte : next++] = static_cast<int>(byte);
  }
  return byte_of_character;
}

constexpr std::array<int, kAlphabetSize> kByteOfCharacter = MakeByteOfCharacter();

// The bytes a key spells. A key with a character outside the alphabet means its own UTF-8.
std::string BytesOfKey(std::string_view key) {
  std::string bytes;
  for (size_t i = 0; i < key.size(); ++i) {
    auto character = static_cast<unsigned>(static_cast<uint8_t>(key[i]));
    if (character >= 0x80) {  // the alphabet needs no more than two bytes of UTF-8
      if (character >= 0xE0 || i + 1 == key.size()) return std::string(key);
      character = (character & 0x1Fu) << 6 | (static_cast<uint8_t>(key[++i]) & 0x3Fu);
    }
    if (character >= kAlphabetSize || kByteOfCharacter[character] < 0) return std::string(key);
    bytes += static_cast<char>(kByteOfCharacter[character]);
  }
  return bytes;
}

bool IsName(std::string_view content) {
  return content.size() > 4 && content.starts_with("<|") && content.ends_with("|>");
}

std::optional<int32_t> TokenId(const json::value* value) {
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const int64_t id = value->get_int64();
  if (id < 0 || id >= kTokensMax) return std::nullopt;
  return static_cast<int32_t>(id);
}

const json::object* Member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

Result<IdsByKey> ReadTokens(const json::object& keys, Vocabulary& vocabulary) {
  IdsByKey ids;
  ids.reserve(keys.size());
  std::vector<bool> taken;
  for (const auto& [key, value] : keys) {
    const std::optional<int32_t> id = TokenId(&value);
    if (!id) return Corrupt("a token's id is no number in range");
    const auto index = static_cast<size_t>(*id);
    if (index >= taken.size()) taken.resize(index + 1);
    if (taken[index]) return Corrupt("two tokens have one id");
    taken[index] = true;
    if (index >= vocabulary.token_bytes.size()) vocabulary.token_bytes.resize(index + 1);
    const std::string_view text(key.data(), key.size());
    vocabulary.token_bytes[index] = BytesOfKey(text);
    ids.emplace(text, *id);
    if (IsName(text)) vocabulary.named_ids.emplace(text, *id);
  }
  return ids;
}

Result<void> ReadAddedTokens(const json::object& root, Vocabulary& vocabulary) {
  const json::value* list = root.if_contains("added_tokens");
  if (list == nullptr) return {};
  if (!list->is_array()) return Corrupt("added_tokens is no list");
  for (const json::value& entry : list->get_array()) {
    const json::object* token = entry.if_object();
    if (token == nullptr) return Corrupt("an added token is no object");
    const json::value* content = token->if_contains("content");
    const std::optional<int32_t> id = TokenId(token->if_contains("id"));
    if (!id || content == nullptr || !content->is_string()) {
      return Corrupt("an added token lacks its id or content");
    }
    const auto index = static_cast<size_t>(*id);
    if (index >= vocabulary.token_bytes.size()) vocabulary.token_bytes.resize(index + 1);
    const std::string_view text = View(content->get_string());
    vocabulary.token_bytes[index] = text;
    if (IsName(text)) vocabulary.named_ids.insert_or_assign(std::string(text), *id);
  }
  return {};
}

Result<void> ReadByteTokens(const IdsByKey& ids, Vocabulary& vocabulary) {
  vocabulary.byte_tokens.fill(-1);
  for (const auto& [key, id] : ids) {
    const std::string& bytes = vocabulary.token_bytes[static_cast<size_t>(id)];
    if (bytes.size() == 1) vocabulary.byte_tokens[static_cast<uint8_t>(bytes[0])] = id;
  }
  for (const int32_t id : vocabulary.byte_tokens) {
    if (id < 0) return Corrupt("not every byte has a token");
  }
  return {};
}

// A merge is written "left right" or ["left", "right"]; parts never hold a space.
std::optional<std::pair<std::string_view, std::string_view>> PartsOfMerge(
    const json::value& merge) {
  if (merge.is_string()) {
    const std::string_view text = View(merge.get_string());
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    return std::pair(text.substr(0, space), text.substr(space + 1));
  }
  const json::array* pair = merge.if_array();
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  if (!(*pair)[0].is_string() || !(*pair)[1].is_string()) return std::nullopt;
  return std::pair(View((*pair)[0].get_string()), View((*pair)[1].get_string()));
}

Result<std::vector<Merge>> ReadMerges(const json::object& model, const IdsByKey& ids) {
  const json::value* list = model.if_contains("merges");
  if (list == nullptr || !list->is_array()) return Corrupt("the model has no merges");
  std::vector<Merge> merges;
  merges.reserve(list->get_array().size());
  std::string whole;
  for (const json::value& entry : list->get_array()) {
    const auto parts = PartsOfMerge(entry);
    if (!parts) return Corrupt("a merge is no pair");
    whole.assign(parts->first).append(parts->second);
    const auto left = ids.find(parts->first);
    const auto right = ids.find(parts->second);
    const auto result = ids.find(whole);
    if (left == ids.end() || right == ids.end() || result == ids.end()) {
      return Corrupt("a merge names an unknown token");
    }
    merges.push_back({left->second, right->second, result->second});
  }
  return merges;
}

// GPT-2's cut of a text: English contractions, then letters, numbers or marks, each with one space
// before it, then spaces but for the one that belongs to what follows. White space is spelled out
// as Unicode's White_Space, because PCRE2's \s holds U+180E too.
constexpr std::string_view kPiecePattern =
    R"('s|'t|'re|'ve|'m|'ll|'d)"
    R"(| ?\p{L}+| ?\p{N}+| ?[^\t-\r\x{85}\p{Z}\p{L}\p{N}]+)"
    R"(|[\t-\r\x{85}\p{Z}]+(?![^\t-\r\x{85}\p{Z}])|[\t-\r\x{85}\p{Z}]+)";

struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};

uint64_t PairKey(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

constexpr size_t kNone = std::numeric_limits<size_t>::max();

// A token of a piece under way, in a list linked by position; a merged-away one has token -1.
struct Link {
  int32_t token = 0;
  size_t previous = kNone;
  size_t next = kNone;
};

// A merge that was possible when it was queued. Ordered by rank, then from left to right.
struct Candidate {
  int32_t rank = 0;
  size_t position = 0;
  int32_t left = 0;
  int32_t right = 0;
  int32_t result = 0;

  bool operator>(const Candidate& other) const {
    return std::tie(rank, position) > std::tie(other.rank, other.position);
  }
};

using Candidates = std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>>;

std::vector<Link> MakeLinks(std::string_view piece, const std::array<int32_t, 256>& byte_tokens) {
  std::vector<Link> links(piece.size());
  for (size_t i = 0; i < piece.size(); ++i) {
    links[i].token = byte_tokens[static_cast<uint8_t>(piece[i])];
    links[i].previous = i == 0 ? kNone : i - 1;
    links[i].next = i + 1 == piece.size() ? kNone : i + 1;
  }
  return links;
}

// False if one of its two tokens has become part of another merge since it was queued.
bool IsCurrent(const Candidate& candidate, const std::vector<Link>& links) {
  const Link& left = links[candidate.position];
  return left.token == candidate.left && left.next != kNone &&
         links[left.next].token == candidate.right;
}

void MergeWithNext(size_t position, int32_t result, std::vector<Link>& links) {
  Link& left = links[position];
  Link& right = links[left.next];
  left.token = result;
  left.next = right.next;
  right.token = -1;
  if (left.next != kNone) links[left.next].previous = position;
}

}  // namespace

Result<Vocabulary> ParseVocabulary(std::string_view tokenizer_json) {
  json::error_code error;
  json::monotonic_resource memory;
  const json::value root = json::parse(tokenizer_json, error, &memory);
  if (error) return Corrupt("not JSON: " + error.message());
  const json::object* object = root.if_object();
  const json::object* model = object == nullptr ? nullptr : Member(*object, "model");
  const json::object* keys = model == nullptr ? nullptr : Member(*model, "vocab");
  if (keys == nullptr) return Corrupt("it holds no vocabulary");
  const json::value* type = model->if_contains("type");
  if (type != nullptr && *type != "BPE") return Corrupt("the model is not byte-pair encoding");

  Vocabulary vocabulary;
  const IdsByKey ids = TRY(ReadTokens(*keys, vocabulary));
  TRY_VOID(ReadByteTokens(ids, vocabulary));
  vocabulary.merges = TRY(ReadMerges(*model, ids));
  TRY_VOID(ReadAddedTokens(*object, vocabulary));
  return vocabulary;
}

struct BytePairEncoder::Pattern {
  explicit Pattern(pcre2_code* compiled) : code(compiled) {}
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { pcre2_code_free(code); }

  // The size of the piece at `begin`. Every character fits one of the alternatives, so only a
  // failing library can find none; the rest is one piece then, and no text is lost.
  size_t PieceSize(std::string_view text, size_t begin, pcre2_match_data* match) const {
    const int count = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                  begin, PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK, match, nullptr);
    const size_t end = count > 0 ? pcre2_get_ovector_pointer(match)[1] : text.size();
    return (end > begin ? end : text.size()) - begin;
  }

  pcre2_code* const code;
};

BytePairEncoder::BytePairEncoder(std::unique_ptr<Pattern> pattern) : pattern_(std::move(pattern)) {}
BytePairEncoder::BytePairEncoder(BytePairEncoder&&) noexcept = default;
BytePairEncoder& BytePairEncoder::operator=(BytePairEncoder&&) noexcept = default;
BytePairEncoder::~BytePairEncoder() = default;

Result<BytePairEncoder> BytePairEncoder::Make(const Vocabulary& vocabulary) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kPiecePattern.data()), kPiecePattern.size(),
                    PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  if (code == nullptr) return Fail(ErrorCode::kInternal, "PCRE2 does not take the word pattern");
  BytePairEncoder encoder(std::make_unique<Pattern>(code));
  encoder.byte_tokens_ = vocabulary.byte_tokens;
  encoder.rules_.reserve(vocabulary.merges.size());
  int32_t rank = 0;
  for (const Merge& merge : vocabulary.merges) {
    encoder.rules_.insert_or_assign(PairKey(merge.left, merge.right), Rule{rank++, merge.result});
  }
  return encoder;
}

std::vector<int32_t> BytePairEncoder::Encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(pcre2_match_data_create(1, nullptr));
  for (size_t begin = 0; begin < text.size();) {
    const size_t size = pattern_->PieceSize(text, begin, match.get());
    AppendPiece(text.substr(begin, size), tokens);
    begin += size;
  }
  return tokens;
}

const BytePairEncoder::Rule* BytePairEncoder::FindRule(int32_t left, int32_t right) const {
  const auto found = rules_.find(PairKey(left, right));
  return found == rules_.end() ? nullptr : &found->second;
}

void BytePairEncoder::AppendPiece(std::string_view piece, std::vector<int32_t>& tokens) const {
  std::vector<Link> links = MakeLinks(piece, byte_tokens_);
  Candidates candidates;
  const auto propose = [&](size_t position) {
    if (position == kNone || links[position].next == kNone) return;
    const int32_t left = links[position].token;
    const int32_t right = links[links[position].next].token;
    if (const Rule* rule = FindRule(left, right)) {
      candidates.push({rule->rank, position, left, right, rule->result});
    }
  };

  for (size_t i = 0; i < links.size(); ++i) propose(i);
  while (!candidates.empty()) {
    const Candidate candidate = candidates.top();
    candidates.pop();
    if (!IsCurrent(candidate, links)) continue;
    MergeWithNext(candidate.position, candidate.result, links);
    propose(links[candidate.position].previous);
    propose(candidate.position);
  }
  for (size_t i = 0; i != kNone; i = links[i].next) tokens.push_back(links[i].token);
}

}  // namespace verbatim::whisper
