// Bytes as a model.bin, all its small tensors read, and as a config.json.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "whisper/model_config.h"
#include "whisper/model_file.h"

namespace verbatim::whisper {
namespace {

// An empty tensor may claim any number of rows, but no tensor more numbers than the file has bytes.
void ReadTensor(const nn::TensorView& tensor, size_t file_size) {
  CHECK(tensor.count() <= file_size);
  CHECK(tensor.ToFloats().size() == tensor.count());
  if (tensor.rows() > 0 && tensor.count() > 0) {
    std::vector<float> row(tensor.row_size());
    tensor.CopyRows(tensor.rows() - 1, 1, row.data());
  }
}

void ReadModel(std::span<const std::byte> bytes) {
  const Result<ModelFile> file = ModelFile::Parse(bytes);
  if (!file) {
    CHECK(file.error().code == ErrorCode::kCorruptModel && !file.error().message.empty());
    return;
  }
  // The names in the corpus, and the shortest that mutation can make.
  for (const std::string_view name :
       {"a/weight", "b/weight", "b/weight_scale", "c", "d", "e", "z/weight", "t", ""}) {
    if (const nn::TensorView* tensor = file->Find(name)) ReadTensor(*tensor, bytes.size());
  }
  const std::array<size_t, 2> shape = {2, 3};
  if (const auto tensor = file->Get("a/weight", shape)) CHECK((*tensor)->count() == 6);
}

void ReadConfig(std::string_view text) {
  const Result<ModelConfig> config = ParseModelConfig(text);
  if (!config) {
    CHECK(config.error().code == ErrorCode::kCorruptModel && !config.error().message.empty());
    return;
  }
  CHECK(!config->alignment_heads.empty());
  for (const int32_t token : config->suppress_ids) CHECK(token >= 0);
}

}  // namespace
}  // namespace verbatim::whisper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  verbatim::whisper::ReadModel(std::as_bytes(std::span(data, size)));
  verbatim::whisper::ReadConfig({reinterpret_cast<const char*>(data), size});
  return 0;
}
