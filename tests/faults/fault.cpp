// Loaded into glissade by LD_PRELOAD (tests/faults/suite.py): lets one kind of call fail on files whose path contains a text.
//
//   FAULT_PATH    the text
//   FAULT_CALL    open | write | truncate | fsync | close | rename | flush; "write" also stands for pwrite
//   FAULT_ERRNO   the error as a number; 0: no error, but writes take half of what they are given ("short writes")
//   FAULT_SKIP    so many matching calls succeed before the first one fails; all after that fail, too
//   FAULT_REPORT  a file to which a byte is appended for each call that was made to fail

#undef _FILE_OFFSET_BITS  // both the calls of 32 and of 64 bits are defined here, under their own names

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kMostFiles = 4096;
std::atomic<bool> watched[kMostFiles];
std::atomic<long> skipped{0};

const char* setting(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool path_matches(const char* path) {
  const char* const wanted = setting("FAULT_PATH");
  return *wanted != 0 && path != nullptr && std::strstr(path, wanted) != nullptr;
}

bool is_watched(int descriptor) { return descriptor >= 0 && descriptor < kMostFiles && watched[descriptor]; }

/// Whether this matching call is to fail; errno is set then.
bool fails(const char* call) {
  if (std::strcmp(setting("FAULT_CALL"), call) != 0) return false;
  if (skipped.fetch_add(1) < std::atol(setting("FAULT_SKIP"))) return false;
  // By system calls: what is called here by name would end up here.
  const long report = syscall(SYS_openat, AT_FDCWD, setting("FAULT_REPORT"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (report >= 0) {
    syscall(SYS_write, report, ".", 1);
    syscall(SYS_close, report);
  }
  errno = std::atoi(setting("FAULT_ERRNO"));
  return true;
}

bool fails(const char* call, int descriptor) { return is_watched(descriptor) && fails(call); }

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int open_watched(const char* path, int flags, mode_t mode) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  const bool matches = writes && path_matches(path);
  if (matches && fails("open")) return -1;
  const int descriptor = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (descriptor >= 0 && descriptor < kMostFiles) watched[descriptor] = matches;
  return descriptor;
}

/// The number of bytes to write; -1 if the call is to fail.
ssize_t allowed(int descriptor, size_t size) {
  if (!fails("write", descriptor)) return static_cast<ssize_t>(size);
  if (errno != 0) return -1;
  return static_cast<ssize_t>(size > 1 ? size / 2 : size);
}

/// The path of an open file matches, whoever opened it.
bool stream_matches(std::FILE* stream) {
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fileno(stream));
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = 0;
  return path_matches(path);
}

}  // namespace

// The project hides symbols; these must be found before the C library's.
#pragma GCC visibility push(default)
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_watched(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_watched(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  const ssize_t count = allowed(descriptor, size);
  return count < 0 ? -1 : syscall(SYS_write, descriptor, bytes, count);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  const ssize_t count = allowed(descriptor, size);
  return count < 0 ? -1 : syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) { return pwrite64(descriptor, bytes, size, offset); }

int ftruncate64(int descriptor, off64_t size) noexcept {
  return fails("truncate", descriptor) ? -1 : static_cast<int>(syscall(SYS_ftruncate, descriptor, size));
}

int ftruncate(int descriptor, off_t size) noexcept { return ftruncate64(descriptor, size); }

int fsync(int descriptor) { return fails("fsync", descriptor) ? -1 : static_cast<int>(syscall(SYS_fsync, descriptor)); }

int close(int descriptor) {
  const bool failed = fails("close", descriptor);
  const int error = errno;
  if (descriptor >= 0 && descriptor < kMostFiles) watched[descriptor] = false;
  const int closed = static_cast<int>(syscall(SYS_close, descriptor));  // as close() does: gone even where it fails
  if (!failed) return closed;
  errno = error;
  return -1;
}

int rename(const char* from, const char* to) noexcept {
  if (path_matches(to) && fails("rename")) return -1;
  return static_cast<int>(syscall(SYS_rename, from, to));
}

int fflush(std::FILE* stream) {
  if (stream != nullptr && stream_matches(stream) && fails("flush")) return EOF;
  return next<int (*)(std::FILE*)>("fflush")(stream);
}

}  // extern "C"
#pragma GCC visibility pop
