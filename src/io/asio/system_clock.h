#pragma once
/// The only place that reads the machine's clocks.

#include "base/clock.h"

namespace naru::io::asio_impl {

/// CLOCK_MONOTONIC and CLOCK_REALTIME, now.
Now read_clocks();

}  // namespace naru::io::asio_impl
