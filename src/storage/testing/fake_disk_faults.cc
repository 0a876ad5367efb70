// What goes wrong with a fake disk while it has power.
#include <utility>

#include "storage/testing/fake_disk.h"
#include "storage/testing/fake_file.h"

namespace naru::storage::testing {

Result<void> FakeDisk::step(DiskOperation operation, const std::string& path) {
  if (dead_) return power_off();
  if (crash_armed_ && steps_left_ == 0) {
    dead_ = true;
    return power_off();
  }
  if (crash_armed_) --steps_left_;
  ++steps_;
  if (auto found = faults_.find(operation); found != faults_.end()) {
    Fault& fault = found->second;
    if (fault.nth > 1) {
      --fault.nth;
      return {};
    }
    const Errc code = fault.code;
    ++trouble_.failed[static_cast<std::size_t>(operation)];
    if (--fault.times == 0) faults_.erase(found);
    return fail(code, path.empty() ? "injected fault" : path + ": injected fault");
  }
  return {};
}

void FakeDisk::fail_nth(DiskOperation operation, std::uint64_t nth, Errc code,
                        std::uint64_t times) {
  faults_[operation] = {nth, times, code};
}

void FakeDisk::crash_after(std::uint64_t steps) {
  crash_armed_ = true;
  steps_left_ = steps;
}

// What could not be made may be there all the same, empty.
void FakeDisk::maybe_leave_behind(const std::string& path) {
  const bool possible = names_.contains(directory_of(path)) && !names_.contains(path);
  if (possible && random_.one_in(2)) set_name(path, std::make_shared<Node>());
}

// The first ones got there; the others wait for the next sync as they did.
void FakeDisk::sync_some_names(const std::string& directory) {
  const auto found = unsynced_names_.find(directory);
  if (found == unsynced_names_.end()) return;
  std::deque<NameChange>& changes = found->second;
  for (std::uint64_t count = random_.below(changes.size() + 1); count > 0; --count) {
    make_durable(changes.front());
    changes.pop_front();
  }
}

}  // namespace naru::storage::testing
