#include "archive/zip_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <utility>

namespace verbatim::archive {
namespace {

constexpr mode_t kReadable = 0644;

struct Closer {
  void operator()(struct archive* writer) const { archive_write_free(writer); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

// libarchive takes the letters of names by the thread's locale, and marks them as UTF-8 if that is.
class Utf8Names {
 public:
  Utf8Names() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;
  ~Utf8Names() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }

 private:
  locale_t locale_ = nullptr;
  locale_t before_ = nullptr;
};

// The seam to libarchive: its result codes become ours here.
class LibarchiveZipWriter final : public ZipWriter {
 public:
  Result<void> Start() {
    writer_.reset(archive_write_new());
    struct archive* writer = writer_.get();
    if (writer == nullptr) return Fail(ErrorCode::kInternal, "a ZIP archive: no memory");
    archive_write_set_format_zip(writer);
    archive_write_zip_set_compression_deflate(writer);
    archive_write_set_bytes_per_block(writer, 0);  // as they come, without padding
    return Check(archive_write_open(writer, this, nullptr, Append, nullptr));
  }

  Result<void> Add(const Entry& entry, std::string_view content) override {
    const Utf8Names utf8;
    const std::unique_ptr<archive_entry, Closer> head(archive_entry_new());
    archive_entry_set_pathname(head.get(), entry.name.c_str());
    archive_entry_set_size(head.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(head.get(), AE_IFREG);
    archive_entry_set_perm(head.get(), kReadable);
    archive_entry_set_mtime(head.get(), static_cast<time_t>(entry.wall_ms / 1000), 0);
    TRY_VOID(Check(archive_write_header(writer_.get(), head.get())));
    const la_ssize_t written = archive_write_data(writer_.get(), content.data(), content.size());
    if (written < 0) return Check(ARCHIVE_FATAL);
    return Check(archive_write_finish_entry(writer_.get()));
  }

  Result<void> Finish() override {
    const Utf8Names utf8;
    return Check(archive_write_close(writer_.get()));
  }

  std::string Take() override { return std::exchange(bytes_, {}); }

 private:
  static la_ssize_t Append(struct archive* /*writer*/, void* self, const void* bytes, size_t size) {
    static_cast<LibarchiveZipWriter*>(self)->bytes_.append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  }

  Result<void> Check(int code) {
    if (code == ARCHIVE_OK) return {};
    const char* message = archive_error_string(writer_.get());
    return Fail(ErrorCode::kInternal,
                std::string("a ZIP archive: ") + (message == nullptr ? "failed" : message));
  }

  std::string bytes_;
  std::unique_ptr<struct archive, Closer> writer_;  // ends first: it may still append
};

}  // namespace

Result<std::unique_ptr<ZipWriter>> ZipWriter::Open() {
  auto writer = std::make_unique<LibarchiveZipWriter>();
  TRY_VOID(writer->Start());
  return writer;
}

}  // namespace verbatim::archive
