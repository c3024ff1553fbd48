// Where tests find a real model. Models are not kept in the project, so tests that need one are
// skipped without it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace verbatim::tests {

// The folder that holds the models: VERBATIM_TEST_MODELS, else VERBATIM_MODEL_DIR, else the cache
// that `verbatim model pull` fills.
inline std::filesystem::path ModelsDirectory() {
  for (const char* variable : {"VERBATIM_TEST_MODELS", "VERBATIM_MODEL_DIR"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "" : home) / ".cache/verbatim/models";
}

// The directory of a model by its name ("tiny.en", "base"); none if it is not on this machine.
inline std::optional<std::filesystem::path> TestModel(const std::string& name) {
  std::filesystem::path directory = ModelsDirectory() / name;
  std::error_code error;
  if (!std::filesystem::exists(directory / "tokenizer.json", error)) return std::nullopt;
  return directory;
}

// What a skipped test says.
inline std::string ModelMissing(const std::string& name) {
  return "model " + name + " is not in " + ModelsDirectory().string() + ": `verbatim model pull " +
         name + "` fetches it";
}

}  // namespace verbatim::tests
