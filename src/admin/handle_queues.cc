// Queues, and those who consume from them.
#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "admin/broker_status.h"
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/listing.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

constexpr std::string_view kConsumers = "consumer_details";

/// `at`: when the status was collected.
QueueRates rates_of(Call& call, const core::QueueInfo& queue, const BrokerStatus& status,
                    TimePoint at) {
  return call.api().rates().measure(queue.ref.id, status.stats_of(queue.ref.id), at);
}

using QueueRows = RowList<core::QueueId>;

/// Those that are asked for, in order.
QueueRows queue_rows(Call& call) {
  const core::Catalog& catalog = call.api().catalog();
  std::vector<const core::QueueInfo*> found;
  catalog.each_queue([&, is_shown = call.sees_queues()](const core::QueueInfo& queue) {
    if (is_shown(catalog, queue)) found.push_back(&queue);
  });
  std::ranges::sort(found, [](const core::QueueInfo* a, const core::QueueInfo* b) {
    return std::tie(a->tenant, a->name) < std::tie(b->tenant, b->name);
  });
  QueueRows rows(Listing::window(call.target()));
  rows.reserve(found.size());
  for (const core::QueueInfo* queue : found) rows.add(queue->ref.id);
  return rows;
}

void reply_queues(const CallRef& call, QueueRows rows, BrokerStatus status) {
  const std::size_t beside_bytes = status.memory_bytes();
  call->reply_rows(make_rows(
      std::move(rows),
      [call, status = std::move(status),
       at = call->api().shard().now().mono](core::QueueId id) -> std::optional<json::object> {
        const core::QueueInfo* queue = call->api().catalog().find_queue(id);
        if (queue == nullptr) return std::nullopt;
        const Renderer render = call->api().renderer();
        return render.queue(*queue, status, rates_of(*call, *queue, status, at));
      },
      beside_bytes));
}

/// Those of the status.
std::unique_ptr<Rows> consumer_rows(const CallRef& call,
                                    const std::shared_ptr<const BrokerStatus>& status) {
  std::vector<const ConsumerStatus*> rows;
  rows.reserve(status->consumers.size());
  for (const ConsumerStatus& consumer : status->consumers) rows.push_back(&consumer);
  return make_rows(
      std::move(rows),
      [call, status](const ConsumerStatus* row) {
        const Renderer render = call->api().renderer();
        return std::optional(render.consumer(*row, *status));
      },
      status->memory_bytes());
}

/// Those that the caller may see.
void reply_consumers(const CallRef& call, BrokerStatus status) {
  if (!call->is_monitor()) {
    std::erase_if(status.consumers, [&](const ConsumerStatus& each) {
      const ConnectionName* owner = status.find_name(each.connection);
      return owner == nullptr || owner->user != call->principal().user;
    });
  }
  call->reply_rows(consumer_rows(call, std::make_shared<const BrokerStatus>(std::move(status))));
}

/// `id`: it may have been deleted while this call waited.
void reply_queue(const CallRef& call, core::QueueId id, BrokerStatus collected) {
  const core::Catalog& catalog = call->api().catalog();
  const core::QueueInfo* queue = catalog.find_queue(id);
  if (queue == nullptr) return call->reply_not_found("there is no queue of this name");
  const auto status = std::make_shared<const BrokerStatus>(std::move(collected));
  const TimePoint now = call->api().shard().now().mono;
  const Renderer render = call->api().renderer();
  call->reply_with_rows(render.queue(*queue, *status, rates_of(*call, *queue, *status, now)),
                        kConsumers, consumer_rows(call, status));
}

/// A queue and, when they are asked for, its consumers.
void show_queue(const CallRef& call, core::QueueId id) {
  collect_status(
      call->api().shard(), call->api().connections(),
      {.queues = the_queue(id), .consumers_of = call->wants(kConsumers) ? the_queue(id) : nullptr},
      [call, id](BrokerStatus status) { reply_queue(call, id, std::move(status)); });
}

/// Whether the queue is there; answers itself when not.
bool exists(Call& call) {
  if (call.api().catalog().find_queue(call.tenant(), call.parameter("queue"))) return true;
  call.reply_not_found("there is no queue of this name");
  return false;
}

}  // namespace

void list_queues(const CallRef& call) {
  std::size_t count = 0;
  call->api().catalog().each_queue([&](const core::QueueInfo&) { ++count; });
  call->wait_to_list(count, [call] {
    QueueRows rows = queue_rows(*call);
    QueueFilter shown = queues_among(rows.kept());
    collect_status(call->api().shard(), call->api().connections(), {.queues = std::move(shown)},
                   [call, rows = std::move(rows)](BrokerStatus status) mutable {
                     reply_queues(call, std::move(rows), std::move(status));
                   });
  });
}

// How much its consumers are has to be known first: with more than a few the answer waits for its
// turn.
void get_queue(const CallRef& call) {
  const auto* queue = call->api().catalog().find_queue(call->tenant(), call->parameter("queue"));
  if (queue == nullptr) return call->reply_not_found("there is no queue of this name");
  const core::QueueId id = queue->ref.id;
  if (!call->wants(kConsumers)) return show_queue(call, id);
  collect_status(call->api().shard(), call->api().connections(),
                 {.consumers_of = the_queue(id), .only_counts = true},
                 [call, id](const BrokerStatus& status) {
                   call->wait_to_show(status.counts.consumers, status.counts.consumer_bytes,
                                      [call, id] { show_queue(call, id); });
                 });
}

void list_consumers(const CallRef& call) {
  call->wait_to_list_connections([call] {
    collect_status(call->api().shard(), call->api().connections(),
                   {.consumers_of = call->sees_queues()},
                   [call](BrokerStatus status) { reply_consumers(call, std::move(status)); });
  });
}

void put_queue(const CallRef& call) {
  core::DeclareQueue declare;
  declare.name = call->parameter("queue");
  // A queue with no name would get one, which the caller would never learn.
  if (declare.name.empty()) return call->reply_error(400, "bad_request", "a queue needs a name");
  // Absent members are false, as in RabbitMQ's API.
  NARU_TRY_OR_REPLY(durable, *call, bool_member(call->body(), "durable"));
  NARU_TRY_OR_REPLY(auto_delete, *call, bool_member(call->body(), "auto_delete"));
  NARU_TRY_OR_REPLY(exclusive, *call, bool_member(call->body(), "exclusive"));
  NARU_TRY_OR_REPLY(arguments, *call, table_member(call->body(), "arguments"));
  if (exclusive) {
    return call->reply_error(400, "bad_request",
                             "an exclusive queue belongs to a connection, and this is none");
  }
  declare.durable = durable;
  declare.auto_delete = auto_delete;
  declare.arguments = std::move(arguments);
  const bool existed = call->api().catalog().find_queue(call->tenant(), declare.name) != nullptr;
  call->ask(std::move(declare), [call, existed](const core::Reply::Value&) {
    existed ? call->reply_nothing() : call->reply_created();
  });
}

void delete_queue(const CallRef& call) {
  if (!exists(*call)) return;
  call->ask(core::DeleteQueue{.name = call->parameter("queue"),
                              .if_unused = call->target().flag("if-unused"),
                              .if_empty = call->target().flag("if-empty")},
            [call](const core::Reply::Value&) { call->reply_nothing(); });
}

void purge_queue(const CallRef& call) {
  if (!exists(*call)) return;
  call->ask(core::PurgeQueue{call->parameter("queue")},
            [call](const core::Reply::Value&) { call->reply_nothing(); });
}

}  // namespace naru::admin
