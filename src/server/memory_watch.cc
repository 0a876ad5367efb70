#include "server/memory_watch.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"

#include "server/shard_host.h"

namespace naru::server {

namespace {
constexpr Duration kInterval = std::chrono::seconds(1);
// While memory is short: freed memory comes back to publishers soon.
constexpr Duration kShortInterval = std::chrono::milliseconds(100);
// What the allocator keeps of freed memory is taken from it when it is more than this, and a
// sixteenth of the limit, so often at most.
constexpr std::uint64_t kFreedBytesKept = std::uint64_t{32} << 20;
constexpr Duration kBetweenGivingBack = std::chrono::seconds(10);
}  // namespace

MemoryWatch::MemoryWatch(std::vector<ShardHost*> shards, io::Workers& workers,
                         std::uint64_t limit_bytes, MemoryProbes probes,
                         std::function<void(core::MemoryStep)> on_step)
    : shards_(std::move(shards)),
      home_(*shards_.front()),
      workers_(workers),
      ladder_(limit_bytes),
      probes_(std::move(probes)),
      on_step_(std::move(on_step)),
      lines_(home_.log()),
      accounts_(shards_.size()) {}

void MemoryWatch::start() {
  for (std::size_t number = 0; number < shards_.size(); ++number) {
    accounts_[number] = shards_[number]->memory();
    all_ += accounts_[number];
    shards_[number]->report_memory_to(*this);
  }
  resident_bytes_ = probes_.resident().value_or(0);
  if (keeps_much_freed()) {  // of what the start needed
    probes_.give_back();
    resident_bytes_ = probes_.resident().value_or(0);
  }
  base_bytes_ = resident_bytes_ - std::min(resident_bytes_, all_.sum());
  home_.deadlines().set(*this, home_.now().mono + kInterval);
  look();
  for (std::size_t number = 0; number < shards_.size(); ++number) grant(number);
  home_.loop().post([] {});  // a turn, which sees the deadline
}

void MemoryWatch::report(std::size_t number, const MemoryAccount& account) {
  if (number == 0) return take(0, account);
  home_.loop().post([this, number, account, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) take(number, account);
  });
}

void MemoryWatch::take(std::size_t number, const MemoryAccount& account) {
  all_ -= accounts_[number];
  all_ += account;
  accounts_[number] = account;
  look();
  grant(number);
}

// What is left before publishers have to stop, shared by all shards.
void MemoryWatch::grant(std::size_t number) {
  const std::uint64_t stop = ladder_.threshold(core::MemoryStep::stop);
  const std::uint64_t left = stop - std::min(stop, resident_bytes_);
  const std::uint64_t granted = accounts_[number].sum() + left / shards_.size();
  ShardHost& shard = *shards_[number];
  if (number == 0) return shard.grant_memory(granted);
  shard.loop().post([&shard, granted] { shard.grant_memory(granted); });
}

void MemoryWatch::on_expired(const Now& now) {
  const bool is_short = ladder_.step() != core::MemoryStep::normal;
  home_.deadlines().set(*this, now.mono + (is_short ? kShortInterval : kInterval));
  if (is_short || (now.mono >= give_back_again_ && keeps_much_freed())) {
    give_back_again_ = now.mono + kBetweenGivingBack;
    give_back();
  }
  look();
}

bool MemoryWatch::keeps_much_freed() const {
  const std::uint64_t kept = std::max(kFreedBytesKept, ladder_.limit_bytes() / 16);
  return resident_bytes_ > base_bytes_ + all_.sum() + kept;
}

void MemoryWatch::look() {
  const std::optional<std::uint64_t> resident = probes_.resident();
  resident_bytes_ = resident.value_or(base_bytes_ + all_.sum());
  if (NARU_MUTANT(ignore_memory_limit)) resident_bytes_ = 0;
  const bool changed = ladder_.look(resident_bytes_, home_.now().mono);
  lines_.look(ladder_.step(), {resident_bytes_, ladder_.limit_bytes()}, home_.now().mono);
  if (changed) tell();
}

void MemoryWatch::tell() {
  const core::MemoryStep step = ladder_.step();
  for (ShardHost* shard : shards_) {
    shard->loop().post([shard, step] { shard->set_memory_step(step); });
  }
  for (std::size_t number = 0; number < shards_.size(); ++number) grant(number);
  on_step_(step);
  home_.deadlines().set(*this, home_.now().mono + kShortInterval);
}

void MemoryWatch::give_back() {
  if (giving_back_) return;
  giving_back_ = workers_.submit([give_back = probes_.give_back] { give_back(); },
                                 [this, alive = std::weak_ptr(alive_)] {
                                   if (alive.expired()) return;
                                   giving_back_ = false;
                                   look();
                                 });
}

}  // namespace naru::server
