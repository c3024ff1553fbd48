#include "api/form.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "api/multipart.h"

namespace verbatim::api {
namespace {

constexpr size_t kFieldsSizeMax = 1 << 20;  // of all fields together
constexpr uint64_t kOverheadMax = 1 << 20;  // of a form, besides its file
constexpr size_t kFilenameSizeMax = 255;

using Kind = MultipartEvent::Kind;

// The file of the form, while it comes in.
struct IncomingFile {
  std::string id;
  std::unique_ptr<upload::Receiver> receiver;
};

// The bytes of a valid UTF-8 sequence at the beginning of a text; 0: there is none.
size_t SequenceSize(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  size_t size = 0;
  uint32_t code = 0;
  if ((byte(0) & 0xe0) == 0xc0) size = 2, code = byte(0) & 0x1f;
  if ((byte(0) & 0xf0) == 0xe0) size = 3, code = byte(0) & 0x0f;
  if ((byte(0) & 0xf8) == 0xf0) size = 4, code = byte(0) & 0x07;
  if (size == 0 || size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  return code >= kSmallest[size] && code <= 0x10ffff && !is_surrogate ? size : 0;
}

Result<void> BeginFile(upload::Uploads& uploads, const std::string& filename, IncomingFile& file) {
  upload::NewUpload request;
  request.filename = ShownFilename(filename);
  file.id = TRY(uploads.Create(request)).id;
  file.receiver = TRY(uploads.Receive(file.id, 0, std::nullopt, [] {}));
  return {};
}

Result<store::Upload> EndFile(upload::Uploads& uploads, IncomingFile& file) {
  const store::Upload received = TRY(file.receiver->Finish());
  file.receiver.reset();
  return uploads.SetLength(file.id, received.offset);
}

// Reads a form's events into `form`; `file` is what to remove after an error.
class FormReader {
 public:
  FormReader(http::Exchange& exchange, upload::Uploads& uploads)
      : exchange_(exchange), uploads_(uploads) {}

  http::Task<Result<ReceivedForm>> Read(MultipartReader reader);

 private:
  Result<void> TakeField(MultipartEvent event);
  http::Task<Result<void>> TakeFileBegin(MultipartEvent event);
  http::Task<Result<void>> TakeFileBytes(MultipartEvent event);
  http::Task<Result<void>> TakeFileEnd();
  http::Task<Result<void>> Take(MultipartEvent event);
  http::Task<void> Discard();

  http::Exchange& exchange_;
  upload::Uploads& uploads_;
  ReceivedForm form_;
  size_t fields_size_ = 0;
  IncomingFile file_;
  // A browser sends an empty file without a name where none was chosen.
  std::string filename_;
  std::string file_field_;
};

http::Task<Result<ReceivedForm>> FormReader::Read(MultipartReader reader) {
  while (true) {
    Result<MultipartEvent> event = co_await reader.Next();
    if (event && event->kind == Kind::kEnd) co_return std::move(form_);
    Result<void> taken;
    if (event) {
      MultipartEvent value = std::move(*event);
      taken = co_await Take(std::move(value));
    } else {
      Error error = std::move(event).error();
      // The client's connection, not our disk.
      if (error.code == ErrorCode::kIo) error.code = ErrorCode::kCancelled;
      taken = Failure(std::move(error));
    }
    if (!taken) {
      co_await Discard();
      co_return Failure(std::move(taken).error());
    }
  }
}

http::Task<Result<void>> FormReader::Take(MultipartEvent event) {
  switch (event.kind) {
    case Kind::kField: co_return TakeField(std::move(event));
    case Kind::kFileBegin: co_return co_await TakeFileBegin(std::move(event));
    case Kind::kFileBytes: co_return co_await TakeFileBytes(std::move(event));
    case Kind::kFileEnd: co_return co_await TakeFileEnd();
    case Kind::kNeedBytes:
    case Kind::kEnd: break;
  }
  co_return Result<void>();
}

Result<void> FormReader::TakeField(MultipartEvent event) {
  fields_size_ += event.name.size() + event.value.size();
  if (fields_size_ > kFieldsSizeMax) {
    return Fail(ErrorCode::kTooLarge, "the fields of the form are too large");
  }
  form_.fields.push_back({std::move(event.name), std::move(event.value)});
  return {};
}

http::Task<Result<void>> FormReader::TakeFileBegin(MultipartEvent event) {
  filename_ = std::move(event.filename);
  file_field_ = std::move(event.name);
  if (filename_.empty()) co_return Result<void>();  // perhaps no file at all
  if (!file_.id.empty()) {
    co_return Fail(ErrorCode::kInvalidArgument, "the form has more than one file");
  }
  form_.file_field = file_field_;
  std::function<Result<void>()> work = [this] { return BeginFile(uploads_, filename_, file_); };
  co_return co_await exchange_.Offload(std::move(work));
}

http::Task<Result<void>> FormReader::TakeFileBytes(MultipartEvent event) {
  const std::span<const char> bytes = event.bytes;
  if (!file_.receiver) {
    if (!file_.id.empty()) {
      co_return Fail(ErrorCode::kInvalidArgument, "the form has more than one file");
    }
    form_.file_field = file_field_;
    std::function<Result<void>()> begin = [this] { return BeginFile(uploads_, filename_, file_); };
    Result<void> begun = co_await exchange_.Offload(std::move(begin));
    if (!begun) co_return begun;
  }
  std::function<Result<void>()> work = [this, bytes] { return file_.receiver->Append(bytes); };
  co_return co_await exchange_.Offload(std::move(work));
}

http::Task<Result<void>> FormReader::TakeFileEnd() {
  if (!file_.receiver) co_return Result<void>();
  std::function<Result<store::Upload>()> work = [this] { return EndFile(uploads_, file_); };
  Result<store::Upload> upload = co_await exchange_.Offload(std::move(work));
  if (!upload) co_return Failure(std::move(upload).error());
  form_.file = std::move(*upload);
  co_return Result<void>();
}

http::Task<void> FormReader::Discard() {
  if (file_.id.empty()) co_return;
  std::function<Result<void>()> work = [this] {
    file_.receiver.reset();
    return uploads_.Delete(file_.id);
  };
  // What can't be removed now expires.
  co_await exchange_.Offload(std::move(work));
}

}  // namespace

http::Task<Result<ReceivedForm>> ReceiveForm(http::Exchange& exchange, upload::Uploads& uploads) {
  const uint64_t size_max = uploads.limits().size_max;
  if (size_max > 0 && exchange.request().content_length.value_or(0) > size_max + kOverheadMax) {
    co_return Fail(ErrorCode::kTooLarge, "the request's body is too large");
  }
  Result<MultipartReader> reader = MultipartReader::Open(exchange);
  if (!reader) co_return Failure(std::move(reader).error());
  FormReader form(exchange, uploads);
  MultipartReader opened = std::move(*reader);
  co_return co_await form.Read(std::move(opened));
}

std::string ShownFilename(std::string_view name) {
  const size_t slash = name.find_last_of("/\\");
  if (slash != name.npos) name.remove_prefix(slash + 1);
  std::string shown;
  while (!name.empty()) {
    const size_t size = SequenceSize(name);
    const std::string_view letter = size == 0 ? "\xef\xbf\xbd" : name.substr(0, size);
    const auto first = static_cast<unsigned char>(name.front());
    name.remove_prefix(size == 0 ? 1 : size);
    if (first < 0x20 || first == 0x7f) continue;
    if (shown.size() + letter.size() > kFilenameSizeMax) break;
    shown += letter;
  }
  return shown;
}

}  // namespace verbatim::api
