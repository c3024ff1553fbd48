// Writes model files of format version 6 from what a test says, right or wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace verbatim::tests {

struct WrittenTensor {
  std::string name;
  std::vector<uint32_t> shape;
  uint8_t format = 0;  // 0 f32, 1 i8, 2 i16, 3 i32, 4 f16
  std::string data;
  int64_t size = -1;  // what the file says of the data's size; -1: the truth
};

struct WrittenModel {
  uint32_t version = 6;
  std::vector<WrittenTensor> tensors = {};
  std::vector<std::pair<std::string, std::string>> aliases = {};
  std::string after = {};  // bytes that do not belong there
};

template <typename Number>
std::string BytesOf(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

template <typename Number>
void AppendNumber(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// Length with the closing zero, then the characters.
inline void AppendName(std::string& bytes, std::string_view name) {
  AppendNumber(bytes, static_cast<uint16_t>(name.size() + 1));
  bytes.append(name).push_back('\0');
}

inline std::string ModelBytes(const WrittenModel& model) {
  std::string bytes;
  AppendNumber(bytes, model.version);
  AppendName(bytes, "WhisperSpec");
  AppendNumber(bytes, uint32_t{3});
  AppendNumber(bytes, static_cast<uint32_t>(model.tensors.size()));
  for (const WrittenTensor& tensor : model.tensors) {
    AppendName(bytes, tensor.name);
    AppendNumber(bytes, static_cast<uint8_t>(tensor.shape.size()));
    for (uint32_t extent : tensor.shape) AppendNumber(bytes, extent);
    AppendNumber(bytes, tensor.format);
    AppendNumber(bytes,
                 static_cast<uint32_t>(tensor.size < 0 ? static_cast<int64_t>(tensor.data.size())
                                                       : tensor.size));
    bytes += tensor.data;
  }
  AppendNumber(bytes, static_cast<uint32_t>(model.aliases.size()));
  for (const auto& [alias, name] : model.aliases) {
    AppendName(bytes, alias);
    AppendName(bytes, name);
  }
  return bytes + model.after;
}

}  // namespace verbatim::tests
