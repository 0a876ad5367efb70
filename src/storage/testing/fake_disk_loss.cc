// What power loss and SIGKILL leave of a fake disk.
#include <algorithm>
#include <set>
#include <utility>

#include "storage/testing/fake_disk.h"
#include "storage/testing/fake_file.h"

namespace naru::storage::testing {

void FakeDisk::lose_unsynced(Node& node) {
  for (const UnsyncedWrite& write : node.unsynced) {
    const std::uint64_t mode = random_.below(4);  // all, nothing, or each sector for itself
    if (mode == 1) {
      trouble_.dropped_sectors += (write.bytes.size() + kSectorBytes - 1) / kSectorBytes;
      continue;
    }
    for (std::size_t at = 0; at < write.bytes.size(); at += kSectorBytes) {
      const std::size_t count = std::min(kSectorBytes, write.bytes.size() - at);
      if (mode != 0 && random_.one_in(2)) {
        ++trouble_.dropped_sectors;
        continue;
      }
      ByteView sector(write.bytes.data() + at, count);
      // Rarely a sector itself is torn: its first part is new, the rest what was there before.
      if (mode != 0 && random_.one_in(16)) sector = sector.first(random_.below(count));
      ++(sector.size() == count ? trouble_.kept_sectors : trouble_.torn_sectors);
      put(node.durable, write.offset + at, sector);
    }
  }
  node.unsynced.clear();
}

void FakeDisk::make_durable(const NameChange& change) {
  if (change.node != nullptr) {
    durable_names_[change.path] = change.node;
  } else {
    durable_names_.erase(change.path);
  }
  if (!change.removed.empty()) durable_names_.erase(change.removed);
}

void FakeDisk::lose_names() {
  for (auto& [directory, changes] : unsynced_names_) {
    const std::size_t kept = random_.below(changes.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) make_durable(changes[i]);
    trouble_.lost_names += changes.size() - kept;
  }
  unsynced_names_.clear();
  // What is below a directory that never came to be is lost with it.
  for (bool changed = true; changed;) {
    changed = std::erase_if(durable_names_, [&](const auto& name) {
                return name.first != "." && !durable_names_.contains(directory_of(name.first));
              }) != 0;
  }
  names_ = durable_names_;
}

void FakeDisk::maybe_apply(const Pending& operation, bool power_lost) {
  if (operation.operation == DiskOperation::write) {
    UnsyncedWrite write{operation.offset, operation.bytes};
    if (power_lost) {
      operation.node->unsynced.push_back(std::move(write));
    } else if (random_.one_in(2)) {
      put(operation.node->current, operation.offset, operation.bytes);
      operation.node->unsynced.push_back(std::move(write));
    }
    return;
  }
  // A composite operation got some of its steps done.
  crash_after(random_.below(6));
  if (operation.operation == DiskOperation::make_zeroed) {
    (void)make_zeroed_now(operation.path, operation.offset);
  } else if (operation.operation == DiskOperation::replace) {
    (void)replace_now(operation.path, as_text(operation.bytes));
  } else if (operation.operation == DiskOperation::remove) {
    (void)remove_now(operation.path);
  }
  crash_armed_ = dead_ = false;
}

void FakeDisk::kill_process() {
  crash_armed_ = dead_ = false;
  faults_.clear();
  auto pending = std::move(pending_);
  pending_.clear();
  for (const auto& operation : pending) maybe_apply(*operation, false);
  locks_.clear();
}

void FakeDisk::power_cycle() {
  crash_armed_ = dead_ = false;
  faults_.clear();
  auto pending = std::move(pending_);
  pending_.clear();
  for (const auto& operation : pending) maybe_apply(*operation, true);
  lose_names();
  // In the order of names, not of addresses: the run is a function of the seed.
  std::set<Node*> done;
  for (auto& [path, node] : names_) {
    if (!done.insert(node.get()).second) continue;
    lose_unsynced(*node);
    node->current = node->durable;
  }
  locks_.clear();
}

}  // namespace naru::storage::testing
