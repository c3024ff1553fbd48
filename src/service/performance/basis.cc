#include "performance/basis.h"

#include <system_error>
#include <utility>

namespace verbatim::performance {

Snapshot TakeSnapshot(const Basis& basis, const Queue& queue, const Recent& recent) {
  Snapshot snapshot;
  snapshot.resources = ReadResources({basis.root, basis.folder, AllocatorBytes()});
  snapshot.settings = basis.settings->Current();
  ModelBasis model = basis.model->Get();
  snapshot.cost = std::move(model.cost);
  snapshot.is_calibrated = model.is_calibrated;
  if (basis.engines) snapshot.engines = basis.engines();
  snapshot.queue = queue;
  snapshot.recent = recent;
  return snapshot;
}

uint64_t ModelFileBytes(const std::filesystem::path& model_folder) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(model_folder / "model.bin", error);
  return error ? 0 : static_cast<uint64_t>(size);
}

}  // namespace verbatim::performance
