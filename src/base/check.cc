#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace naru {

void check_failed(std::string_view condition, std::string_view what, const char* file, int line) {
  std::fprintf(stderr, "naru: check failed: %.*s (%.*s) at %s:%d\n", static_cast<int>(what.size()),
               what.data(), static_cast<int>(condition.size()), condition.data(), file, line);
  std::abort();
}

}  // namespace naru
