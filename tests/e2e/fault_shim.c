// Faults that tests ask for, by LD_PRELOAD in the real program: the n-th system call on a file of the data folder fails, the n-th
// allocation fails, the wall clock is another. faults.py compiles this and steers it through a shared file, so that one process goes
// through many faults. A failed sync of an upload also takes back the bytes that it was to keep, as a kernel may that could not
// write its pages: who asks again and believes the answer has lost them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// As faults.py has it.
struct Control {
  int64_t calls_from;   // the first call that fails; 0: none
  int64_t calls_to;     // the last one
  int64_t calls_kinds;  // bits of Kind
  int64_t calls_error;  // errno; kShort: a write takes half of its bytes
  int64_t calls_count;
  int64_t calls_failed;
  int64_t calls_last;  // the kind that failed last
  int64_t allocations_from;
  int64_t allocations_to;
  int64_t allocations_count;
  int64_t allocations_failed;
  int64_t wall_offset_ms;
};

enum { kShort = -1 };
enum Kind { kWrite, kSync, kOpen, kTruncate, kRename, kUnlink, kMkdir };

static struct Control* control;
static const char* folder;
static size_t folder_size;
static volatile char* is_here;  // 0 in every child: the kernel wipes its page there, so that readers of media are left alone

__attribute__((constructor)) static void Begin(void) {
  const char* path = getenv("VERBATIM_FAULTS");
  folder = getenv("VERBATIM_FAULTS_FOLDER");
  if (path == NULL || folder == NULL) return;
  folder_size = strlen(folder);
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* shared = mmap(NULL, sizeof(struct Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) != 0) abort();
  *(char*)page = 1;
  is_here = page;
  control = shared;
}

static int IsHere(void) { return control != NULL && *is_here; }

static int Counts(int64_t number, int64_t from, int64_t to) { return from > 0 && number >= from && number <= to; }

// Files.

static int IsInFolder(const char* path) {
  return strncmp(path, folder, folder_size) == 0 && (path[folder_size] == '/' || path[folder_size] == 0);
}

static int PathOf(int file, char path[4096]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, 4095);
  path[size < 0 ? 0 : size] = 0;
  return size > 0;
}

// Whether this call fails; its errno, or kShort.
static int FaultAt(enum Kind kind) {
  if (!(control->calls_kinds >> kind & 1)) return 0;
  const int64_t number = __atomic_add_fetch(&control->calls_count, 1, __ATOMIC_SEQ_CST);
  if (!Counts(number, control->calls_from, control->calls_to)) return 0;
  if (control->calls_error == kShort && kind != kWrite) return 0;
  __atomic_add_fetch(&control->calls_failed, 1, __ATOMIC_SEQ_CST);
  control->calls_last = kind;
  return (int)control->calls_error;
}

static int FaultOfPath(enum Kind kind, int parent, const char* path) {
  char place[4096];
  if (!IsHere() || control->calls_from == 0) return 0;
  if (path[0] != '/' && (parent == AT_FDCWD || !PathOf(parent, place))) return 0;
  return IsInFolder(path[0] == '/' ? path : place) ? FaultAt(kind) : 0;
}

static int FaultOfFile(enum Kind kind, int file) {
  char path[4096];
  if (!IsHere() || control->calls_from == 0) return 0;
  return PathOf(file, path) && IsInFolder(path) ? FaultAt(kind) : 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(fault)      \
  do {                      \
    const int code = fault; \
    if (code != 0) {        \
      errno = code;         \
      return -1;            \
    }                       \
  } while (0)

// What was written to uploads and not yet synced: of each file, where it begins and ends.
static struct Unsynced {
  char path[4096];
  int64_t begin, end;
} unsynced[16];

static struct Unsynced* FindUnsynced(int file, int is_new) {
  char path[4096];
  if (!IsHere() || !PathOf(file, path) || !IsInFolder(path) || strstr(path, "/uploads/") == NULL) return NULL;
  struct Unsynced* free_place = NULL;
  for (struct Unsynced* place = unsynced; place < unsynced + 16; ++place) {
    if (place->end > 0 && strcmp(place->path, path) == 0) return place;
    if (place->end == 0) free_place = place;
  }
  if (!is_new || free_place == NULL) return NULL;
  strcpy(free_place->path, path);
  free_place->begin = INT64_MAX;
  return free_place;
}

static void NoteWritten(int file, int64_t begin, int64_t size) {
  struct Unsynced* place = size > 0 ? FindUnsynced(file, 1) : NULL;
  if (place == NULL) return;
  if (begin < place->begin) place->begin = begin;
  if (begin + size > place->end) place->end = begin + size;
}

static ssize_t Pwrite(int file, const void* bytes, size_t size, off_t offset) {
  static __typeof__(&pwrite) next;
  if (next == NULL) next = NEXT(pwrite);
  return next(file, bytes, size, offset);
}

static void NoteSynced(int file, int is_lost) {
  struct Unsynced* place = FindUnsynced(file, 0);
  if (place == NULL) return;
  static const char zeros[1 << 16];
  while (is_lost && place->begin < place->end) {
    const int64_t left = place->end - place->begin;
    const ssize_t count = Pwrite(file, zeros, left < (1 << 16) ? (size_t)left : sizeof zeros, place->begin);
    if (count <= 0) break;
    place->begin += count;
  }
  place->end = 0;
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  const int fault = FaultOfFile(kWrite, file);
  if (fault == kShort && size > 1) size /= 2;
  if (fault > 0) FAIL_IF(fault);
  const ssize_t count = Pwrite(file, bytes, size, offset);
  NoteWritten(file, offset, count);
  return count;
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) { return pwrite(file, bytes, size, offset); }

ssize_t write(int file, const void* bytes, size_t size) {
  const int fault = FaultOfFile(kWrite, file);
  if (fault == kShort && size > 1) size /= 2;
  if (fault > 0) FAIL_IF(fault);
  return NEXT(write)(file, bytes, size);
}

static int Sync(int file, int (*next)(int)) {
  const int fault = FaultOfFile(kSync, file);
  if (fault != 0) {
    NoteSynced(file, fault != EINTR);
    errno = fault;
    return -1;
  }
  const int done = next(file);
  if (done == 0) NoteSynced(file, 0);
  return done;
}
int fdatasync(int file) { return Sync(file, NEXT(fdatasync)); }
int fsync(int file) { return Sync(file, NEXT(fsync)); }

int ftruncate(int file, off_t size) {
  FAIL_IF(FaultOfFile(kTruncate, file));
  return NEXT(ftruncate)(file, size);
}
int ftruncate64(int file, off_t size) { return ftruncate(file, size); }

#define MODE_OF(flags)                       \
  mode_t mode = 0;                           \
  if (flags & (O_CREAT | __O_TMPFILE)) {     \
    va_list rest;                            \
    va_start(rest, flags);                   \
    mode = (mode_t)va_arg(rest, unsigned);   \
    va_end(rest);                            \
  }

int openat(int parent, const char* path, int flags, ...) {
  MODE_OF(flags)
  FAIL_IF(FaultOfPath(kOpen, parent, path));
  return NEXT(openat)(parent, path, flags, mode);
}
int openat64(int parent, const char* path, int flags, ...) {
  MODE_OF(flags)
  return openat(parent, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return openat(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags)
  return openat(AT_FDCWD, path, flags, mode);
}

int rename(const char* from, const char* to) {
  FAIL_IF(FaultOfPath(kRename, AT_FDCWD, to));
  return NEXT(rename)(from, to);
}
int unlink(const char* path) {
  FAIL_IF(FaultOfPath(kUnlink, AT_FDCWD, path));
  return NEXT(unlink)(path);
}
int unlinkat(int parent, const char* path, int flags) {
  FAIL_IF(FaultOfPath(kUnlink, parent, path));
  return NEXT(unlinkat)(parent, path, flags);
}
int mkdir(const char* path, mode_t mode) {
  FAIL_IF(FaultOfPath(kMkdir, AT_FDCWD, path));
  return NEXT(mkdir)(path, mode);
}

// Memory. operator new comes here, too.

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static int IsRefused(void) {
  if (control == NULL || control->allocations_from == 0 || !*is_here) return 0;
  const int64_t number = __atomic_add_fetch(&control->allocations_count, 1, __ATOMIC_SEQ_CST);
  if (!Counts(number, control->allocations_from, control->allocations_to)) return 0;
  __atomic_add_fetch(&control->allocations_failed, 1, __ATOMIC_SEQ_CST);
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return IsRefused() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return IsRefused() ? NULL : __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return IsRefused() ? NULL : __libc_realloc(old, size); }
void* memalign(size_t alignment, size_t size) { return IsRefused() ? NULL : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** into, size_t alignment, size_t size) {
  *into = memalign(alignment, size);
  return *into == NULL ? ENOMEM : 0;
}

// The wall clock. Steady clocks are left alone, as the system leaves them.

int clock_gettime(clockid_t clock, struct timespec* time) {
  static __typeof__(&clock_gettime) next;
  if (next == NULL) next = NEXT(clock_gettime);
  const int done = next(clock, time);
  if (clock == CLOCK_REALTIME && done == 0 && IsHere()) {
    const int64_t nanoseconds = time->tv_nsec + control->wall_offset_ms % 1000 * 1000000 + 1000000000;
    time->tv_sec += control->wall_offset_ms / 1000 + nanoseconds / 1000000000 - 1;
    time->tv_nsec = nanoseconds % 1000000000;
  }
  return done;
}
time_t time(time_t* into) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != NULL) *into = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec precise;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
