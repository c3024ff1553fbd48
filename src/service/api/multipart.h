// Forms as browsers, curl and API clients send them (multipart/form-data), read piece by piece
// with a bounded buffer. MultipartParser knows only bytes; MultipartReader feeds it from a request.
// What most endpoints want, all fields and the file as an upload, is in api/form.h.
// Source: RFC 7578; RFC 2046, section 5.1.1.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/exchange.h"

namespace verbatim::api {

struct MultipartLimits {
  size_t parts_max = 200;
  size_t part_header_size_max = 8192;  // of one part
  size_t field_size_max = 64 << 10;    // of one field's value
};

struct MultipartEvent {
  enum class Kind {
    kNeedBytes,  // MultipartParser only: push more
    kField,      // name, value
    kFileBegin,  // name, filename, content_type
    kFileBytes,  // bytes: valid until the next call
    kFileEnd,
    kEnd,  // of the form
  };
  Kind kind = Kind::kNeedBytes;
  std::string name;
  std::string value;
  std::string filename;      // as sent; may be empty, hold paths, or not be UTF-8
  std::string content_type;  // as sent
  std::span<const char> bytes;
};

// The boundary named by a Content-Type field.
// Errors: kInvalidArgument: another type, or no valid boundary.
Result<std::string> MultipartBoundary(std::string_view content_type);

// Thread: one at a time.
class MultipartParser {
 public:
  explicit MultipartParser(std::string_view boundary, MultipartLimits limits = {});

  // More of the body; an empty span is its end. Called when Next asked for it.
  void Push(std::span<const char> bytes);

  // What comes next. Errors: kInvalidArgument (malformed, or cut off); kTooLarge (a limit). After
  // an error, or kEnd, it says the same again.
  Result<MultipartEvent> Next();

 private:
  enum class State { kPreamble, kAfterBoundary, kHeaders, kField, kFile, kFileEnd, kEnd, kBroken };

  // The state's step: an event, or kNeedBytes when it moved on or lacks bytes (is_starved_).
  Result<MultipartEvent> Step();
  Result<MultipartEvent> SkipPreamble();
  Result<MultipartEvent> PassBoundary();
  Result<MultipartEvent> ReadHeaders();
  Result<MultipartEvent> ReadField();
  Result<MultipartEvent> ReadFile();
  MultipartEvent NeedBytes();

  // Content up to the next boundary or to what may be its beginning.
  struct Content {
    std::string_view bytes;
    bool is_last = false;
  };
  Content TakeContent();

  std::string_view unread() const { return std::string_view(buffer_).substr(begin_); }

  const std::string delimiter_;  // CR LF "--" boundary
  const MultipartLimits limits_;
  State state_ = State::kPreamble;
  std::string buffer_;
  size_t begin_ = 0;  // of what is unread in buffer_
  bool is_starved_ = false;
  bool is_input_over_ = false;
  size_t part_count_ = 0;
  MultipartEvent part_;  // name, filename, ... and a field's value so far
  Error error_;
};

class MultipartReader {
 public:
  // Errors: kInvalidArgument: the request is not a form. The exchange outlives this.
  static Result<MultipartReader> Open(http::Exchange& exchange, MultipartLimits limits = {});

  // The next event but kNeedBytes. Errors: as MultipartParser::Next and Exchange::Read.
  http::Task<Result<MultipartEvent>> Next();

 private:
  MultipartReader(http::Exchange& exchange, MultipartParser parser);

  http::Exchange* exchange_;
  MultipartParser parser_;
  std::vector<char> buffer_;
};

}  // namespace verbatim::api
