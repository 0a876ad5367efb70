#include "cluster/testing/journal_world.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace naru::cluster::testing {

JournalOptions small_files() {
  JournalOptions options;
  options.wal.directory = "data/wal";
  options.wal.file_bytes = 64 * 1024;
  options.wal.first_file_bytes = 16 * 1024;
  options.wal.entry_bytes_max = 20 * 1024;
  options.wal.frame_bytes_max = 8 * 1024;
  options.wal.block_bytes = 16 * 1024;
  options.wal.writes_in_flight = 3;
  options.wal.cache_bytes = 48 * 1024;
  options.wal.read_bytes_max = 16 * 1024;
  options.wal.read_gap_bytes_max = 4096;
  options.wal.reads_in_flight = 2;
  options.wal.retry_after = std::chrono::nanoseconds(5);
  options.wal.open_files_max = 3;
  options.wal.zero_bytes_max = 16 * 1024;
  options.log_bytes_max = 4 * 64 * 1024;
  options.wal.sync_interval = std::chrono::nanoseconds(30);
  options.wal.gather_interval = Duration::zero();
  options.wal.unstable_bytes_max = 24 * 1024;
  options.segment_dead_bytes_max = 2 * 64 * 1024;
  options.compaction_retry_after = std::chrono::nanoseconds(5);
  options.snapshot_slice_bytes = 512;
  options.wal.table_cache_bytes = 1;  // one table at a time
  return options;
}

struct World::Process {
  Process(World& world, io::FileSystem& fs)
      : mailboxes(world.options_.shards),
        journal(fs, world.options_.journal, world.options_.shards, world, world, world.log_) {
    for (std::uint32_t group = 0; group < world.options_.groups; ++group) {
      const core::ShardId shard(static_cast<std::uint16_t>(group % world.options_.shards));
      core::Journal& front = journal.on_shard(shard);
      states.push_back(std::make_unique<RecordingState>(front, core::GroupId(group),
                                                        world.models_[group], world.violations_));
      front.attach(core::GroupId(group), *states.back());
    }
  }

  std::vector<std::deque<io::Task>> mailboxes;
  std::vector<std::unique_ptr<RecordingState>> states;
  JournalLocal journal;
};

World::World(WorldOptions options)
    : options_(std::move(options)),
      disk_(options_.seed),
      random_(options_.seed + 1),
      models_(options_.groups) {
  NARU_CHECK(disk_.make_directory("data", 0700).has_value(), "an empty disk");
  NARU_CHECK(disk_.sync_directory(".").has_value(), "an empty disk");
}

World::~World() {
  end_process();
}

std::uint64_t World::segments_copied() const {
  const auto now =
      process_ == nullptr ? 0 : process_->journal.figures().compaction.segments_written;
  return segments_copied_ + now;
}

void World::end_process() {
  segments_copied_ = segments_copied();
  // What the process still had in flight must not call back into it.
  if (process_ != nullptr) disk_.kill_process();
  process_.reset();
}

Result<void> World::start() {
  volume_error_.reset();
  space_ = storage::LogSpace::enough;
  process_ = std::make_unique<Process>(*this, disk_);
  auto recovered = process_->journal.recover(random_);
  if (!recovered) {
    process_.reset();
    return recovered;
  }
  check_recovered();
  return {};
}

void World::check_recovered() {
  for (std::uint32_t group = 0; group < options_.groups; ++group) {
    const RecordingState& recovered = state(group);
    GroupModel& known = models_[group];
    if (!recovered.owner()) violations_.push_back(fmt::format("group {}: no owner", group));
    // What was written stays when only the process ended.
    known.committed = std::max(known.committed, std::exchange(known.written, 0));
    if (recovered.applied() < known.committed) {
      violations_.push_back(fmt::format("group {}: committed through {}, recovered through {}",
                                        group, known.committed, recovered.applied()));
      known.committed = recovered.applied();
    }
    if (known.ops.size() > recovered.applied()) known.ops.resize(recovered.applied());
    std::vector<std::uint64_t> ids;
    for (const auto& [id, message] : recovered.messages()) ids.push_back(id);
    if (ids != known.live_ids()) {
      violations_.push_back(fmt::format("group {}: other messages than before", group));
    }
  }
}

void World::lose_power() {
  segments_copied_ = segments_copied();
  reads_pending_ = 0;
  process_.reset();
  disk_.power_cycle();
  for (GroupModel& model : models_) model.written = 0;
}

void World::kill() {
  segments_copied_ = segments_copied();
  reads_pending_ = 0;
  process_.reset();
  disk_.kill_process();
}

void World::stop() {
  settle_down();
  journal().close();
  settle_down();
  segments_copied_ = segments_copied();
  process_.reset();
}

void World::post(core::ShardId shard, io::Task task) {
  process_->mailboxes[shard.value].push_back(std::move(task));
}

void World::on_volume_failed(const Error& error) {
  if (volume_error_) violations_.push_back("the volume failed twice");
  volume_error_ = error;
}

void World::turn(std::uint16_t shard) {
  auto tasks = std::exchange(process_->mailboxes[shard], {});
  for (io::Task& task : tasks) task();
  ++turns_;
  journal().flush(core::ShardId(shard), Now{TimePoint(Duration(turns_)), turns_});
}

RecordingState& World::state(std::uint32_t group) {
  return *process_->states[group];
}
JournalLocal& World::journal() {
  return process_->journal;
}
core::Journal& World::shard_journal(std::uint32_t group) {
  return journal().on_shard(core::ShardId(static_cast<std::uint16_t>(group % options_.shards)));
}

void World::append(std::uint32_t group, std::uint64_t id, std::size_t body_bytes) {
  std::string payload = make_payload(kEnqueue, id, body_bytes);
  add(group, std::move(payload));
}

void World::append_shared(core::GroupSet groups, std::uint64_t id, std::size_t body_bytes) {
  const std::string body = make_payload(kBody, id, body_bytes);
  if (!shard_journal(groups.first().value).append_bodies(groups, as_bytes(body))) return;
  const std::uint32_t reference = kOpHeadBytes;
  groups.each([&](core::GroupId group) {
    add(group.value, make_reference(id, body_bytes), {&reference, 1});
  });
}

/// The group and some others of its shard.
core::GroupSet World::some_beside(std::uint32_t group) {
  core::GroupSet groups;
  groups.add(core::GroupId(group));
  for (std::uint32_t other = 1; other < options_.groups; ++other) {
    if (other % options_.shards == group % options_.shards && random_.one_in(2))
      groups.add(core::GroupId(other));
  }
  return groups;
}

void World::add(std::uint32_t group, std::string payload,
                std::span<const std::uint32_t> references) {
  const auto urgency =
      random_.below(100) < options_.later_percent ? core::Urgency::later : core::Urgency::now;
  auto position =
      shard_journal(group).append(core::GroupId(group), as_bytes(payload), urgency, references);
  if (!position) return;
  NARU_CHECK(position->index.value == models_[group].ops.size() + 1, "the model follows");
  models_[group].ops.push_back({.term_start = false, .payload = std::move(payload)});
}

void World::settle(std::uint32_t group, std::uint64_t id) {
  add(group, make_payload(kSettle, id, 0));
}

std::optional<std::uint64_t> World::choose_to_settle(std::uint32_t group) {
  const auto& messages = state(group).messages();
  const bool full = messages.size() >= options_.live_max;
  std::vector<std::uint64_t> ids;
  for (const auto& [id, message] : messages) {
    const bool kept = options_.kept_in != 0 && id % options_.kept_in == 0;
    // Those that are kept are so until there are too many, oldest first.
    if (!kept || (full && ids.empty())) ids.push_back(id);
  }
  if (ids.empty()) return std::nullopt;
  return ids[random_.below(ids.size())];
}

void World::random_operation() {
  const auto group = static_cast<std::uint32_t>(random_.below(options_.groups));
  const bool full = state(group).messages().size() >= options_.live_max;
  if (full || random_.one_in(3)) {
    if (const auto id = choose_to_settle(group)) return settle(group, *id);
  }
  // Mostly small, some as large as the limit allows.
  const bool large = random_.one_in(20);
  const std::size_t bytes_max =
      large ? options_.journal.wal.entry_bytes_max - kOpHeadBytes : options_.body_bytes_max;
  const std::size_t bytes = random_.below(bytes_max + 1);
  if (group != 0 && random_.below(100) < options_.shared_percent)
    return append_shared(some_beside(group), next_id_++, bytes);
  append(group, next_id_++, bytes);
}

void World::random_read() {
  const auto group = static_cast<std::uint32_t>(random_.below(options_.groups));
  std::vector<std::uint64_t> ids;
  for (const auto& [id, message] : state(group).messages()) {
    if (!random_.one_in(2)) ids.push_back(id);
  }
  read(group, std::move(ids));
}

void World::read(std::uint32_t group, std::vector<std::uint64_t> ids) {
  std::vector<core::BodyRead> wanted;
  for (const std::uint64_t id : ids) {
    const RecordingState::Message& message = state(group).messages().at(id);
    wanted.push_back({message.location, message.bytes});
  }
  ++reads_pending_;
  shard_journal(group).read(
      wanted, [this, group, ids = std::move(ids)](const std::vector<Slice>& bodies) {
        --reads_pending_;
        for (std::size_t i = 0; i < ids.size(); ++i) {
          const ByteView body = bodies[i].view;
          if (body_matches(ids[i], body) || is_told_damage(body)) continue;
          violations_.push_back(
              fmt::format("group {}: message {} reads back as something else", group, ids[i]));
        }
      });
}

/// What the disk could not read comes as zeros, and the journal has told of it.
bool World::is_told_damage(ByteView body) const {
  const storage::testing::DiskTrouble& trouble = disk_.trouble();
  const bool happened = trouble.of(storage::testing::DiskOperation::read) != 0 ||
                        trouble.of(storage::testing::DiskOperation::open) != 0;
  const bool told = process_ != nullptr && process_->journal.figures().damaged != 0;
  return happened && told && std::ranges::all_of(body, [](std::uint8_t byte) { return byte == 0; });
}

void World::read_everything() {
  std::size_t missing = 0;
  for (std::uint32_t group = 0; group < options_.groups; ++group) {
    for (const auto& [id, message] : state(group).messages()) {
      ++missing;
      const core::BodyRead wanted[] = {{message.location, message.bytes}};
      shard_journal(group).read(
          wanted, [this, wanted_id = id, &missing](const std::vector<Slice>& bodies) {
            --missing;
            if (!body_matches(wanted_id, bodies.front().view)) {
              violations_.push_back(fmt::format("message {} cannot be read back", wanted_id));
            }
          });
    }
  }
  settle_down();
  if (missing != 0) violations_.push_back("reads that never end");
}

void World::step() {
  if (process_ == nullptr || disk_.dead()) return;
  switch (random_.below(8)) {
    case 0:
    case 1:
    case 2:
      return random_operation();
    case 3:
      if (random_.one_in(options_.reads_one_in)) random_read();
      return;
    case 4:
    case 5:
      disk_.complete_one();
      return;
    default:
      return turn(static_cast<std::uint16_t>(random_.below(options_.shards)));
  }
}

void World::steps(int count) {
  for (int i = 0; i < count; ++i) step();
}

void World::settle_down() {
  for (int idle_rounds = 0; idle_rounds < 3 && !disk_.dead();) {
    const bool moved = disk_.complete_one();
    bool busy = false;
    for (std::uint16_t shard = 0; shard < options_.shards; ++shard) {
      busy |= !process_->mailboxes[shard].empty();
      turn(shard);
    }
    busy |= !journal().idle() || (journal().compacting() && !volume_error_);
    // Without room for the log something always waits for it.
    idle_rounds = moved || (busy && !space_short()) ? 0 : idle_rounds + 1;
  }
}

std::size_t World::commits() const {
  std::size_t total = 0;
  for (const GroupModel& model : models_) total += model.committed;
  return total;
}

std::string World::report() const {
  std::string text = fmt::format("seed {}:", options_.seed);
  for (std::size_t i = 0; i < std::min<std::size_t>(violations_.size(), 5); ++i) {
    text += "\n  " + violations_[i];
  }
  return text;
}

}  // namespace naru::cluster::testing
