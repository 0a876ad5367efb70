// What worries us: a limit of the container that is overlooked, so that the kernel ends the broker
// long before publishers are told to wait. The files are as real machines have them.
#include "app/machine_memory.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace naru::app {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Machine {
  std::optional<MachineMemory> memory() const {
    return machine_memory([this](const std::string& path) -> std::optional<std::string> {
      const auto found = files.find(path);
      return found == files.end() ? std::nullopt : std::optional(found->second);
    });
  }
  void expect(std::uint64_t bytes, std::string_view whose) const {
    const auto found = memory();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->bytes, bytes);
    EXPECT_EQ(found->whose, whose);
  }
  std::map<std::string, std::string> files{
      {"/proc/meminfo", "MemTotal:        8192000 kB\nMemFree:         1024000 kB\n"}};
};
constexpr std::uint64_t kTotal = 8192000ull * 1024;

Machine version_2(const std::string& path) {
  Machine machine;
  machine.files["/proc/self/cgroup"] = "0::" + path + "\n";
  machine.files["/proc/self/mountinfo"] =
      "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
  return machine;
}

Machine version_1(const std::string& root, const std::string& path) {
  Machine machine;
  machine.files["/proc/self/cgroup"] =
      "9:name=systemd:" + path + "\n4:memory:" + path + "\n3:cpu,cpuacct:" + path + "\n";
  machine.files["/proc/self/mountinfo"] =
      "33 31 0:31 " + root + " /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" +
      "35 31 0:32 " + root + " /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
  return machine;
}

TEST(MachineMemory, WithoutACgroupItIsTheMachines) {
  Machine().expect(kTotal, "machine");
}

TEST(MachineMemory, NothingIsMadeUpWhereTheKernelSaysNothing) {
  Machine machine;
  machine.files.clear();
  EXPECT_FALSE(machine.memory());
  machine.files["/proc/meminfo"] = "MemTotal: many kB\n";
  EXPECT_FALSE(machine.memory());
}

TEST(MachineMemory, LimitOfAVersion2Group) {
  Machine machine = version_2("/system.slice/naru.service");
  machine.files["/sys/fs/cgroup/system.slice/naru.service/memory.max"] = "536870912\n";
  machine.expect(512 * kMiB, "cgroup");
}

TEST(MachineMemory, LeastLimitOnTheWayUpCounts) {
  Machine machine = version_2("/a/b/c");
  machine.files["/sys/fs/cgroup/a/b/c/memory.max"] = "max\n";
  machine.files["/sys/fs/cgroup/a/b/memory.max"] = "536870912\n";
  machine.files["/sys/fs/cgroup/a/memory.max"] = "1073741824\n";
  machine.expect(512 * kMiB, "cgroup");
}

TEST(MachineMemory, MaxIsNoLimit) {
  Machine machine = version_2("/");
  machine.files["/sys/fs/cgroup/memory.max"] = "max\n";
  machine.expect(kTotal, "machine");
}

TEST(MachineMemory, RootOfAContainersOwnNamespace) {
  Machine machine = version_2("/");
  machine.files["/sys/fs/cgroup/memory.max"] = "268435456\n";
  machine.expect(256 * kMiB, "cgroup");
}

TEST(MachineMemory, LimitOfAVersion1Group) {
  Machine machine = version_1("/", "/docker/12ab");
  machine.files["/sys/fs/cgroup/memory/docker/12ab/memory.limit_in_bytes"] = "536870912\n";
  machine.files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n";
  machine.expect(512 * kMiB, "cgroup");
}

TEST(MachineMemory, PathOfTheHostIsSeenFromWithinAContainer) {
  Machine machine = version_1("/docker/12ab", "/docker/12ab");
  machine.files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "536870912\n";
  machine.expect(512 * kMiB, "cgroup");
}

TEST(MachineMemory, WhatCannotBeSeenOfTheHostIsPassedOver) {
  Machine machine = version_1("/", "/kubepods/pod1/12ab");
  machine.files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "536870912\n";
  machine.expect(512 * kMiB, "cgroup");
}

TEST(MachineMemory, Version1WithoutLimitIsNoLimit) {
  Machine machine = version_1("/", "/");
  machine.files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n";
  machine.expect(kTotal, "machine");
}

TEST(MachineMemory, ReadsThisMachine) {
  const auto memory = machine_memory(read_system_file);
  ASSERT_TRUE(memory);
  EXPECT_GT(memory->bytes, 16 * kMiB);
}

TEST(MemoryLimit, ShareIsOfWhatThereIs) {
  const MachineMemory memory{.bytes = 1000 * kMiB, .whose = "cgroup"};
  EXPECT_EQ(memory_limit_bytes({.bytes = 0, .percent = 60}, memory), 600 * kMiB);
  EXPECT_EQ(memory_limit_text({.bytes = 0, .percent = 60}, memory),
            "600 MiB, 60% of the cgroup's 1000 MiB");
}

TEST(MemoryLimit, BytesAreTakenAsTheyAre) {
  const MachineMemory memory{.bytes = 1000 * kMiB};
  EXPECT_EQ(memory_limit_bytes({.bytes = 96 * kMiB, .percent = 0}, memory), 96 * kMiB);
  EXPECT_EQ(memory_limit_text({.bytes = 96 * kMiB, .percent = 0}, memory),
            "96 MiB of the machine's 1000 MiB");
}

TEST(MemoryLimit, ShareOfLittleIsEnoughToStartWith) {
  EXPECT_EQ(memory_limit_bytes({}, MachineMemory{.bytes = 32 * kMiB}), kMemoryLimitBytesMin);
}

TEST(MemoryLimit, UnknownMemoryIsTakenForLittle) {
  EXPECT_EQ(memory_limit_bytes({.bytes = 0, .percent = 50}, std::nullopt) >> 20, 511u);
  EXPECT_EQ(memory_limit_text({.bytes = 96 * kMiB, .percent = 0}, std::nullopt), "96 MiB");
}

}  // namespace
}  // namespace naru::app
