// A model of a disk that loses power, for tests: it is told of every operation that changes files,
// and shows what may be found when the power is back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store/test_vfs.h"

namespace verbatim::store {

// What was not synced is kept, dropped or torn, in any order; a name that was not is there or not.
class FragileDisk {
 public:
  explicit FragileDisk(std::mt19937& random) : random_(random) {}

  // A file that was there before, and is on disk.
  void Adopt(const std::string& path, std::string bytes) {
    files_[path] = {.synced = std::move(bytes), .name = Name::kDurable};
  }

  void Note(const FileOperation& operation) {
    if (operation.kind == FileOperation::kSync && !files_.contains(operation.path)) return;
    FileState& file = files_[operation.path];
    switch (operation.kind) {
      case FileOperation::kCreate: file = {}; break;
      case FileOperation::kDelete:
        if (file.name == Name::kNew)
          files_.erase(operation.path);
        else
          file.name = Name::kRemoved;
        break;
      case FileOperation::kSync:
        for (const FileOperation& pending : file.pending) Apply(pending, file.synced);
        file.pending.clear();
        break;
      case FileOperation::kWrite:
      case FileOperation::kTruncate: file.pending.push_back(operation);
    }
  }

  // The names of the files in a folder are on disk, and those of removed ones are not.
  void SyncNames(const std::filesystem::path& folder) {
    const auto is_inside = [&](const std::string& path) {
      return std::filesystem::path(path).parent_path() == folder;
    };
    std::erase_if(files_, [&](const auto& entry) {
      return entry.second.name == Name::kRemoved && is_inside(entry.first);
    });
    for (auto& [path, file] : files_) {
      if (is_inside(path)) file.name = Name::kDurable;
    }
  }

  // A sync that failed: as on Linux, what it was to put on disk can still be read, but no later
  // sync tries again.
  void NoteFailedSync(const std::string& path) {
    const auto found = files_.find(path);
    if (found != files_.end()) found->second.pending.clear();
  }

  // Writes the files in `root`, and below, as they may be found when the power is back, to another
  // place.
  void LosePower(const std::filesystem::path& root, const std::filesystem::path& to) {
    for (const auto& [path, file] : files_) {
      if (file.name != Name::kDurable && random_() % 2 == 0) continue;
      std::string bytes = file.synced;
      for (FileOperation pending : file.pending) {
        const auto fate = random_() % 4;
        if (fate == 0) continue;
        if (fate == 1) pending.bytes.resize(random_() % (pending.bytes.size() / 512 + 1) * 512);
        Apply(pending, bytes);
      }
      const auto found = to / std::filesystem::path(path).lexically_relative(root);
      std::filesystem::create_directories(found.parent_path());
      std::ofstream(found, std::ios::binary) << bytes;
    }
  }

 private:
  enum class Name { kNew, kDurable, kRemoved };
  struct FileState {
    std::string synced = {};
    std::vector<FileOperation> pending = {};  // what a sync would put on disk
    Name name = Name::kNew;
  };
  static void Apply(const FileOperation& operation, std::string& bytes) {
    const auto offset = static_cast<size_t>(operation.offset);
    if (operation.kind == FileOperation::kTruncate) bytes.resize(offset);
    if (operation.kind != FileOperation::kWrite) return;
    bytes.resize(std::max(bytes.size(), offset + operation.bytes.size()));
    bytes.replace(offset, operation.bytes.size(), operation.bytes);
  }

  std::mt19937& random_;
  std::map<std::string, FileState> files_;
};

}  // namespace verbatim::store
