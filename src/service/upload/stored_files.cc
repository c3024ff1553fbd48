#include "upload/stored_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/byte_source.h"
#include "base/random_id.h"
#include "upload/impl/sources.h"
#include "upload/impl/upload_files.h"

namespace verbatim::upload {
namespace {

// Tells of each read.
class WatchedSource final : public ByteSource {
 public:
  WatchedSource(std::shared_ptr<ByteSource> source, const OnBytes& on_bytes)
      : source_(std::move(source)), on_bytes_(on_bytes) {}

  std::optional<uint64_t> size() const override { return source_->size(); }
  uint64_t available() const override { return source_->available(); }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into,
                        const std::stop_token& stop) override {
    const size_t count = TRY(source_->ReadAt(offset, into, stop));
    if (!on_bytes_(count)) return Fail(ErrorCode::kCancelled, "stopped");
    return count;
  }

 private:
  const std::shared_ptr<ByteSource> source_;
  const OnBytes& on_bytes_;
};

}  // namespace

bool HasFile(const store::Upload& upload) {
  return upload.parts.empty() && upload.released_ms == 0;
}

Result<void> CheckNames(const store::Upload& upload) {
  if (IsRandomId(upload.id) && std::ranges::all_of(upload.parts, IsRandomId)) return {};
  return Fail(ErrorCode::kCorruptDatabase,
              "the database is damaged: an upload has a name of none, or a part of one");
}

Result<std::vector<std::string>> StoredFiles(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return Fail(ErrorCode::kNotFound, "there is no folder " + folder.string());
  }
  return TRY(UploadFiles::Open(folder)).List();
}

Result<std::string> FileProblem(const std::filesystem::path& folder, const store::Upload& upload,
                                const OnBytes& on_bytes) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return "is missing";
  const UploadFiles files = TRY(UploadFiles::Open(folder));
  const std::vector<std::string> itself{upload.id};
  auto source = OpenJoined(files, upload.parts.empty() ? itself : upload.parts);
  if (!source && source.error().code == ErrorCode::kNotFound) return "is missing";
  if (!source) return Failure(std::move(source).error());
  const uint64_t size = (*source)->available();
  const bool is_whole = upload.state != store::UploadState::kReceiving;
  if (size < upload.offset || (is_whole && size != upload.offset)) {
    return fmt::format("has {} bytes, not {}", size, upload.offset);
  }
  if (!is_whole || upload.sha256.empty()) return "";
  WatchedSource watched(*std::move(source), on_bytes);
  const std::string sha256 = TRY(Sha256Of(watched));
  return sha256 == upload.sha256 ? "" : "is damaged: its SHA-256 is another";
}

}  // namespace verbatim::upload
