// The files that hold the bytes of uploads: one per upload, named by its id, in one folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace verbatim::upload {

// An open descriptor, closed with it.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int number() const { return number_; }

 private:
  int number_;
};

// One open file. Thread: any; writers one at a time.
class UploadFile {
 public:
  UploadFile(Descriptor descriptor, std::string name)
      : descriptor_(std::move(descriptor)), name_(std::move(name)) {}

  // Writes what the disk takes, from an offset on. Fewer bytes than given only with kOutOfSpace or
  // kIo in `error`.
  struct Written {
    size_t count = 0;
    Result<void> error;
  };
  Written WriteAt(uint64_t offset, std::span<const char> bytes);

  // Up to the span's size; 0 at the end.
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) const;

  // Lets the system begin to put these bytes on disk, so that Sync has less to wait for.
  void BeginSync(uint64_t offset, uint64_t size);

  // Puts the bytes on disk, and the size that is needed to read them.
  Result<void> Sync();

  Result<void> Truncate(uint64_t size);
  Result<uint64_t> Size() const;
  int descriptor() const { return descriptor_.number(); }

 private:
  Descriptor descriptor_;
  std::string name_;
};

// Thread: any.
class UploadFiles {
 public:
  // Errors: kIo, kOutOfSpace.
  static Result<UploadFiles> Open(const std::filesystem::path& folder);

  // A new, empty file whose name is on disk. Errors: kConflict, kOutOfSpace, kIo.
  Result<UploadFile> Create(const std::string& id);

  enum class Access { kRead, kWrite };
  // Errors: kNotFound, kIo.
  Result<UploadFile> Open(const std::string& id, Access access) const;

  // No error if there is none.
  Result<void> Remove(const std::string& id);

  // Ids that have a file. What is not named as an upload is none of ours.
  Result<std::vector<std::string>> List() const;

  // Bytes that the disk still takes.
  Result<uint64_t> Free() const;

 private:
  UploadFiles(Descriptor folder, std::filesystem::path path)
      : folder_(std::move(folder)), path_(std::move(path)) {}

  std::string Doing(const char* verb, const std::string& id) const;

  Descriptor folder_;
  std::filesystem::path path_;
};

}  // namespace verbatim::upload
