#include "upload/impl/sources.h"

#include <algorithm>
#include <utility>

#include "digest/digest.h"

namespace verbatim::upload {
namespace {

class JoinedSource final : public ByteSource {
 public:
  struct Piece {
    UploadFile file;
    uint64_t end = 0;  // of the piece, in the whole
  };
  explicit JoinedSource(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  std::optional<uint64_t> size() const override { return available(); }
  uint64_t available() const override { return pieces_.empty() ? 0 : pieces_.back().end; }
  std::optional<int> descriptor() const override {
    return pieces_.size() == 1 ? std::optional(pieces_.front().file.descriptor()) : std::nullopt;
  }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    const auto piece = std::ranges::upper_bound(pieces_, offset, {}, &Piece::end);
    if (piece == pieces_.end()) return size_t{0};
    const uint64_t begin = piece == pieces_.begin() ? 0 : std::prev(piece)->end;
    const uint64_t left = std::min<uint64_t>(into.size(), piece->end - offset);
    return piece->file.ReadAt(offset - begin, into.first(static_cast<size_t>(left)));
  }

 private:
  std::vector<Piece> pieces_;
};

class GrowingSource final : public ByteSource {
 public:
  GrowingSource(UploadFile file, std::shared_ptr<LiveUpload> live)
      : file_(std::move(file)), live_(std::move(live)), epoch_(live_->epoch()) {}

  std::optional<uint64_t> size() const override { return live_->length(); }
  uint64_t available() const override { return live_->end(); }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into,
                        const std::stop_token& stop) override {
    const uint64_t end = TRY(live_->WaitFor(offset, epoch_, stop));
    if (end <= offset) return size_t{0};
    const uint64_t count = std::min<uint64_t>(into.size(), end - offset);
    return file_.ReadAt(offset, into.first(static_cast<size_t>(count)));
  }

 private:
  UploadFile file_;
  std::shared_ptr<LiveUpload> live_;
  int epoch_;
};

}  // namespace

Result<std::shared_ptr<ByteSource>> OpenJoined(const UploadFiles& files,
                                               const std::vector<std::string>& ids) {
  std::vector<JoinedSource::Piece> pieces;
  uint64_t end = 0;
  for (const std::string& id : ids) {
    UploadFile file = TRY(files.Open(id, UploadFiles::Access::kRead));
    end += TRY(file.Size());
    pieces.push_back({std::move(file), end});
  }
  return std::make_shared<JoinedSource>(std::move(pieces));
}

Result<std::shared_ptr<ByteSource>> OpenGrowing(const UploadFiles& files, const std::string& id,
                                                std::shared_ptr<LiveUpload> live) {
  UploadFile file = TRY(files.Open(id, UploadFiles::Access::kRead));
  return std::make_shared<GrowingSource>(std::move(file), std::move(live));
}

Result<std::string> Sha256Of(ByteSource& source) {
  digest::Digest digest(digest::Kind::kSha256);
  std::vector<char> buffer(256 << 10);
  uint64_t offset = 0;
  size_t count = 0;
  do {
    count = TRY(source.ReadAt(offset, buffer, {}));
    digest.Update({buffer.data(), count});
    offset += count;
  } while (count > 0);
  return digest::Hex(digest.Finish());
}

}  // namespace verbatim::upload
