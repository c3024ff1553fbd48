// Numbers out of the small text files of /proc and /sys. What is no number, or too large to be
// true, is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace verbatim {

// More bytes than any machine has: the kernel says "no limit" with such numbers.
inline constexpr uint64_t kBytesMax = uint64_t{1} << 50;

// A whole file; none if it cannot be read.
std::optional<std::string> ReadText(const std::filesystem::path& path);

// A whole number that ends with the word. Blanks before it are passed over.
std::optional<uint64_t> ParseCount(std::string_view text);

// The same with a fraction; finite.
std::optional<double> ParseDecimal(std::string_view text);

// What follows `name` on the line that begins with it.
std::optional<std::string_view> FindField(std::string_view text, std::string_view name);

// A field in kilobytes, "MemTotal:  123 kB", as bytes.
std::optional<uint64_t> FindKilobytes(std::string_view text, std::string_view name);

// A file that holds nothing but a number of bytes; none if there is no limit.
std::optional<uint64_t> ReadBytes(const std::filesystem::path& path);

// How many CPUs a list names: "0-3,8". None for an empty list, or one that is no list.
std::optional<int> CountCpuList(std::string_view text);

}  // namespace verbatim
