// Preloaded into a program: what is read of some octets of a file fails with EIO, as in a bad
// sector. NARU_TEST_BAD_SECTOR says which: the end of the file's path, the first octet, and the one
// behind the last ("wal-00000001 8192 12288").
#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

struct BadSector {
  std::string path_end;
  off_t begin = 0;
  off_t end = 0;
};

BadSector bad_sector() {
  const char* text = std::getenv("NARU_TEST_BAD_SECTOR");
  char name[128];
  long long begin = 0;
  long long end = 0;
  if (text == nullptr || std::sscanf(text, "%127s %lld %lld", name, &begin, &end) != 3) return {};
  return {name, begin, end};
}

bool is_bad(int fd, size_t count, off_t offset) {
  static const BadSector bad = bad_sector();
  if (offset >= bad.end || offset + static_cast<off_t>(count) <= bad.begin) return false;
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  return length > 0 && std::string_view(path, static_cast<size_t>(length)).ends_with(bad.path_end);
}

ssize_t read_at(const char* name, int fd, void* into, size_t count, off_t offset) {
  if (is_bad(fd, count, offset)) {
    errno = EIO;
    return -1;
  }
  using Call = ssize_t (*)(int, void*, size_t, off_t);
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name))(fd, into, count, offset);
}

}  // namespace

extern "C" {

ssize_t pread(int fd, void* into, size_t count, off_t offset) {
  return read_at("pread", fd, into, count, offset);
}

ssize_t pread64(int fd, void* into, size_t count, off64_t offset) {
  return read_at("pread64", fd, into, count, offset);
}
}
