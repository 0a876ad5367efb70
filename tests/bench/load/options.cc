#include "options.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace naru::bench {
namespace {

constexpr const char* kUsage = R"(usage: naru_load [--name value ...]
  --host 127.0.0.1 --port 5672 --user guest --password guest --tenant /
  --pid PID          the broker's, for its CPU time and memory
  --threads 1        publishers, then consumers, are dealt out over the threads
  --publishers 1 --consumers 1 --queues 1 --durable 1
  --queue load --first-queue 0   the queues are load0, load1, ...
  --declare 1        delete the queues and declare them anew; 0: they are there
  --fanout 0         1: publish to a fanout exchange that all queues are bound to
  --size 100         body octets (at least 8), --persistent 1
  --window 1000      unconfirmed messages per publisher, 0: no confirms
  --prefetch 500 --ack-every 50   0: auto-ack
  --rate 0           messages/s altogether, 0: as fast as possible
  --seconds 5 --warm-up 1, or --count N messages per publisher,
                     or --publishers 0 --expect N: until the consumers got N
  --seconds-max 0    a counted run ends after so long in any case
  --mark-every 0     notes time and memory after every N messages confirmed (or got)
instead of a load:
  --idle N           N connections with a channel each, memory per connection
  --depth 1          counts the messages in the queues
  --topology N --bindings 10 --wide 3000
                     declares N queues over --publishers connections, binds each; then deletes
                     queues of --wide bindings
Prints one line of JSON.
)";

[[noreturn]] void usage(const std::string& what) {
  std::fprintf(stderr, "naru_load: %s\n%s", what.c_str(), kUsage);
  std::exit(2);
}

double number(std::string_view name, const char* text, double low, double high) {
  char* end = nullptr;
  errno = 0;
  const double value = std::strtod(text, &end);
  if (errno != 0 || end == text || *end != '\0' || !(value >= low && value <= high)) {
    usage("--" + std::string(name) + " cannot be " + text);
  }
  return value;
}

template <class Number>
Number whole(std::string_view name, const char* text, double low, double high) {
  return static_cast<Number>(number(name, text, low, high));
}

bool set_endpoint(Options& o, std::string_view name, const char* value) {
  if (name == "host")
    o.endpoint.host = value;
  else if (name == "port")
    o.endpoint.port = whole<std::uint16_t>(name, value, 1, 65'535);
  else if (name == "user")
    o.endpoint.user = value;
  else if (name == "password")
    o.endpoint.password = value;
  else if (name == "tenant")
    o.endpoint.tenant = value;
  else if (name == "pid")
    o.pid = whole<std::int64_t>(name, value, 0, 1e9);
  else
    return false;
  return true;
}

bool set_shape(Options& o, std::string_view name, const char* value) {
  if (name == "threads")
    o.threads = whole<int>(name, value, 1, 64);
  else if (name == "publishers")
    o.publishers = whole<int>(name, value, 0, 10'000);
  else if (name == "consumers")
    o.consumers = whole<int>(name, value, 0, 10'000);
  else if (name == "queues")
    o.queues = whole<int>(name, value, 1, 10'000);
  else if (name == "queue")
    o.queue = value;
  else if (name == "first-queue")
    o.first_queue = whole<int>(name, value, 0, 1e6);
  else if (name == "declare")
    o.declare = whole<int>(name, value, 0, 1) == 1;
  else if (name == "fanout")
    o.fanout = whole<int>(name, value, 0, 1) == 1;
  else if (name == "durable")
    o.durable = whole<int>(name, value, 0, 1) == 1;
  else if (name == "size")
    o.size = whole<std::size_t>(name, value, 8, 128e6);
  else if (name == "persistent")
    o.persistent = whole<int>(name, value, 0, 1) == 1;
  else
    return false;
  return true;
}

bool set_flow(Options& o, std::string_view name, const char* value) {
  if (name == "window")
    o.window = whole<std::uint32_t>(name, value, 0, 1e6);
  else if (name == "prefetch")
    o.prefetch = whole<std::uint16_t>(name, value, 0, 65'535);
  else if (name == "ack-every")
    o.ack_every = whole<std::uint32_t>(name, value, 0, 65'535);
  else if (name == "rate")
    o.rate = number(name, value, 0, 1e9);
  else if (name == "count")
    o.count = whole<std::uint64_t>(name, value, 0, 1e12);
  else if (name == "expect")
    o.expect = whole<std::uint64_t>(name, value, 0, 1e12);
  else if (name == "seconds-max")
    o.seconds_max = number(name, value, 0, 1e6);
  else if (name == "mark-every")
    o.mark_every = whole<std::uint64_t>(name, value, 0, 1e12);
  else if (name == "seconds")
    o.seconds = number(name, value, 0.1, 1e6);
  else if (name == "warm-up")
    o.warm_up = number(name, value, 0, 1e6);
  else
    return false;
  return true;
}

bool set_mode(Options& o, std::string_view name, const char* value) {
  if (name == "idle")
    o.idle = whole<int>(name, value, 1, 100'000);
  else if (name == "depth")
    o.depth = whole<int>(name, value, 0, 1) == 1;
  else if (name == "topology")
    o.topology = whole<int>(name, value, 1, 1e6);
  else if (name == "bindings")
    o.bindings = whole<int>(name, value, 0, 1'000);
  else if (name == "wide")
    o.wide = whole<int>(name, value, 0, 100'000);
  else
    return false;
  return true;
}

}  // namespace

Options parse_options(std::span<char* const> arguments) {
  Options options;
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    std::string_view name = arguments[i];
    if (!name.starts_with("--")) usage("not an option: " + std::string(name));
    name.remove_prefix(2);
    if (i + 1 == arguments.size()) usage("--" + std::string(name) + " needs a value");
    const char* value = arguments[i + 1];
    if (!set_endpoint(options, name, value) && !set_shape(options, name, value) &&
        !set_flow(options, name, value) && !set_mode(options, name, value)) {
      usage("unknown option --" + std::string(name));
    }
  }
  // Prefetch is the consumer's window: with fewer leases than one ack covers nothing would move.
  if (options.prefetch != 0 && options.ack_every > options.prefetch) {
    usage("--ack-every must not exceed --prefetch");
  }
  if (options.expect > 0 && options.publishers > 0) usage("--expect is for --publishers 0");
  return options;
}

std::string queue_name(const Options& options, int i) {
  return options.queue + std::to_string(options.first_queue + i % options.queues);
}

std::string fanout_exchange(const Options& options) {
  return options.queue + "-fanout";
}

}  // namespace naru::bench
