#include "sandbox/frame.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace verbatim::sandbox {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are copied as they are");

bool IsPrintable(char letter) { return letter >= ' ' && letter <= '~'; }

}  // namespace

void FrameWriter::Number(uint64_t number) {
  bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void FrameWriter::Decimal(double number) { Number(std::bit_cast<uint64_t>(number)); }

void FrameWriter::Text(std::string_view text) {
  Number(text.size());
  bytes_ += text;
}

void FrameWriter::Floats(std::span<const float> numbers) {
  bytes_.append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
}

FrameReader::FrameReader(std::string_view bytes) : bytes_(bytes), is_valid_(!bytes.empty()) {
  if (is_valid_) kind_ = static_cast<uint8_t>(Take(1)[0]);
}

uint64_t FrameReader::Number(uint64_t max) {
  uint64_t number = 0;
  const std::string_view bytes = Take(sizeof number);
  if (bytes.empty()) return 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  if (number <= max) return number;
  is_valid_ = false;
  return 0;
}

double FrameReader::Decimal() { return std::bit_cast<double>(Number(UINT64_MAX)); }

std::string FrameReader::Text(size_t size_max) {
  const std::string_view text = Take(Number(size_max));
  if (std::ranges::all_of(text, IsPrintable)) return std::string(text);
  is_valid_ = false;
  return {};
}

std::span<float> FrameReader::Floats(std::span<float> numbers) {
  const size_t count = bytes_.size() / sizeof(float);
  if (bytes_.size() % sizeof(float) != 0 || count > numbers.size()) is_valid_ = false;
  const std::string_view bytes = Take(bytes_.size());
  if (bytes.empty()) return {};
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers.first(count);
}

std::string_view FrameReader::Take(size_t size) {
  if (size > bytes_.size()) is_valid_ = false;
  if (!is_valid_) return {};
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

}  // namespace verbatim::sandbox
