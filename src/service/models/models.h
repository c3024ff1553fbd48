// Models by name: a catalogue of names, files, SHA-256 and sources, and the folder they live in.
// Pulls a model whole or not at all: bytes go to a part file that a later try resumes, are
// verified, and take their place in one rename.
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
  std::string name;         // "model.bin"
  std::string sha256;       // lower-case hex; empty: not pinned, recorded when it is received
  uint64_t size_bytes = 0;  // 0 = unknown
};

// A file of the model, or one part of it, inside a Python package.
struct PackageMember {
  std::string path;  // inside the wheel
  std::string file;  // of the model; members of one file follow each other and are joined
};

struct Package {
  std::string name;
  std::string version;
  std::vector<PackageMember> members;
};

struct CatalogEntry {
  std::string name;         // "base"
  std::string description;  // "99 languages, 145 MB"
  std::vector<ModelFile> files;
  std::string hub_repository;     // first source: "Systran/faster-whisper-base"
  std::vector<Package> packages;  // second source; empty: none
};

// All models that have a name, small ones first.
std::span<const CatalogEntry> Catalog();

// The entry of a name, or null.
const CatalogEntry* FindInCatalog(std::string_view name);

// What Verbatim keeps for later: $XDG_CACHE_HOME/verbatim, else ~/.cache/verbatim.
std::filesystem::path CacheRoot();

// $VERBATIM_MODEL_DIR, else $XDG_CACHE_HOME/verbatim/models, else ~/.cache/verbatim/models.
std::filesystem::path ModelRoot();

// The folder of a model: a name of the catalogue, or a directory (anything else, or with a '/').
// Errors: kNotFound if it is not installed, kInvalidArgument if unknown (the message lists the
// names).
Result<std::filesystem::path> FindModel(std::string_view name_or_directory);

// Whether every file of a catalogue model is there, those of known size with that size.
bool IsInstalled(std::string_view name);

enum class PullStage { kWaiting, kDownloading, kVerifying };

struct PullProgress {
  PullStage stage = PullStage::kDownloading;  // kWaiting: another process pulls the same model
  std::string file;                           // of the model, or the package that holds it
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;  // 0 = unknown
};

// Gets a model; nothing to do if it is whole already. Tries the sources in turn; resumes part
// files. $VERBATIM_HUB_URL replaces the address of the hub, for mirrors.
// Errors: kInvalidArgument (unknown name), kIo (no source could be reached: one line per source),
// kCorruptModel (the bytes are not those pinned), kOutOfSpace, kCancelled.
// Thread: any; also several processes: the second waits for the first.
Result<std::filesystem::path> Pull(std::string_view name,
                                   const std::function<void(const PullProgress&)>& on_progress,
                                   std::stop_token stop);

// Compares every file with its pinned SHA-256, or with that recorded when it was received.
// Errors: kInvalidArgument (unknown name), kNotFound (not installed, or nothing to compare with),
// kCorruptModel naming the first wrong file, kIo.
Result<void> Verify(std::string_view name_or_directory);

}  // namespace verbatim::models
