// The figures of the broker in Prometheus' text format: RabbitMQ's names where it has the same
// figure, naru_ names for the rest.
#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "admin/broker_status.h"
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

/// Writes one family after the other: https://prometheus.io/docs/instrumenting/exposition_formats/
class MetricsText {
 public:
  void counter(std::string_view name, std::string_view help, std::uint64_t value,
               std::string_view labels = {}) {
    family(name, "counter", help);
    sample(name, labels, value);
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value,
             std::string_view labels = {}) {
    family(name, "gauge", help);
    sample(name, labels, value);
  }
  /// One family with a sample for each of `samples`: labels and value.
  using Samples = std::span<const std::pair<std::string, std::uint64_t>>;
  void counters(std::string_view name, std::string_view help, Samples samples) {
    family(name, "counter", help);
    for (const auto& [labels, value] : samples) sample(name, labels, value);
  }
  void gauges(std::string_view name, std::string_view help, Samples samples) {
    family(name, "gauge", help);
    for (const auto& [labels, value] : samples) sample(name, labels, value);
  }
  std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  }
  void sample(std::string_view name, std::string_view labels, std::uint64_t value) {
    fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name, labels, value);
  }

  std::string text_;
};

void write_identity(MetricsText& out, const Identity& identity) {
  out.gauge(
      "rabbitmq_build_info", "Product and version", 1,
      fmt::format(R"({{product_name="{}",product_version="{}",rabbitmq_version="{}"}})",
                  identity.product, identity.compatible_version, identity.compatible_version));
  out.gauge(
      "rabbitmq_identity_info", "Node and cluster", 1,
      fmt::format(R"({{rabbitmq_node="{}",rabbitmq_cluster="{}",rabbitmq_endpoint="aggregated"}})",
                  identity.node, identity.cluster_name));
  out.gauge("naru_build_info", "Version of Naru", 1,
            fmt::format(R"({{version="{}"}})", identity.naru_version));
}

/// A message counts once for each queue it came into, at the level it has there.
void write_durability(MetricsText& out, const BrokerStatus& status) {
  std::vector<std::pair<std::string, std::uint64_t>> samples;
  for (std::size_t level = 0; level < status.enqueued.size(); ++level) {
    samples.emplace_back(fmt::format(R"({{durability="{}"}})",
                                     message::to_string(static_cast<message::Durability>(level))),
                         status.enqueued[level]);
  }
  out.counters("naru_queue_messages_enqueued_total",
               "Messages that came into queues, by what their confirm promises", samples);
}

void write_messages(MetricsText& out, const BrokerStatus& status) {
  const core::Shard::Totals& totals = status.totals;
  constexpr std::string_view kAmqp = R"({protocol="amqp091"})";
  // Naru has one kind of queue, whatever x-queue-type asked for.
  constexpr std::string_view kAmqpQueues =
      R"({protocol="amqp091",queue_type="rabbit_classic_queue"})";
  out.counter("rabbitmq_global_messages_received_total", "Messages published", totals.published,
              kAmqp);
  out.counter("rabbitmq_global_messages_confirmed_total", "Messages confirmed to publishers",
              totals.confirmed, kAmqp);
  out.counter("rabbitmq_global_messages_routed_total", "Messages that reached a queue",
              totals.routed, kAmqp);
  out.counter("naru_messages_refused_total", "Messages that the full disk had no room for",
              totals.refused);
  out.counter("naru_direct_replies_dropped_total", "Direct replies whose connection did not read",
              totals.replies_dropped);
  out.counter("rabbitmq_global_messages_unroutable_dropped_total",
              "Messages that reached no queue and were dropped", totals.unroutable_dropped, kAmqp);
  out.counter("rabbitmq_global_messages_unroutable_returned_total",
              "Messages that reached no queue and were returned", totals.unroutable_returned,
              kAmqp);
  out.counter("rabbitmq_global_messages_delivered_total",
              "Messages delivered to consumers, or got one by one",
              totals.delivered + totals.got + totals.got_no_ack, kAmqpQueues);
  out.counter("rabbitmq_global_messages_delivered_get_manual_ack_total",
              "Messages got one by one, to be acknowledged", totals.got, kAmqpQueues);
  out.counter("rabbitmq_global_messages_delivered_get_auto_ack_total",
              "Messages got one by one and settled as they went", totals.got_no_ack, kAmqpQueues);
  out.counter("rabbitmq_global_messages_get_empty_total",
              "How often a message was asked for and there was none", totals.got_empty,
              kAmqpQueues);
  out.counter("rabbitmq_global_messages_acknowledged_total", "Messages acknowledged",
              totals.acknowledged, kAmqpQueues);
  out.gauge("rabbitmq_global_consumers", "Consumers", status.counts.consumers, kAmqp);
}

void write_objects(MetricsText& out, const BrokerStatus& status, const core::Catalog& catalog) {
  std::uint64_t queues = 0;
  catalog.each_queue([&](const core::QueueInfo&) { ++queues; });
  core::QueueStats all;
  for (const auto& [tenant, stats] : status.tenants) add(all, stats);
  out.gauge("rabbitmq_connections", "Open connections", status.counts.connections);
  const std::array<std::pair<std::string, std::uint64_t>, 2> waiting{
      {{R"({for="alarm"})", status.counts.blocked}, {R"({for="flow"})", status.counts.paused}}};
  out.gauges(
      "naru_connections_waiting",
      "Connections that are not read for now: until an alarm is over; or until there is room "
      "for what they send, the disk is done, or they read what was sent to them",
      waiting);
  out.gauge("rabbitmq_channels", "Open channels", status.counts.channels);
  out.gauge("rabbitmq_consumers", "Consumers", status.counts.consumers);
  out.gauge("rabbitmq_queues", "Queues", queues);
  out.counter("rabbitmq_connections_opened_total", "Connections opened",
              status.totals.connections_opened);
  out.counter("rabbitmq_connections_closed_total", "Connections closed",
              status.totals.connections_closed);
  out.gauge("naru_connections_received_bytes", "Bytes received on the open connections",
            status.counts.received_bytes);
  out.gauge("naru_connections_sent_bytes", "Bytes sent on the open connections",
            status.counts.sent_bytes);
  out.gauge("rabbitmq_queue_messages", "Messages in queues", all.ready + all.unacknowledged);
  out.gauge("rabbitmq_queue_messages_ready", "Messages ready to be delivered", all.ready);
  out.gauge("rabbitmq_queue_messages_unacked", "Messages delivered and not yet settled",
            all.unacknowledged);
  out.gauge("rabbitmq_queue_messages_persistent", "Messages in queues that are in the log",
            all.persistent);
  out.gauge("naru_queue_messages_damaged",
            "Messages whose bytes on disk are not what was stored; they stay and are not delivered",
            all.damaged);
  out.gauge("rabbitmq_queue_consumers", "Consumers of queues", all.consumers);
  out.gauge("rabbitmq_queue_messages_ready_bytes", "Bytes of the messages that are ready",
            all.ready_bytes);
  out.gauge("rabbitmq_queue_messages_unacked_bytes", "Bytes of the messages not yet settled",
            all.unacknowledged_bytes);
  out.gauge("rabbitmq_queue_messages_bytes", "Bytes of the messages in queues",
            all.ready_bytes + all.unacknowledged_bytes);
}

void write_process(MetricsText& out, const NodeStatus& node, const BrokerStatus& status) {
  out.gauge("rabbitmq_process_resident_memory_bytes", "Memory that the process holds",
            node.resident_bytes);
  out.gauge("rabbitmq_process_open_fds", "Open file descriptors", node.open_files);
  out.gauge("rabbitmq_process_max_fds", "Limit of open file descriptors", node.open_files_max);
  out.gauge("rabbitmq_disk_space_available_bytes", "Free bytes on the data directory's volume",
            node.disk_free_bytes);
  out.gauge("rabbitmq_disk_space_available_limit_bytes", "Below this the disk alarm goes off",
            node.disk_free_bytes_min);
  out.gauge("rabbitmq_alarms_free_disk_space_watermark", "1 when the disk alarm is on",
            node.disk_alarm ? 1 : 0);
  out.gauge("rabbitmq_alarms_memory_used_watermark", "1 when the memory alarm is on",
            node.memory_alarm ? 1 : 0);
  out.gauge("naru_ready", "1 when clients are served; 0 also while the log is full",
            node.not_ready.empty() ? 1 : 0);
  out.gauge("naru_log_uncommitted_bytes", "Bytes appended to the log and not yet on disk",
            status.uncommitted_bytes);
  out.gauge("naru_log_uncommitted_limit_bytes", "With more than this publishers wait",
            node.uncommitted_bytes_max);
  out.gauge("naru_metadata_uncommitted_bytes",
            "Changes of metadata on their way, of the shard with most: its bound is "
            "naru_memory_bound_bytes{of=\"uncommitted_metadata_of_a_shard\"}",
            status.changes_bytes);
  out.gauge("naru_transaction_targets",
            "Messages times queues of uncommitted transactions, of the shard with most; 64 bytes "
            "each count for naru_memory_bound_bytes{of=\"targets_of_transactions_of_a_shard\"}",
            status.transaction_targets);
  out.gauge("naru_connections_limit", "Connections at once; 0: any number", node.connections_max);
  out.gauge("naru_http_connections", "Connections over HTTP", node.http_connections);
  out.gauge("naru_http_connections_limit",
            "Those at once; for one more the one that has waited longest for its client goes",
            node.http_connections_max);
}

/// The budget of memory: what there is, what is used, and by whom.
void write_memory(MetricsText& out, const NodeStatus& node, const BrokerStatus& status) {
  const MemoryStatus& memory = node.memory;
  out.gauge("rabbitmq_resident_memory_limit_bytes", "memory.limit, in bytes",
            node.memory_bytes_max);
  out.gauge("naru_memory_step",
            "How short memory is: 0 normal, 1 page out, 2 slow, 3 stop publishers, 4 refuse",
            std::to_underlying(memory.step));
  std::vector<std::pair<std::string, std::uint64_t>> held;
  std::vector<std::pair<std::string, std::uint64_t>> most;
  std::uint64_t sum = 0;
  for (const MemoryTermStatus& term : memory.terms) {
    const std::string labels = fmt::format(R"({{term="{}"}})", term.name);
    held.emplace_back(labels, term.bytes);
    most.emplace_back(labels, term.bytes_max);
    sum += term.bytes;
  }
  out.gauges("naru_memory_bytes", "Memory by what holds it", held);
  out.gauges("naru_memory_limit_bytes", "The most that may be held so", most);
  std::vector<std::pair<std::string, std::uint64_t>> bounds;
  for (const MemoryBound& bound : memory.bounds) {
    bounds.emplace_back(fmt::format(R"({{of="{}"}})", bound.name), bound.bytes_max);
  }
  out.gauges("naru_memory_bound_bytes",
             "The most that one of these may hold at the step that holds now", bounds);
  out.gauge("naru_connection_consumers_limit",
            "Consumers that one connection may come to; 0: any number",
            memory.connection_consumers_max);
  out.gauge("naru_connection_channels_limit",
            "Channels that one connection may come to; 0: as many as were negotiated",
            memory.connection_channels_max);
  out.gauge("naru_unacknowledged_scarce_shards",
            "Shards whose connections hold so many unacknowledged messages that each may have few",
            status.scarce_leases_shards);
  out.gauge("naru_memory_accounted_bytes", "The sum of naru_memory_bytes", sum);
  out.gauge("naru_memory_allocated_bytes", "Allocated and not freed, as the allocator counts it",
            memory.allocated_bytes);
}

/// Those who wait for their turn to be answered at length.
void write_lines(MetricsText& out, HttpApi& api) {
  std::vector<std::pair<std::string, std::uint64_t>> waiting;
  std::vector<std::pair<std::string, std::uint64_t>> refused;
  for (const auto& [of, line] :
       {std::pair<std::string_view, const Line&>("catalog", api.listings()),
        {"connections", api.connection_listings()},
        {"views", api.connection_views()},
        {"messages", api.gets()},
        {"imports", api.imports()}}) {
    const std::string labels = fmt::format(R"({{of="{}"}})", of);
    waiting.emplace_back(labels, line.waiting());
    refused.emplace_back(labels, line.refused());
  }
  out.gauges("naru_http_long_answers_waiting", "Long answers over HTTP whose turn has not come",
             waiting);
  out.gauge("naru_http_long_answers_waiting_limit", "With so many of one kind further ones get 503",
            HttpApi::kWaitingMax);
  out.counters("naru_http_long_answers_refused_total",
               "Those that got 503, as too many waited or their turn did not come in time",
               refused);
}

void write_storage(MetricsText& out, const cluster::StorageFigures& storage,
                   const BrokerStatus& status) {
  out.gauge("naru_storage_log_files", "Files of the log", storage.log_files);
  out.gauge("naru_storage_log_bytes", "Bytes of the files of the log", storage.log_bytes);
  out.gauge("naru_storage_free_bytes", "Bytes of files that are kept to become the log's again",
            storage.free_bytes);
  out.counter("naru_storage_log_writes_total", "Writes to the log", storage.log_frames_written);
  out.counter(
      "naru_storage_log_written_bytes_total",
      "Bytes of those writes; the zeros that a new file is prepared with are not among them",
      storage.log_bytes_written);
  out.gauge("naru_storage_segments", "Files that left the log because of what lives on in them",
            storage.segments);
  out.gauge("naru_storage_segment_bytes", "Bytes of those files", storage.segment_bytes);
  out.gauge("naru_storage_segment_needed_bytes", "About how many of them are still needed",
            storage.segment_needed_bytes);
  out.counter("naru_storage_copied_bytes_total", "Bytes written to rewrite sparse segments",
              storage.compaction.bytes_written);
  out.counter("naru_storage_copying_given_up_total",
              "Times that rewriting was put off, for want of room mostly",
              storage.compaction.given_up);
  out.gauge("naru_storage_damaged", "Places on disk that were found damaged or cannot be read",
            storage.damaged);
  out.gauge("naru_index_pages", "Pages of queues' indexes that the log has", status.index_pages);
  out.gauge("naru_index_pages_out", "Those of them that are not in memory", status.index_pages_out);
}

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr Duration kMetricsAge = std::chrono::seconds(1);

}  // namespace

void get_metrics(const CallRef& call) {
  const TimePoint now = call->api().shard().now().mono;
  if (const auto& page = call->api().metrics_page(); !page.text.empty() && now < page.until) {
    return call->reply_text(page.text, kMetricsType);
  }
  collect_status(call->api().shard(), call->api().connections(),
                 {.consumers_of = any_queue,
                  .connections = any_connection,
                  .only_counts = true,
                  .tenants = true},
                 [call, now](const BrokerStatus& status) {
                   MetricsText out;
                   write_identity(out, call->api().identity());
                   write_messages(out, status);
                   write_durability(out, status);
                   write_objects(out, status, call->api().catalog());
                   const NodeStatus node = call->api().node_status();
                   write_process(out, node, status);
                   write_storage(out, node.storage, status);
                   write_memory(out, node, status);
                   write_lines(out, call->api());
                   auto& page = call->api().metrics_page();
                   page.until = now + kMetricsAge;
                   page.text = out.take();
                   call->reply_text(page.text, kMetricsType);
                 });
}

}  // namespace naru::admin
