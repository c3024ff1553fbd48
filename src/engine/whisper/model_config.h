// config.json of a CTranslate2 Whisper directory: token lists and alignment heads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace verbatim::whisper {

struct ModelConfig {
  std::vector<int32_t> suppress_ids;
  std::vector<int32_t> suppress_ids_begin;
  std::vector<std::pair<size_t, size_t>> alignment_heads;  // layer, head
};

// Errors: kNotFound, kIo, kCorruptModel.
Result<ModelConfig> ReadModelConfig(const std::filesystem::path& path);

// Errors: kCorruptModel.
Result<ModelConfig> ParseModelConfig(std::string_view json);

}  // namespace verbatim::whisper
