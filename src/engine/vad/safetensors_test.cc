#include "vad/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace verbatim::vad {
namespace {

std::string File(std::string_view header, std::string_view data) {
  std::string bytes(8, '\0');
  const uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  bytes += header;
  bytes += data;
  return bytes;
}

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string Numbers(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(float)};
}

TEST(Safetensors, ReadsTensorsByName) {
  const std::string bytes =
      File(R"({"__metadata__":{"by":"us"},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
           R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})",
           Numbers({1, 2, 3}));
  const auto file = Safetensors::Parse(Bytes(bytes));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->names(), (std::vector<std::string>{"a", "b"}));
  const std::array<size_t, 2> shape_a = {2, 1};
  const std::array<size_t, 1> shape_b = {1};
  EXPECT_EQ(file->Floats("a", shape_a).value(), (std::vector<float>{1, 2}));
  EXPECT_EQ(file->Floats("b", shape_b).value(), (std::vector<float>{3}));
  EXPECT_FALSE(file->Floats("a", shape_b).has_value());
  EXPECT_FALSE(file->Floats("c", shape_b).has_value());
}

TEST(Safetensors, OtherTypesAreListedButNotGivenOut) {
  const std::string bytes =
      File(R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})", Numbers({1}));
  const auto file = Safetensors::Parse(Bytes(bytes));
  ASSERT_TRUE(file.has_value());
  const std::array<size_t, 1> shape = {2};
  EXPECT_EQ(file->Floats("h", shape).error().code, ErrorCode::kCorruptModel);
}

TEST(Safetensors, RefusesBrokenFiles) {
  const std::string data = Numbers({1, 2});
  const auto tensor = [&](std::string_view entry) {
    return File("{\"a\":" + std::string(entry) + "}", data);
  };
  const std::string huge_length = std::string(8, '\xff') + "{}";
  for (const std::string& bytes : {
           std::string(),
           std::string("1234567"),
           huge_length,
           File("", data),
           File("[]", data),
           File("{", data),
           File("{\"a\":1}", data),
           tensor("{}"),
           tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"),
           tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[0,12]})"),
           tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
           tensor(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
           tensor(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"),
           tensor(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"),
           tensor(R"({"dtype":"F32","shape":"2","data_offsets":[0,8]})"),
           tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[-1,8]})"),
           tensor(R"({"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]})"),
           tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[18446744073709551615,8]})"),
           File(std::string(100000, '['), data),
       }) {
    const auto file = Safetensors::Parse(Bytes(bytes));
    ASSERT_FALSE(file.has_value()) << bytes.substr(0, 100);
    EXPECT_EQ(file.error().code, ErrorCode::kCorruptModel);
  }
}

TEST(Safetensors, AnyChangedByteIsReadOrRefused) {
  const std::string whole =
      File(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", Numbers({1, 2}));
  const std::array<size_t, 1> shape = {2};
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = whole;
    for (unsigned change = 0; change < 1 + random() % 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto file = Safetensors::Parse(Bytes(bytes));
    if (!file || !file->Floats("a", shape)) ++refused;
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace verbatim::vad
