#include "whisper/model_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace verbatim::whisper {
namespace {

constexpr uint32_t kFormatVersion = 6;
constexpr size_t kRankMax = 4;

Failure Corrupt(std::string what) { return Fail(ErrorCode::kCorruptModel, std::move(what)); }

// Reads numbers and strings in order; every read is checked against the end.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename Number>
  Result<Number> Read() {
    Number number;
    const std::span<const std::byte> from = TRY(Take(sizeof(Number)));
    std::memcpy(&number, from.data(), sizeof(Number));
    return number;
  }

  // Length (16 bits, with the closing zero), then the characters.
  Result<std::string> ReadString() {
    const uint16_t length = TRY(Read<uint16_t>());
    const std::span<const std::byte> from = TRY(Take(length));
    if (length == 0 || from.back() != std::byte{0}) {
      return Corrupt(fmt::format("a name at byte {} does not end in zero", at_ - length));
    }
    return std::string(reinterpret_cast<const char*>(from.data()), length - 1U);
  }

  Result<std::span<const std::byte>> Take(size_t size) {
    if (size > bytes_.size() - at_) {
      return Corrupt(fmt::format("the file ends at byte {}, {} bytes too early", bytes_.size(),
                                 size - (bytes_.size() - at_)));
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }

  size_t left() const { return bytes_.size() - at_; }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

std::optional<nn::NumberFormat> FormatOf(uint8_t code) {
  switch (code) {
    case 0: return nn::NumberFormat::kF32;
    case 1: return nn::NumberFormat::kI8;
    case 2: return nn::NumberFormat::kI16;
    case 3: return nn::NumberFormat::kI32;
    case 4: return nn::NumberFormat::kF16;
    default: return std::nullopt;
  }
}

Result<nn::TensorView> ReadTensor(Cursor& cursor, const std::string& name) {
  nn::TensorView tensor;
  const uint8_t rank = TRY(cursor.Read<uint8_t>());
  if (rank > kRankMax) return Corrupt(fmt::format("\"{}\" has {} dimensions", name, rank));
  size_t count = 1;
  for (uint8_t i = 0; i < rank; ++i) {
    tensor.shape.push_back(TRY(cursor.Read<uint32_t>()));
    if (__builtin_mul_overflow(count, tensor.shape.back(), &count)) {
      return Corrupt(fmt::format("the size of \"{}\" is beyond all bounds", name));
    }
  }
  const uint8_t code = TRY(cursor.Read<uint8_t>());
  const std::optional<nn::NumberFormat> format = FormatOf(code);
  if (!format) return Corrupt(fmt::format("\"{}\" has the unknown number format {}", name, code));
  tensor.format = *format;
  const uint32_t size = TRY(cursor.Read<uint32_t>());
  size_t expected = 0;
  if (__builtin_mul_overflow(count, nn::SizeOf(*format), &expected) || expected != size) {
    return Corrupt(
        fmt::format("\"{}\" says it has {} bytes, which is not what its shape needs", name, size));
  }
  tensor.bytes = TRY(cursor.Take(size));
  return tensor;
}

// int8 weights carry one scale per row in a tensor of their own, named after them.
void AttachScales(std::map<std::string, nn::TensorView, std::less<>>& tensors) {
  for (auto& [name, tensor] : tensors) {
    if (tensor.format != nn::NumberFormat::kI8 || tensor.shape.empty()) continue;
    const auto scales = tensors.find(name + "_scale");
    if (scales != tensors.end() && scales->second.format == nn::NumberFormat::kF32 &&
        scales->second.count() == tensor.rows()) {
      tensor.row_scales = scales->second.bytes;
    }
  }
}

}  // namespace

struct ModelFile::Mapping {
  void* address = nullptr;
  size_t size = 0;
  Mapping(void* mapped, size_t length) : address(mapped), size(length) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(address, size); }
};

void ModelFile::ReleasePages() const {
  if (mapping_) madvise(mapping_->address, mapping_->size, MADV_DONTNEED);
}

Result<ModelFile> ModelFile::Open(const std::filesystem::path& path) {
  const std::string doing = "opening " + path.string();
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(SystemError(errno, doing));
  struct stat status = {};
  const bool is_usable = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const size_t size = is_usable ? static_cast<size_t>(status.st_size) : 0;
  void* address = size > 0 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  close(fd);
  if (address == MAP_FAILED) {
    return Fail(ErrorCode::kCorruptModel, path.string() + " is empty or no regular file");
  }
  auto mapping = std::make_shared<const Mapping>(address, size);
  Result<ModelFile> file = Parse({static_cast<const std::byte*>(address), size});
  if (!file) return Failure(std::move(file).error().WithContext(path.string()));
  file->mapping_ = std::move(mapping);
  return file;
}

Result<ModelFile> ModelFile::Parse(std::span<const std::byte> bytes) {
  Cursor cursor(bytes);
  ModelFile file;
  const uint32_t version = TRY(cursor.Read<uint32_t>());
  if (version != kFormatVersion) {
    return Corrupt(
        fmt::format("not a CTranslate2 model of format version {} (the first number is {})",
                    kFormatVersion, version));
  }
  file.spec_ = TRY(cursor.ReadString());
  TRY(cursor.Read<uint32_t>());  // the spec's revision: names and shapes are checked one by one
                                 // instead
  const uint32_t count = TRY(cursor.Read<uint32_t>());
  for (uint32_t i = 0; i < count; ++i) {
    std::string name = TRY(cursor.ReadString());
    nn::TensorView tensor = TRY(ReadTensor(cursor, name));
    file.tensors_.insert_or_assign(std::move(name), std::move(tensor));
  }
  const uint32_t aliases = TRY(cursor.Read<uint32_t>());
  for (uint32_t i = 0; i < aliases; ++i) {
    std::string alias = TRY(cursor.ReadString());
    const std::string name = TRY(cursor.ReadString());
    const auto found = file.tensors_.find(name);
    if (found == file.tensors_.end())
      return Corrupt(fmt::format("an alias names \"{}\", which is missing", name));
    const nn::TensorView tensor = found->second;
    file.tensors_.insert_or_assign(std::move(alias), tensor);
  }
  if (cursor.left() != 0)
    return Corrupt(fmt::format("{} bytes follow the last tensor", cursor.left()));
  AttachScales(file.tensors_);
  return file;
}

const nn::TensorView* ModelFile::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Result<const nn::TensorView*> ModelFile::Get(std::string_view name,
                                             std::span<const size_t> shape) const {
  const nn::TensorView* tensor = Find(name);
  if (tensor == nullptr) return Corrupt(fmt::format("\"{}\" is missing", name));
  if (!std::ranges::equal(tensor->shape, shape)) {
    return Corrupt(fmt::format("\"{}\" has the shape [{}] instead of [{}]", name,
                               fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
  }
  return tensor;
}

}  // namespace verbatim::whisper
