// The folder in which a model is put together. It lies beside the finished models, survives an
// interrupted pull with all that was received, and becomes the model in one rename.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "models/impl/checksums.h"
#include "models/models.h"

namespace verbatim::models {

class Staging {
 public:
  // Opens or makes ROOT/.NAME.partial. Errors: kIo, kOutOfSpace.
  static Result<Staging> Open(const std::filesystem::path& root, const CatalogEntry& entry);

  const std::filesystem::path& folder() const { return folder_; }

  // Whether a file came whole from an earlier try: its sum is the pinned or the recorded one.
  // Errors: kIo, kCancelled.
  Result<bool> Has(const ModelFile& file, const std::stop_token& stop) const;

  // Takes a received file in: compares its sum with the pinned one, or with `stated` where none is
  // pinned, records it and gives it its name.
  // Errors: kCorruptModel (the sums differ; the received file is removed), kIo, kOutOfSpace,
  // kCancelled.
  Result<void> Accept(const ModelFile& file, const std::filesystem::path& received,
                      const std::string& stated, const std::stop_token& stop);

  // Removes all but the model's files and gives the folder its final name; a model that has it is
  // replaced. Errors: kIo, kOutOfSpace.
  Result<std::filesystem::path> Publish();

 private:
  Staging(std::filesystem::path root, const CatalogEntry& entry);

  std::filesystem::path root_;
  std::filesystem::path folder_;
  const CatalogEntry* entry_;
  Checksums checksums_;
};

}  // namespace verbatim::models
