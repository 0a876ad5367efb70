// Snapshots of the metadata that are made over several turns, while things come and go.

#include <algorithm>
#include <set>

#include "core/topology/metadata_fixture.h"

namespace naru::core {
namespace {

/// All that is durable, as text.
std::set<std::string> durable_things(const Catalog& catalog) {
  std::set<std::string> things;
  const auto add = [&](const char* kind, const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    things.insert(std::string(kind) + std::string(as_text(bytes.view())));
  };
  std::set<std::uint64_t> durable;
  catalog.each_tenant(
      [&](TenantId id, const std::string& name) { add("t", TenantCreated{id, name}); });
  catalog.each_exchange([&](const ExchangeInfo& exchange) {
    if (!exchange.durable) return;
    durable.insert(exchange.id.value);
    add("x", ExchangeCreated{exchange});
  });
  catalog.each_queue([&](const QueueInfo& queue) {
    if (!queue.durable) return;
    durable.insert(queue.ref.id.value);
    add("q", QueueCreated{queue});
  });
  catalog.each_binding([&](const BindingInfo& binding) {
    if (durable.contains(binding.source.value) && durable.contains(binding.destination))
      add("b", BindingCreated{binding});
  });
  catalog.each_user([&](const UserInfo& user) { add("u", UserPut{user}); });
  catalog.each_permission([&](const PermissionInfo& it) { add("p", PermissionPut{it}); });
  things.insert(std::to_string(catalog.ids_reserved()));
  things.insert(std::to_string(catalog.next_tenant().value));
  return things;
}

/// Random changes by an administrator, names being used again and again.
/// As it comes from the log, whose parts end in the middle of facts.
class PartsCutAnywhere final : public SnapshotParts {
 public:
  PartsCutAnywhere(ByteView rest, Random& random) : rest_(rest), random_(random) {}
  Result<ByteView> next() override {
    const ByteView part = rest_.first(std::min<std::size_t>(rest_.size(), 1 + random_.below(100)));
    rest_ = rest_.subspan(part.size());
    return part;
  }

 private:
  ByteView rest_;
  Random& random_;
};

class MetadataSnapshotTest : public MetadataTest {
 protected:
  void change(Random& random_changes) {
    const auto name = [&](const char* kind) {
      return kind + std::to_string(random_changes.below(6));
    };
    const auto key = [&] { return std::to_string(random_changes.below(4)); };
    Actor actor = guest;
    const std::uint64_t dice = random_changes.below(100);
    if (dice < 4) return (void)run(PutTenant{name("v")}, actor);
    if (dice < 7) return (void)run(DeleteTenant{name("v")}, actor);
    if (dice < 12) return (void)run(PutUserHashed{name("u"), key(), ""}, actor);
    if (dice < 15) return (void)run(DeleteUser{name("u")}, actor);
    if (dice < 22) return (void)run(PutPermission{name("u"), "/", key(), "", ""}, actor);
    if (dice < 24) return (void)run(DeletePermission{name("u"), "/"}, actor);
    if (dice < 36) return (void)run(durable(name("q")), actor);
    if (dice < 40) return (void)run(transient(name("q")), actor);
    if (dice < 48) return (void)run(DeleteQueue{name("q")}, actor);
    if (dice < 58) return (void)run(exchange(name("x"), "topic", dice != 50), actor);
    if (dice < 63) return (void)run(DeleteExchange{name("x")}, actor);
    if (dice < 70) return (void)run(bind_exchange(name("x"), name("x")), actor);
    if (dice < 92) return (void)run(bind(name("x"), name("q"), key()), actor);
    run(unbind(name("x"), name("q"), key()), actor);
  }

  /// The snapshot, and the entries behind what it covers.
  std::set<std::string> replayed() {
    NoListener nobody;
    Catalog restored{nobody};
    HandBroadcaster new_broadcaster{restored};
    Metadata again(journal, restored, new_broadcaster, random);
    PartsCutAnywhere parts(journal.snapshot, random);
    EXPECT_TRUE(again.install_parts(journal.snapshot_covers, parts));
    for (std::size_t at = journal.snapshot_covers.value; at < journal.committed; ++at) {
      const Entry entry = journal.entry(at);
      again.apply({&entry, 1});
    }
    return durable_things(restored);
  }
};

TEST_F(MetadataSnapshotTest, EqualsAReplayWhateverChangesMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random dice(seed);
    for (int step = 0; step < 150; ++step) {
      change(dice);
      if (dice.one_in(2) && journal.go_on_with_snapshot(metadata, dice.below(200))) {
        ASSERT_EQ(replayed(), durable_things(catalog));
      }
    }
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(MetadataSnapshotTest, APieceIsSmallHoweverMuchThereIs) {
  run(exchange("x", "topic"));
  for (int i = 0; i < 200; ++i) {
    run(durable("q" + std::to_string(i)));
    for (int k = 0; k < 10; ++k) run(bind("x", "q" + std::to_string(i), std::to_string(k)));
  }
  const auto job = metadata.begin_snapshot();
  std::size_t pieces = 0;
  for (bool last = false; !last; ++pieces) {
    ByteBuffer piece;
    last = job->next(1000, piece);
    EXPECT_LE(piece.size(), 1200u);
  }
  EXPECT_GT(pieces, 50u);
}

TEST_F(MetadataSnapshotTest, OneThatIsNotDoneMayOutliveTheCatalogue) {
  std::unique_ptr<SnapshotJob> job;
  {
    NoListener nobody;
    Catalog restored{nobody};
    HandBroadcaster new_broadcaster{restored};
    Metadata again(journal, restored, new_broadcaster, random);
    const Entry entry = journal.entry(0);
    again.apply({&entry, 1});
    job = again.begin_snapshot();
  }
  EXPECT_NE(job, nullptr);
  job = nullptr;
}

}  // namespace
}  // namespace naru::core
