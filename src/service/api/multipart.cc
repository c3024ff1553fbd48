#include "api/multipart.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace verbatim::api {
namespace {

constexpr size_t kBoundarySizeMax = 70;
constexpr size_t kReadSize = 64 << 10;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadersEnd = "\r\n\r\n";
constexpr std::string_view kBlanks = " \t";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualNoCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

std::string_view Trim(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

Failure Malformed(std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, "the form is malformed: " + std::string(what));
}

// A header's value: `form-data; name="a"; filename="b"`.
struct Parameter {
  std::string_view name;
  std::string value;
};
struct ParameterizedValue {
  std::string_view value;
  std::vector<Parameter> parameters;

  const std::string* Find(std::string_view name) const {
    const auto found = std::ranges::find_if(
        parameters, [&](const Parameter& p) { return EqualNoCase(p.name, name); });
    return found == parameters.end() ? nullptr : &found->value;
  }
};

// A quoted string from its opening quote on; moves `text` behind it. A backslash is only an escape
// before a quote or another one: browsers send `C:\a` as it stands.
std::optional<std::string> TakeQuoted(std::string_view& text) {
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (is_escape) {
      value += text[++i];
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    } else {
      value += text[i];
    }
  }
  return std::nullopt;
}

std::optional<ParameterizedValue> ParseParameterized(std::string_view text) {
  ParameterizedValue result;
  const size_t end = std::min(text.find(';'), text.size());
  result.value = Trim(text.substr(0, end));
  text.remove_prefix(end);
  while (!text.empty()) {
    text.remove_prefix(1);  // ';'
    const size_t equals = text.find_first_of("=;");
    if (Trim(text).empty()) return result;
    if (equals == text.npos || text[equals] == ';') return std::nullopt;
    Parameter parameter{Trim(text.substr(0, equals)), {}};
    text.remove_prefix(equals + 1);
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.starts_with('"')) {
      std::optional<std::string> value = TakeQuoted(text);
      if (!value) return std::nullopt;
      parameter.value = *std::move(value);
      text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
      if (!text.empty() && text.front() != ';') return std::nullopt;
    } else {
      const size_t value_end = std::min(text.find(';'), text.size());
      parameter.value = Trim(text.substr(0, value_end));
      text.remove_prefix(value_end);
    }
    if (parameter.name.empty() || result.Find(parameter.name)) return std::nullopt;
    result.parameters.push_back(std::move(parameter));
  }
  return result;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Browsers write a quote and line ends in names as %22, %0D and %0A, and leave a '%' as it is.
std::string DecodeBrowserEscapes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 3> kEscapes{
      {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}}};
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto escape = std::ranges::find_if(
        kEscapes, [&](const auto& e) { return EqualNoCase(text.substr(i, 3), e.first); });
    decoded += escape == kEscapes.end() ? text[i] : escape->second;
    if (escape != kEscapes.end()) i += 2;
  }
  return decoded;
}

// filename*=UTF-8''na%C3%AFve.wav (RFC 8187), which some clients send although they should not.
std::optional<std::string> DecodeExtended(std::string_view text) {
  constexpr std::string_view kCharset = "utf-8'";
  const size_t quote = text.find('\'', kCharset.size());
  if (!EqualNoCase(text.substr(0, kCharset.size()), kCharset) || quote == text.npos) {
    return std::nullopt;
  }
  std::string decoded;
  for (size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

struct PartHeaders {
  std::optional<ParameterizedValue> disposition;
  std::string_view content_type;
};

Result<PartHeaders> ParsePartHeaders(std::string_view block) {
  PartHeaders headers;
  while (!block.empty()) {
    const size_t end = std::min(block.find(kLineEnd), block.size());
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + kLineEnd.size(), block.size()));
    const size_t colon = line.find(':');
    if (colon == line.npos || colon == 0 ||
        line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos ||
        kBlanks.find(line.front()) != kBlanks.npos) {
      return Malformed("a part has a broken header");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Trim(line.substr(colon + 1));
    if (EqualNoCase(name, "Content-Disposition")) {
      if (headers.disposition) return Malformed("a part has two Content-Disposition headers");
      headers.disposition = ParseParameterized(value);
      if (!headers.disposition) return Malformed("a part's Content-Disposition can't be read");
    } else if (EqualNoCase(name, "Content-Type")) {
      headers.content_type = value;
    } else if (EqualNoCase(name, "Content-Transfer-Encoding") && !EqualNoCase(value, "binary") &&
               !EqualNoCase(value, "8bit") && !EqualNoCase(value, "7bit")) {
      return Malformed("parts must not be encoded (Content-Transfer-Encoding)");
    }
  }
  return headers;
}

}  // namespace

Result<std::string> MultipartBoundary(std::string_view content_type) {
  const std::optional<ParameterizedValue> value = ParseParameterized(content_type);
  if (!value || !EqualNoCase(value->value, "multipart/form-data")) {
    return Fail(ErrorCode::kInvalidArgument, "the Content-Type must be multipart/form-data");
  }
  const std::string* boundary = value->Find("boundary");
  const auto is_allowed = [](char c) { return c >= ' ' && c <= '~'; };
  if (!boundary || boundary->empty() || boundary->size() > kBoundarySizeMax ||
      boundary->back() == ' ' || !std::ranges::all_of(*boundary, is_allowed)) {
    return Fail(ErrorCode::kInvalidArgument, "the Content-Type names no valid boundary");
  }
  return *boundary;
}

MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)),
      limits_(limits),
      buffer_(kLineEnd) {}  // so that the first boundary looks like the others

void MultipartParser::Push(std::span<const char> bytes) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_.append(bytes.data(), bytes.size());
  is_starved_ = false;
  if (bytes.empty()) is_input_over_ = true;
}

Result<MultipartEvent> MultipartParser::Next() {
  while (true) {
    Result<MultipartEvent> event = Step();
    if (!event) {
      error_ = event.error();
      state_ = State::kBroken;
      return event;
    }
    if (event->kind != MultipartEvent::Kind::kNeedBytes) return event;
    if (is_starved_ && is_input_over_) {
      error_ = Malformed("it ends in the middle").error();
      state_ = State::kBroken;
    } else if (is_starved_) {
      return event;
    }
  }
}

Result<MultipartEvent> MultipartParser::Step() {
  switch (state_) {
    case State::kPreamble: return SkipPreamble();
    case State::kAfterBoundary: return PassBoundary();
    case State::kHeaders: return ReadHeaders();
    case State::kField: return ReadField();
    case State::kFile: return ReadFile();
    case State::kFileEnd: {
      state_ = State::kAfterBoundary;
      MultipartEvent event;
      event.kind = MultipartEvent::Kind::kFileEnd;
      return event;
    }
    case State::kEnd: {
      begin_ = buffer_.size();  // whatever follows says nothing
      MultipartEvent event;
      event.kind = MultipartEvent::Kind::kEnd;
      return event;
    }
    case State::kBroken: break;
  }
  return Failure(error_);
}

MultipartEvent MultipartParser::NeedBytes() {
  is_starved_ = true;
  return {};
}

Result<MultipartEvent> MultipartParser::SkipPreamble() {
  const Content content = TakeContent();
  if (!content.is_last) return NeedBytes();
  state_ = State::kAfterBoundary;
  return MultipartEvent{};
}

Result<MultipartEvent> MultipartParser::PassBoundary() {
  const std::string_view rest = unread();
  if (rest.size() < 2) return NeedBytes();
  if (rest.starts_with("--")) {
    state_ = State::kEnd;
    return MultipartEvent{};
  }
  // Blanks may fill the boundary's line.
  const size_t end = rest.find_first_not_of(kBlanks);
  if (end == rest.npos || end + 1 == rest.size()) {
    if (rest.size() > limits_.part_header_size_max) return Malformed("a boundary does not end");
    return NeedBytes();
  }
  if (!rest.substr(end).starts_with(kLineEnd)) {
    return Malformed("a boundary is followed by something else");
  }
  begin_ += end;  // the line's end stays: with it, the headers' end is found even if there are none
  if (++part_count_ > limits_.parts_max) {
    return Fail(ErrorCode::kTooLarge, "the form has too many parts");
  }
  state_ = State::kHeaders;
  return MultipartEvent{};
}

Result<MultipartEvent> MultipartParser::ReadHeaders() {
  const std::string_view rest = unread();
  const size_t end = rest.find(kHeadersEnd);
  if (std::min(end, rest.size()) > limits_.part_header_size_max) {
    return Fail(ErrorCode::kTooLarge, "a part of the form has too large a header");
  }
  if (end == rest.npos) return NeedBytes();
  const size_t begin = std::min(kLineEnd.size(), end);
  const PartHeaders headers = TRY(ParsePartHeaders(rest.substr(begin, end - begin)));
  const auto& disposition = headers.disposition;
  const std::string* name = disposition ? disposition->Find("name") : nullptr;
  if (!name || !EqualNoCase(disposition->value, "form-data")) {
    return Malformed("a part has no name");
  }
  part_ = {};
  part_.name = DecodeBrowserEscapes(*name);
  part_.content_type = headers.content_type;
  const std::string* extended = disposition->Find("filename*");
  const std::string* filename = disposition->Find("filename");
  std::optional<std::string> decoded = extended ? DecodeExtended(*extended) : std::nullopt;
  if (!decoded && filename) decoded = DecodeBrowserEscapes(*filename);
  begin_ += end + kHeadersEnd.size();
  if (!decoded) {
    state_ = State::kField;
    return MultipartEvent{};
  }
  state_ = State::kFile;
  part_.filename = *std::move(decoded);
  part_.kind = MultipartEvent::Kind::kFileBegin;
  return part_;
}

Result<MultipartEvent> MultipartParser::ReadField() {
  const Content content = TakeContent();
  if (part_.value.size() + content.bytes.size() > limits_.field_size_max) {
    return Fail(ErrorCode::kTooLarge, "a field of the form is too large");
  }
  part_.value += content.bytes;
  if (!content.is_last) return NeedBytes();
  state_ = State::kAfterBoundary;
  part_.kind = MultipartEvent::Kind::kField;
  return std::move(part_);
}

Result<MultipartEvent> MultipartParser::ReadFile() {
  const Content content = TakeContent();
  if (content.is_last) state_ = State::kFileEnd;
  if (content.bytes.empty()) return content.is_last ? MultipartEvent{} : NeedBytes();
  MultipartEvent event;
  event.kind = MultipartEvent::Kind::kFileBytes;
  event.bytes = content.bytes;
  return event;
}

MultipartParser::Content MultipartParser::TakeContent() {
  const std::string_view rest = unread();
  const size_t found = rest.find(delimiter_);
  if (found != rest.npos) {
    begin_ += found + delimiter_.size();
    return {rest.substr(0, found), true};
  }
  // The end may be the beginning of a boundary: from the first CR there that fits.
  size_t keep = std::min(delimiter_.size() - 1, rest.size());
  while (keep > 0 && !delimiter_.starts_with(rest.substr(rest.size() - keep))) --keep;
  begin_ += rest.size() - keep;
  return {rest.substr(0, rest.size() - keep), false};
}

Result<MultipartReader> MultipartReader::Open(http::Exchange& exchange, MultipartLimits limits) {
  const auto content_type = exchange.request().headers.Find("Content-Type");
  const std::string boundary = TRY(MultipartBoundary(content_type.value_or("")));
  return MultipartReader(exchange, MultipartParser(boundary, limits));
}

MultipartReader::MultipartReader(http::Exchange& exchange, MultipartParser parser)
    : exchange_(&exchange), parser_(std::move(parser)), buffer_(kReadSize) {}

http::Task<Result<MultipartEvent>> MultipartReader::Next() {
  while (true) {
    Result<MultipartEvent> event = parser_.Next();
    if (!event) co_return event;
    if (event->kind == MultipartEvent::Kind::kEnd) {
      // The connection can serve another request only if this one was read to its end.
      Result<size_t> rest = co_await exchange_->Read(buffer_);
      while (rest && *rest > 0) rest = co_await exchange_->Read(buffer_);
      if (!rest) co_return Failure(std::move(rest).error());
      co_return event;
    }
    if (event->kind != MultipartEvent::Kind::kNeedBytes) co_return event;
    const Result<size_t> count = co_await exchange_->Read(buffer_);
    if (!count) co_return Failure(count.error());
    parser_.Push(std::span<const char>(buffer_).first(*count));
  }
}

}  // namespace verbatim::api
