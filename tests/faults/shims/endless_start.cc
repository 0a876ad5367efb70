// Preloaded into a program: who opens the manifest of a log never comes back. It stands for a
// start that takes long, when the data directory is taken already.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>
#include <string_view>

extern "C" int open(const char* path, int flags, ...) {
  while (std::string_view(path).ends_with("/wal/manifest")) ::pause();
  mode_t mode = 0;
  if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  using Call = int (*)(const char*, int, ...);
  static const auto real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "open"));
  return real(path, flags, mode);
}
