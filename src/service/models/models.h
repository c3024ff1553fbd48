// Models by name: a catalogue of names, files, SHA-256 and sources, and the folder they live in. Pulls a model whole or
// not at all: bytes go to a part file that a later try resumes, are verified, and take their place in one rename.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::models {

struct ModelFile {
  std::string name;        // "model.bin"
  std::string sha256;      // lower-case hex; empty: not pinned (small text files of the hub)
  uint64_t size_bytes = 0; // 0 = unknown
};

struct CatalogEntry {
  std::string name;        // "base"
  std::string description; // "99 languages, 145 MB"
  std::vector<ModelFile> files;
};

std::span<const CatalogEntry> Catalog();
const CatalogEntry* FindInCatalog(std::string_view name);

// $VERBATIM_MODEL_DIR, else $XDG_CACHE_HOME/verbatim/models, else ~/.cache/verbatim/models.
std::filesystem::path ModelRoot();

// A name of the catalogue, or a directory. Errors: kNotFound if it is not installed, kInvalidArgument if unknown
// (the message lists the names).
Result<std::filesystem::path> FindModel(std::string_view name_or_directory);

bool IsInstalled(std::string_view name);

struct PullProgress {
  std::string file;
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;  // 0 = unknown
};

// Gets a model; nothing to do if it is whole already. Tries the sources in turn; resumes part files.
// Errors: kInvalidArgument (unknown name), kIo (no source could be reached: one line per source), kCorruptModel (the bytes
// are not those pinned), kOutOfSpace, kCancelled.
Result<std::filesystem::path> Pull(std::string_view name, const std::function<void(const PullProgress&)>& on_progress,
                                   std::stop_token stop);

// Compares every pinned file with its SHA-256. Errors: kNotFound, kCorruptModel naming the first wrong file.
Result<void> Verify(std::string_view name);

}  // namespace verbatim::models
