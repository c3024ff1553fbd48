// A TOML file as a flat list of settings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace verbatim::settings {

struct TomlEntry {
  std::string name;
  std::string value;  // as text
  uint32_t line = 0;
};

// The file's keys in the order of their lines; tables only group them, their names do not count.
// Errors: kNotFound, kIo, kTooLarge; kInvalidArgument with file and line for what is no TOML, for a
// key that comes twice, and for values that are neither text, number nor true and false.
Result<std::vector<TomlEntry>> ReadTomlFile(const std::filesystem::path& path);

}  // namespace verbatim::settings
