// Messages between a process and the one it does not trust: a kind, then numbers, texts and samples
// one after the other, little-endian, without names. The reader takes any bytes: what is missing,
// too long or left over makes it invalid, and then every value it gives is 0 or empty.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace verbatim::sandbox {

// Puts a message together.
class FrameWriter {
 public:
  explicit FrameWriter(uint8_t kind) : bytes_(1, static_cast<char>(kind)) {}

  // Each appends one value.
  void Number(uint64_t number);
  void Signed(int64_t number) { Number(static_cast<uint64_t>(number)); }
  void Decimal(double number);
  void Text(std::string_view text);
  void Floats(std::span<const float> numbers);
  void Rest(std::string_view bytes) { bytes_ += bytes; }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Takes a message apart.
class FrameReader {
 public:
  // The bytes outlive the reader.
  explicit FrameReader(std::string_view bytes);

  uint8_t kind() const { return kind_; }

  // Each takes the next value. A number above `max` makes the frame invalid, and so does a text
  // that is longer or holds anything but printable ASCII.
  uint64_t Number(uint64_t max);
  int64_t Signed() { return static_cast<int64_t>(Number(UINT64_MAX)); }
  double Decimal();
  std::string Text(size_t size_max);
  // All that is left, into `numbers`; none if there are more than fit, or part of one.
  std::span<float> Floats(std::span<float> numbers);
  // All that is left, as it is.
  std::string_view Rest() { return Take(bytes_.size()); }

  // True if all was there, nothing is left, and no value was refused. To be asked at the end.
  bool is_valid() const { return is_valid_ && bytes_.empty(); }

 private:
  std::string_view Take(size_t size);

  uint8_t kind_ = 0;
  std::string_view bytes_;
  bool is_valid_ = true;
};

}  // namespace verbatim::sandbox
