// Preloaded into a program: what it asks to be synced is not. It stands for a broker that forgot
// to, so that the crash runs can show that they would notice.
#include <dlfcn.h>
#include <sys/uio.h>

extern "C" {

int fsync(int) {
  return 0;
}

int fdatasync(int) {
  return 0;
}

ssize_t pwritev2(int fd, const iovec* pieces, int count, off_t offset, int flags) {
  using Call = ssize_t (*)(int, const iovec*, int, off_t, int);
  static const auto real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "pwritev2"));
  return real(fd, pieces, count, offset, flags & ~(RWF_DSYNC | RWF_SYNC));
}
}
