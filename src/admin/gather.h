#pragma once
/// Asks every shard, and goes on when all have answered.

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/shard.h"

namespace naru::admin {

/// Calls `collect(core::Shard&)` on each shard's thread, then `done(std::vector<Part>)` on that of
/// `home`, in no particular order of the parts; at once when there is but one shard. `collect` is
/// copied for each shard.
template <typename Collect, typename Done>
void gather(core::Shard& home, Collect collect, Done done) {
  using Part = std::invoke_result_t<Collect, core::Shard&>;
  struct Waiting {
    std::vector<Part> parts;
    std::size_t left;
    Done done;
  };
  const std::uint16_t count = home.options().shard_count;
  // Touched on `home` only, also for the last time.
  auto waiting = std::make_shared<Waiting>(std::vector<Part>(), count, std::move(done));
  for (std::uint16_t number = 0; number < count; ++number) {
    home.on_shard(core::ShardId(number),
                  [collect, waiting, back = home.options().id](core::Shard& there) mutable {
                    Part part = collect(there);
                    there.on_shard(back, [waiting = std::move(waiting),
                                          part = std::move(part)](core::Shard&) mutable {
                      waiting->parts.push_back(std::move(part));
                      if (--waiting->left == 0) waiting->done(std::move(waiting->parts));
                    });
                  });
  }
}

}  // namespace naru::admin
