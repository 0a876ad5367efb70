// Connections, their channels and consumers.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "admin/broker_status.h"
#include "admin/call.h"
#include "admin/gather.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

using Reply = void (*)(Call&, const BrokerStatus&);
using Status = std::shared_ptr<const BrokerStatus>;
using List = void (*)(const CallRef&, const Status&);

/// Without the tag monitoring a user sees connections of its own only.
bool sees(const Call& call, const ConnectionStatus& connection) {
  return call.is_monitor() || connection.user == call.principal().user;
}

bool is_asked_for(Call& call, const ConnectionStatus& connection) {
  if (!sees(call, connection)) return false;
  return !call.tenant_or_all() || connection.tenant == call.parameter("vhost");
}

/// Answers itself when there is none, or none that the caller may see.
const ConnectionStatus* find(Call& call, const BrokerStatus& status) {
  const ConnectionStatus* connection = status.find_connection(call.parameter("connection"));
  if (connection != nullptr && sees(call, *connection)) return connection;
  if (connection == nullptr) {
    call.reply_not_found("there is no connection of this name");
  } else {
    call.reply_error(403, "access_refused", "the connection is somebody else's");
  }
  return nullptr;
}

void with_connections(const CallRef& call, Reply reply) {
  collect_status(call->api().shard(), call->api().connections(), {.connections = true},
                 [call, reply](const BrokerStatus& status) { reply(*call, status); });
}

/// The same in the line of listings; what is listed keeps the status for as long as it needs it.
void list_with_status(const CallRef& call, List list, bool consumers = false) {
  call->wait_to_list(call->api().connection_listings(), SIZE_MAX, [call, list, consumers] {
    collect_status(call->api().shard(), call->api().connections(),
                   {.connections = true, .consumers = consumers},
                   [call, list](BrokerStatus status) {
                     list(call, std::make_shared<const BrokerStatus>(std::move(status)));
                   });
  });
}

Renderer renderer(Call& call) {
  return {call.api().catalog(), call.api().identity().node};
}

void reply_connections(const CallRef& call, const Status& status,
                       std::vector<const ConnectionStatus*> rows) {
  call->reply_rows(make_rows(
      std::move(rows),
      [call, status](const ConnectionStatus* connection) {
        return std::optional(renderer(*call).connection(*connection));
      },
      status->memory_bytes()));
}

struct ChannelRow {
  const ConnectionStatus* connection;
  const ChannelStatus* channel;
};

void add_channels(std::vector<ChannelRow>& rows, const ConnectionStatus& connection) {
  for (const ChannelStatus& channel : connection.channels) rows.push_back({&connection, &channel});
}

void reply_channels(const CallRef& call, const Status& status, std::vector<ChannelRow> rows) {
  call->reply_rows(make_rows(
      std::move(rows),
      [call, status](const ChannelRow& row) {
        return std::optional(renderer(*call).channel(*row.connection, *row.channel));
      },
      status->memory_bytes()));
}

/// Monitoring may look at others' connections, and close none of them.
bool may_close(const Call& call, std::string_view owner) {
  return call.principal().is_administrator() || owner == call.principal().user;
}

/// Tells them to close, wherever they are, and answers.
void close_all(const CallRef& call, std::vector<core::ConnectionId> connections) {
  const std::string_view given = io::find_header(call->request().headers, "x-reason");
  std::string reason = given.empty() ? "Closed via management plugin" : std::string(given);
  gather(
      call->api().shard(),
      [connections = std::move(connections), reason = std::move(reason)](core::Shard& there) {
        std::size_t told = 0;
        for (const core::ConnectionId id : connections) {
          core::Client* client =
              core::shard_of(id) == there.options().id ? there.find_client(id) : nullptr;
          if (client == nullptr) continue;
          client->request_close(Errc::ok, reason);
          ++told;
        }
        return told;
      },
      [call](const std::vector<std::size_t>&) { call->reply_nothing(); });
}

/// Of one's own connections everybody may ask. Answers itself when this is not the case.
bool may_ask_for_user(Call& call) {
  if (call.is_monitor() || call.parameter("user") == call.principal().user) return true;
  call.reply_error(403, "access_refused", "the connections are somebody else's");
  return false;
}

}  // namespace

void list_connections(const CallRef& call) {
  list_with_status(call, [](const CallRef& asked, const Status& status) {
    std::vector<const ConnectionStatus*> rows;
    for (const ConnectionStatus& connection : status->connections) {
      if (is_asked_for(*asked, connection)) rows.push_back(&connection);
    }
    reply_connections(asked, status, std::move(rows));
  });
}

void get_connection(const CallRef& call) {
  with_connections(call, [](Call& asked, const BrokerStatus& status) {
    if (const ConnectionStatus* connection = find(asked, status)) {
      asked.reply(renderer(asked).connection(*connection));
    }
  });
}

void close_connection(const CallRef& call) {
  collect_status(call->api().shard(), call->api().connections(), {.connections = true},
                 [call](const BrokerStatus& status) {
                   const ConnectionStatus* connection = find(*call, status);
                   if (connection == nullptr) return;
                   if (!may_close(*call, connection->user)) {
                     return call->reply_error(403, "access_refused",
                                              "the connection is somebody else's");
                   }
                   close_all(call, {connection->id});
                 });
}

void list_user_connections(const CallRef& call) {
  if (!may_ask_for_user(*call)) return;
  list_with_status(call, [](const CallRef& asked, const Status& status) {
    std::vector<const ConnectionStatus*> rows;
    for (const ConnectionStatus& connection : status->connections) {
      if (connection.user == asked->parameter("user")) rows.push_back(&connection);
    }
    reply_connections(asked, status, std::move(rows));
  });
}

void close_user_connections(const CallRef& call) {
  if (!may_close(*call, call->parameter("user"))) {
    return call->reply_error(403, "access_refused", "the connections are somebody else's");
  }
  collect_status(call->api().shard(), call->api().connections(), {.connections = true},
                 [call](const BrokerStatus& status) {
                   std::vector<core::ConnectionId> ids;
                   for (const ConnectionStatus& connection : status.connections) {
                     if (connection.user == call->parameter("user")) ids.push_back(connection.id);
                   }
                   close_all(call, std::move(ids));
                 });
}

void list_connection_channels(const CallRef& call) {
  list_with_status(call, [](const CallRef& asked, const Status& status) {
    const ConnectionStatus* connection = find(*asked, *status);
    if (connection == nullptr) return;
    std::vector<ChannelRow> rows;
    add_channels(rows, *connection);
    reply_channels(asked, status, std::move(rows));
  });
}

void list_channels(const CallRef& call) {
  list_with_status(call, [](const CallRef& asked, const Status& status) {
    std::vector<ChannelRow> rows;
    for (const ConnectionStatus& connection : status->connections) {
      if (is_asked_for(*asked, connection)) add_channels(rows, connection);
    }
    reply_channels(asked, status, std::move(rows));
  });
}

void get_channel(const CallRef& call) {
  with_connections(call, [](Call& asked, const BrokerStatus& status) {
    const std::string& name = asked.parameter("channel");
    for (const ConnectionStatus& connection : status.connections) {
      if (!sees(asked, connection)) continue;
      for (const ChannelStatus& channel : connection.channels) {
        if (fmt::format("{} ({})", connection.name, channel.number) != name) continue;
        return asked.reply(renderer(asked).channel(connection, channel));
      }
    }
    asked.reply_not_found("there is no channel of this name");
  });
}

void list_consumers(const CallRef& call) {
  list_with_status(
      call,
      [](const CallRef& asked, const Status& status) {
        std::vector<const ConsumerStatus*> rows;
        for (const ConsumerStatus& consumer : status->consumers) {
          const auto* queue = asked->api().catalog().find_queue(consumer.consumer.queue.id);
          if (queue == nullptr) continue;
          const bool shown = asked->tenant_or_all() ? queue->tenant == asked->tenant()
                                                    : asked->sees(queue->tenant);
          if (shown) rows.push_back(&consumer);
        }
        asked->reply_rows(make_rows(
            std::move(rows),
            [asked, status](const ConsumerStatus* row) {
              return std::optional(renderer(*asked).consumer(*row, *status));
            },
            status->memory_bytes()));
      },
      true);
}

}  // namespace naru::admin
