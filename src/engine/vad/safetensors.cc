#include "vad/safetensors.h"

#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

namespace verbatim::vad {
namespace {

namespace json = boost::json;

constexpr size_t kLengthBytes = 8;
constexpr size_t kHeaderBytesMax = 1 << 20;
constexpr size_t kNestingMax = 8;

Failure Corrupt(std::string_view what) {
  return Fail(ErrorCode::kCorruptModel, "speech detector weights: " + std::string(what));
}

// A JSON number as a size; none if it is negative, broken or no number.
std::optional<size_t> ToSize(const json::value& value) {
  if (const auto* plain = value.if_int64()) {
    if (*plain < 0) return std::nullopt;
    return static_cast<size_t>(*plain);
  }
  if (const auto* large = value.if_uint64()) return static_cast<size_t>(*large);
  return std::nullopt;
}

std::optional<std::vector<size_t>> ToSizes(const json::object& entry, std::string_view key) {
  const json::value* value = entry.if_contains(key);
  const json::array* array = value ? value->if_array() : nullptr;
  if (!array) return std::nullopt;
  std::vector<size_t> sizes;
  for (const json::value& item : *array) {
    const std::optional<size_t> size = ToSize(item);
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

// The bytes that a shape of 4-byte numbers takes; none on overflow.
std::optional<size_t> FloatBytes(std::span<const size_t> shape) {
  size_t bytes = sizeof(float);
  for (const size_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

Result<json::object> ParseHeader(std::string_view text) {
  json::parse_options options;
  options.max_depth = kNestingMax;
  json::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return Corrupt("the header is not JSON: " + error.message());
  if (!value.is_object()) return Corrupt("the header is not a JSON object");
  return std::move(value.get_object());
}

}  // namespace

Result<Safetensors> Safetensors::Parse(std::span<const std::byte> bytes) {
  static_assert(std::endian::native == std::endian::little, "the file's numbers are little-endian");
  if (bytes.size() < kLengthBytes) return Corrupt("cut off");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  if (header_bytes > kHeaderBytesMax || header_bytes > bytes.size() - kLengthBytes) {
    return Corrupt("the header's length is beyond the file or the limit");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes,
                              static_cast<size_t>(header_bytes));
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + text.size());
  const json::object header = TRY(ParseHeader(text));

  Safetensors result;
  for (const auto& [name, value] : header) {
    if (name == "__metadata__") continue;
    const json::object* entry = value.if_object();
    if (!entry) return Corrupt("an entry of the header is no object");
    std::optional<std::vector<size_t>> shape = ToSizes(*entry, "shape");
    const std::optional<std::vector<size_t>> range = ToSizes(*entry, "data_offsets");
    if (!shape || !range || range->size() != 2) return Corrupt("a tensor without shape or range");
    const size_t begin = range->front();
    const size_t end = range->back();
    if (begin > end || end > data.size()) return Corrupt("a tensor lies beyond the file");
    const json::value* type = entry->if_contains("dtype");
    const bool is_f32 = type && type->is_string() && type->get_string() == "F32";
    if (is_f32 && FloatBytes(*shape) != end - begin) return Corrupt("a shape and its range differ");
    result.tensors_.emplace(name,
                            Tensor{is_f32, std::move(*shape), data.subspan(begin, end - begin)});
  }
  return result;
}

Result<std::vector<float>> Safetensors::Floats(std::string_view name,
                                               std::span<const size_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return Corrupt("no tensor " + std::string(name));
  const Tensor& tensor = found->second;
  if (!tensor.is_f32) return Corrupt(std::string(name) + " is not F32");
  if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
    return Corrupt(std::string(name) + " has another shape");
  }
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  for (const float value : values) {
    if (!std::isfinite(value))
      return Corrupt(std::string(name) + " holds a value that is not finite");
  }
  return values;
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : tensors_) result.push_back(name);
  return result;
}

}  // namespace verbatim::vad
