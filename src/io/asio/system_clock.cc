#include "io/asio/system_clock.h"

namespace naru::io::asio_impl {

Now read_clocks() {
  const auto mono = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {TimePoint(std::chrono::duration_cast<Duration>(mono)),
          std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()};
}

}  // namespace naru::io::asio_impl
