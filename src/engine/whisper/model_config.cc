#include "whisper/model_config.h"

#include <boost/json.hpp>
#include <string>

#include "base/atomic_file.h"

namespace verbatim::whisper {
namespace {

namespace json = boost::json;

constexpr uint64_t kConfigSizeMax = 1 << 20;

Failure Corrupt(std::string what) { return Fail(ErrorCode::kCorruptModel, std::move(what)); }

Result<int64_t> NonNegative(const json::value& value, std::string_view name) {
  const int64_t* number = value.if_int64();
  if (number == nullptr || *number < 0 || *number > INT32_MAX) {
    return Corrupt("\"" + std::string(name) + "\" holds something that is no index");
  }
  return *number;
}

Result<const json::array*> ArrayOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array())
    return Corrupt("there is no list \"" + std::string(name) + "\"");
  return &value->get_array();
}

// -1 stands for "nothing" in some converters' lists and is left out.
Result<std::vector<int32_t>> TokenList(const json::object& object, std::string_view name) {
  std::vector<int32_t> tokens;
  for (const json::value& value : *TRY(ArrayOf(object, name))) {
    if (value.is_int64() && value.get_int64() == -1) continue;
    tokens.push_back(static_cast<int32_t>(TRY(NonNegative(value, name))));
  }
  return tokens;
}

}  // namespace

Result<ModelConfig> ReadModelConfig(const std::filesystem::path& path) {
  const std::string text = TRY(ReadFile(path, kConfigSizeMax));
  Result<ModelConfig> config = ParseModelConfig(text);
  if (!config) return Failure(std::move(config).error().WithContext(path.string()));
  return config;
}

Result<ModelConfig> ParseModelConfig(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse(text, error);
  if (error || !root.is_object()) return Corrupt("not a JSON object");
  const json::object& object = root.get_object();
  ModelConfig config;
  config.suppress_ids = TRY(TokenList(object, "suppress_ids"));
  config.suppress_ids_begin = TRY(TokenList(object, "suppress_ids_begin"));
  for (const json::value& value : *TRY(ArrayOf(object, "alignment_heads"))) {
    const json::array* pair = value.if_array();
    if (pair == nullptr || pair->size() != 2)
      return Corrupt("\"alignment_heads\" holds something that is no pair");
    config.alignment_heads.emplace_back(TRY(NonNegative((*pair)[0], "alignment_heads")),
                                        TRY(NonNegative((*pair)[1], "alignment_heads")));
  }
  if (config.alignment_heads.empty()) return Corrupt("\"alignment_heads\" is empty");
  return config;
}

}  // namespace verbatim::whisper
