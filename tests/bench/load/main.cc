// naru_load: a load generator for brokers that speak AMQP 0-9-1. See options.cc for its use.
#include <cstdio>
#include <span>

#include "load.h"
#include "process.h"

int main(int argc, char** argv) {
  const auto options =
      naru::bench::parse_options(std::span<char* const>(argv, static_cast<std::size_t>(argc)));
  naru::bench::raise_file_limit();
  const std::string line = options.idle > 0 ? naru::bench::run_idle(options)
                           : options.depth  ? naru::bench::run_depth(options)
                           : options.topology > 0
                               ? naru::bench::run_topology(options)
                               : naru::bench::to_json(naru::bench::run_load(options));
  std::printf("%s\n", line.c_str());
  return 0;
}
