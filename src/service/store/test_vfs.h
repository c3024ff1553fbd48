// A layer between SQLite and the file system, for tests that let disks fail: every operation that
// changes files is shown before it is done, and may be refused. It is the default while it lives.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <string>

namespace verbatim::store {

struct FileOperation {
  enum Kind { kCreate, kWrite, kTruncate, kSync, kDelete };
  Kind kind = kWrite;
  std::string path;
  std::string bytes = {};  // of kWrite
  int64_t offset = 0;      // of kWrite, or the new size of kTruncate
};

// What SQLite says of one that failed.
inline int CodeOf(FileOperation::Kind kind) {
  switch (kind) {
    case FileOperation::kCreate: return SQLITE_CANTOPEN;
    case FileOperation::kWrite: return SQLITE_IOERR_WRITE;
    case FileOperation::kTruncate: return SQLITE_IOERR_TRUNCATE;
    case FileOperation::kSync: return SQLITE_IOERR_FSYNC;
    case FileOperation::kDelete: return SQLITE_IOERR_DELETE;
  }
  return SQLITE_IOERR;
}

class TestVfs {
 public:
  // `hook` returns SQLITE_OK, or the code with which the operation fails without being done.
  explicit TestVfs(std::function<int(const FileOperation&)> hook)
      : real_(sqlite3_vfs_find(nullptr)), hook_(std::move(hook)) {
    vfs_ = *real_;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.zName = "test";
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.xOpen = Open;
    vfs_.xDelete = Delete;
    sqlite3_vfs_register(&vfs_, /*makeDflt=*/1);
  }
  ~TestVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, /*makeDflt=*/1);
  }
  TestVfs(const TestVfs&) = delete;
  TestVfs& operator=(const TestVfs&) = delete;

 private:
  // The real file lies behind it in memory.
  struct File {
    sqlite3_file base;
    TestVfs* vfs;
    const char* path;  // SQLite keeps it as long as the file
  };
  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* Real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(Of(file) + 1);
  }
  static const sqlite3_io_methods* Methods(sqlite3_file* file) { return Real(file)->pMethods; }
  static int Ask(sqlite3_file* file, FileOperation operation) {
    operation.path = Of(file)->path == nullptr ? "" : Of(file)->path;
    return Of(file)->vfs->hook_(operation);
  }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* given) {
    auto* self = static_cast<TestVfs*>(vfs->pAppData);
    file->pMethods = nullptr;
    Of(file)->vfs = self;
    Of(file)->path = path;
    int exists = 0;
    if (path != nullptr) self->real_->xAccess(self->real_, path, SQLITE_ACCESS_EXISTS, &exists);
    if (exists == 0) {
      const int code = Ask(file, {.kind = FileOperation::kCreate, .path = {}});
      if (code != SQLITE_OK) return code;
    }
    const int code = self->real_->xOpen(self->real_, path, Real(file), flags, given);
    if (Real(file)->pMethods != nullptr) file->pMethods = &kMethods;
    return code;
  }

  static int Delete(sqlite3_vfs* vfs, const char* path, int /*sync_folder*/) {
    auto* self = static_cast<TestVfs*>(vfs->pAppData);
    const int code = self->hook_({.kind = FileOperation::kDelete, .path = path});
    return code != SQLITE_OK ? code : self->real_->xDelete(self->real_, path, /*syncDir=*/0);
  }

  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    const int code = Ask(file, {.kind = FileOperation::kWrite,
                                .path = {},
                                .bytes = {static_cast<const char*>(bytes), size_t(size)},
                                .offset = offset});
    return code != SQLITE_OK ? code : Methods(file)->xWrite(Real(file), bytes, size, offset);
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    const int code =
        Ask(file, {.kind = FileOperation::kTruncate, .path = {}, .bytes = {}, .offset = size});
    return code != SQLITE_OK ? code : Methods(file)->xTruncate(Real(file), size);
  }
  // Not passed on: what a sync gives is the test's to model, and real ones take their time.
  static int Sync(sqlite3_file* file, int /*flags*/) {
    return Ask(file, {.kind = FileOperation::kSync, .path = {}});
  }

  // The rest is passed on.
  static int Close(sqlite3_file* f) { return Methods(f)->xClose(Real(f)); }
  static int Read(sqlite3_file* f, void* bytes, int size, sqlite3_int64 offset) {
    return Methods(f)->xRead(Real(f), bytes, size, offset);
  }
  static int FileSize(sqlite3_file* f, sqlite3_int64* size) {
    return Methods(f)->xFileSize(Real(f), size);
  }
  static int Lock(sqlite3_file* f, int level) { return Methods(f)->xLock(Real(f), level); }
  static int Unlock(sqlite3_file* f, int level) { return Methods(f)->xUnlock(Real(f), level); }
  static int CheckLock(sqlite3_file* f, int* is_reserved) {
    return Methods(f)->xCheckReservedLock(Real(f), is_reserved);
  }
  static int Control(sqlite3_file* f, int operation, void* argument) {
    return Methods(f)->xFileControl(Real(f), operation, argument);
  }
  static int SectorSize(sqlite3_file* f) { return Methods(f)->xSectorSize(Real(f)); }
  static int Traits(sqlite3_file* f) { return Methods(f)->xDeviceCharacteristics(Real(f)); }
  static int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** memory) {
    return Methods(f)->xShmMap(Real(f), page, size, extend, memory);
  }
  static int ShmLock(sqlite3_file* f, int offset, int count, int flags) {
    return Methods(f)->xShmLock(Real(f), offset, count, flags);
  }
  static void ShmBarrier(sqlite3_file* f) { Methods(f)->xShmBarrier(Real(f)); }
  static int ShmUnmap(sqlite3_file* f, int remove) {
    return Methods(f)->xShmUnmap(Real(f), remove);
  }

  static constexpr sqlite3_io_methods kMethods = {
      .iVersion = 2,  // without memory mapping
      .xClose = Close,
      .xRead = Read,
      .xWrite = Write,
      .xTruncate = Truncate,
      .xSync = Sync,
      .xFileSize = FileSize,
      .xLock = Lock,
      .xUnlock = Unlock,
      .xCheckReservedLock = CheckLock,
      .xFileControl = Control,
      .xSectorSize = SectorSize,
      .xDeviceCharacteristics = Traits,
      .xShmMap = ShmMap,
      .xShmLock = ShmLock,
      .xShmBarrier = ShmBarrier,
      .xShmUnmap = ShmUnmap,
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  std::function<int(const FileOperation&)> hook_;
};

}  // namespace verbatim::store
