#include "core/topology/facts.h"

#include <string_view>

#include "core/topology/arguments.h"

namespace naru::core {

namespace {

/// The first byte of a fact. Stored on disk: numbers are never reused.
enum class Kind : std::uint8_t {
  snapshot_begun = 1,
  ids_reserved = 2,
  tenant_created = 3,
  tenant_deleted = 4,
  tenants_used = 5,
  exchange_created = 6,
  exchange_deleted = 7,
  queue_created = 8,
  queue_deleted = 9,
  binding_created = 10,
  binding_deleted = 11,
  user_put = 12,
  user_deleted = 13,
  permission_put = 14,
  permission_deleted = 15,
  snapshot_as_of = 16,
};

/// A change of a fact's meaning raises its version; fields appended to the body do not, as older
/// readers skip them.
constexpr std::uint8_t kVersion = 1;

constexpr std::uint8_t kDurable = 1;
constexpr std::uint8_t kAutoDelete = 2;
constexpr std::uint8_t kInternal = 4;

std::uint8_t flag(bool set, std::uint8_t bit) {
  return set ? bit : std::uint8_t{0};
}

class Writer {
 public:
  explicit Writer(ByteBuffer& out) : out_(out) {}

  void operator()(const SnapshotBegun&) { begin(Kind::snapshot_begun); }
  void operator()(const SnapshotAsOf& fact) {
    begin(Kind::snapshot_as_of);
    out_.le64(fact.entry.value);
  }
  void operator()(const IdsReserved& fact) {
    begin(Kind::ids_reserved);
    out_.le64(fact.up_to);
  }
  void operator()(const TenantCreated& fact) {
    begin(Kind::tenant_created);
    out_.le32(fact.id.value);
    text(fact.name);
  }
  void operator()(const TenantDeleted& fact) {
    begin(Kind::tenant_deleted);
    out_.le32(fact.id.value);
  }
  void operator()(const TenantsUsed& fact) {
    begin(Kind::tenants_used);
    out_.le32(fact.next.value);
  }
  void operator()(const ExchangeCreated& fact) {
    const ExchangeInfo& exchange = fact.exchange;
    begin(Kind::exchange_created);
    out_.le64(exchange.id.value);
    out_.le32(exchange.tenant.value);
    out_.u8(static_cast<std::uint8_t>(exchange.type));
    out_.u8(static_cast<std::uint8_t>(flag(exchange.durable, kDurable) |
                                      flag(exchange.auto_delete, kAutoDelete) |
                                      flag(exchange.internal, kInternal)));
    text(exchange.name);
    message::encode(out_, exchange.arguments);
  }
  void operator()(const ExchangeDeleted& fact) {
    begin(Kind::exchange_deleted);
    out_.le64(fact.id.value);
  }
  void operator()(const QueueCreated& fact) {
    const QueueInfo& queue = fact.queue;
    begin(Kind::queue_created);
    out_.le64(queue.ref.id.value);
    out_.le32(queue.ref.lane.value);
    out_.le32(queue.tenant.value);
    out_.u8(static_cast<std::uint8_t>(flag(queue.durable, kDurable) |
                                      flag(queue.auto_delete, kAutoDelete)));
    out_.le64(queue.exclusive_owner.value);
    text(queue.name);
    message::encode(out_, queue.arguments);
  }
  void operator()(const QueueDeleted& fact) {
    begin(Kind::queue_deleted);
    out_.le64(fact.id.value);
  }
  void operator()(const BindingCreated& fact) { binding(Kind::binding_created, fact.binding); }
  void operator()(const BindingDeleted& fact) { binding(Kind::binding_deleted, fact.binding); }
  void operator()(const UserPut& fact) {
    begin(Kind::user_put);
    text(fact.user.name);
    text(fact.user.password_hash);
    text(fact.user.tags);
  }
  void operator()(const UserDeleted& fact) {
    begin(Kind::user_deleted);
    text(fact.name);
  }
  void operator()(const PermissionPut& fact) {
    begin(Kind::permission_put);
    text(fact.permission.user);
    out_.le32(fact.permission.tenant.value);
    text(fact.permission.configure);
    text(fact.permission.write);
    text(fact.permission.read);
  }
  void operator()(const PermissionDeleted& fact) {
    begin(Kind::permission_deleted);
    text(fact.user);
    out_.le32(fact.tenant.value);
  }

  void end() {
    out_.patch_le32(length_at_, static_cast<std::uint32_t>(out_.size() - length_at_ - 4));
  }

 private:
  void begin(Kind kind) {
    out_.u8(static_cast<std::uint8_t>(kind));
    out_.u8(kVersion);
    length_at_ = out_.size();
    out_.le32(0);
  }
  void text(std::string_view text) {
    out_.varint(text.size());
    out_.append(text);
  }
  void binding(Kind kind, const BindingInfo& binding) {
    begin(kind);
    out_.le64(binding.source.value);
    out_.u8(binding.to_exchange ? 1 : 0);
    out_.le64(binding.destination);
    text(binding.routing_key);
    message::encode(out_, binding.arguments);
  }

  ByteBuffer& out_;
  std::size_t length_at_ = 0;
};

class Body {
 public:
  explicit Body(ByteView bytes) : in_(bytes) {}

  Result<Fact> read(Kind kind) {
    NARU_TRY(fact, read_kind(kind));
    if (!in_.ok()) return fail(Errc::corrupt, "metadata fact cut short");
    return fact;
  }

 private:
  Result<Fact> read_kind(Kind kind) {
    switch (kind) {
      case Kind::snapshot_begun:
        return SnapshotBegun{};
      case Kind::snapshot_as_of:
        return SnapshotAsOf{Index(in_.le64())};
      case Kind::ids_reserved:
        return IdsReserved{in_.le64()};
      case Kind::tenant_created: {
        const TenantId id(in_.le32());
        return TenantCreated{id, text()};
      }
      case Kind::tenant_deleted:
        return TenantDeleted{TenantId(in_.le32())};
      case Kind::tenants_used:
        return TenantsUsed{TenantId(in_.le32())};
      case Kind::exchange_created:
        return exchange();
      case Kind::exchange_deleted:
        return ExchangeDeleted{ExchangeId(in_.le64())};
      case Kind::queue_created:
        return queue();
      case Kind::queue_deleted:
        return QueueDeleted{QueueId(in_.le64())};
      case Kind::binding_created: {
        NARU_TRY(created, binding());
        return BindingCreated{std::move(created)};
      }
      case Kind::binding_deleted: {
        NARU_TRY(deleted, binding());
        return BindingDeleted{std::move(deleted)};
      }
      default:
        return read_security(kind);
    }
  }

  Result<Fact> read_security(Kind kind) {
    switch (kind) {
      case Kind::user_put: {
        UserInfo user;
        user.name = text();
        user.password_hash = text();
        user.tags = text();
        return UserPut{std::move(user)};
      }
      case Kind::user_deleted:
        return UserDeleted{text()};
      case Kind::permission_put: {
        PermissionInfo permission;
        permission.user = text();
        permission.tenant = TenantId(in_.le32());
        permission.configure = text();
        permission.write = text();
        permission.read = text();
        return PermissionPut{std::move(permission)};
      }
      case Kind::permission_deleted: {
        std::string user = text();
        return PermissionDeleted{std::move(user), TenantId(in_.le32())};
      }
      default:
        return fail(Errc::version, "a kind of metadata fact that only a newer Naru knows");
    }
  }

  Result<Fact> exchange() {
    ExchangeInfo exchange;
    exchange.id = ExchangeId(in_.le64());
    exchange.tenant = TenantId(in_.le32());
    const std::uint8_t type = in_.u8();
    const std::uint8_t flags = in_.u8();
    if (type > static_cast<std::uint8_t>(ExchangeType::headers)) {
      return fail(Errc::version, "a type of exchange that only a newer Naru knows");
    }
    exchange.type = ExchangeType{type};
    exchange.durable = (flags & kDurable) != 0;
    exchange.auto_delete = (flags & kAutoDelete) != 0;
    exchange.internal = (flags & kInternal) != 0;
    exchange.name = text();
    NARU_TRY(arguments, table());
    exchange.arguments = std::move(arguments);
    exchange.alternate = alternate_of(exchange.arguments);
    return ExchangeCreated{std::move(exchange)};
  }

  Result<Fact> queue() {
    QueueInfo queue;
    queue.ref.id = QueueId(in_.le64());
    queue.ref.lane = GroupId(in_.le32());
    if (queue.ref.lane == kMetadataGroup) return fail(Errc::corrupt, "a queue in no lane");
    if (queue.ref.lane.value > kLaneCount)
      return fail(Errc::version, "a queue in a lane that only a newer Naru has");
    queue.tenant = TenantId(in_.le32());
    const std::uint8_t flags = in_.u8();
    queue.durable = (flags & kDurable) != 0;
    queue.auto_delete = (flags & kAutoDelete) != 0;
    queue.exclusive_owner = ConnectionId(in_.le64());
    queue.name = text();
    NARU_TRY(arguments, table());
    queue.arguments = std::move(arguments);
    queue.settings = settings_of(queue);
    return QueueCreated{std::move(queue)};
  }

  Result<BindingInfo> binding() {
    BindingInfo binding;
    binding.source = ExchangeId(in_.le64());
    binding.to_exchange = in_.u8() != 0;
    binding.destination = in_.le64();
    binding.routing_key = text();
    NARU_TRY(arguments, table());
    binding.arguments = std::move(arguments);
    return binding;
  }

  std::string text() { return std::string(in_.text(in_.varint())); }

  Result<message::Table> table() {
    auto result = message::decode_table(in_);
    if (!result) return fail(Errc::corrupt, "metadata fact: " + result.error().what);
    return result;
  }

  ByteReader in_;
};

}  // namespace

void encode(ByteBuffer& out, const Fact& fact) {
  Writer writer(out);
  std::visit(writer, fact);
  writer.end();
}

Result<Fact> decode_fact(ByteReader& in) {
  const Kind kind{in.u8()};
  const std::uint8_t version = in.u8();
  const ByteView body = in.bytes(in.le32());
  if (!in.ok()) return fail(Errc::corrupt, "metadata fact cut short");
  if (version != kVersion) {
    return version > kVersion ? fail(Errc::version, "a metadata fact that only a newer Naru knows")
                              : fail(Errc::corrupt, "a metadata fact without a version");
  }
  return Body(body).read(kind);
}

ByteView whole_facts(ByteView facts) {
  ByteReader in(facts);
  std::size_t whole = 0;
  while (!in.done()) {
    in.le16();  // kind, version
    in.bytes(in.le32());
    if (!in.ok()) break;
    whole = facts.size() - in.remaining();
  }
  return facts.first(whole);
}

Result<void> check_facts(ByteView facts) {
  NARU_TRY_VOID(check_snapshot(facts));
  return {};
}

Result<std::optional<Index>> check_snapshot(ByteView facts) {
  ByteReader in(facts);
  std::optional<Index> as_of;
  while (!in.done()) {
    NARU_TRY(fact, decode_fact(in));
    if (const auto* it = std::get_if<SnapshotAsOf>(&fact)) as_of = it->entry;
  }
  return as_of;
}

}  // namespace naru::core
