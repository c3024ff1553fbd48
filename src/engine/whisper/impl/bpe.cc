#define PCRE2_CODE_UNIT_WIDTH 8
#include "whisper/impl/bpe.h"

#include <pcre2.h>

#include <cstddef>
#include <functional>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>

namespace verbatim::whisper {
namespace {

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
