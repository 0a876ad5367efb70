// Connections, their channels and consumers.
#include <fmt/format.h>

#include "admin/broker_status.h"
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

using Reply = void (*)(Call&, const BrokerStatus&);

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

void with_connections(const CallRef& call, Reply reply, bool consumers = false) {
  collect_status(call->api().shard(), call->api().connections(),
                 {.connections = true, .consumers = consumers},
                 [call, reply](const BrokerStatus& status) { reply(*call, status); });
}

Renderer renderer(Call& call) {
  return {call.api().catalog(), call.api().identity().node};
}

void append_channels(json::array& out, const Renderer& render, const ConnectionStatus& connection) {
  for (const ChannelStatus& channel : connection.channels) {
    out.push_back(render.channel(connection, channel));
  }
}

void close_found(const CallRef& call, const ConnectionStatus& connection) {
  // Monitoring may look at others' connections, and close none of them.
  if (!call->principal().is_administrator() && connection.user != call->principal().user) {
    return call->reply_error(403, "access_refused", "the connection is somebody else's");
  }
  const std::string_view given = io::find_header(call->request().headers, "x-reason");
  std::string reason = given.empty() ? "Closed via management plugin" : std::string(given);
  const core::ShardId home = call->api().shard().options().id;
  call->api().shard().on_shard(
      core::shard_of(connection.id),
      [id = connection.id, home, call, reason = std::move(reason)](core::Shard& there) mutable {
        if (core::Client* client = there.find_client(id)) {
          client->request_close(Errc::ok, std::move(reason));
        }
        there.on_shard(home, [call = std::move(call)](core::Shard&) { call->reply_nothing(); });
      });
}

}  // namespace

void list_connections(const CallRef& call) {
  with_connections(call, [](Call& asked, const BrokerStatus& status) {
    json::array out;
    for (const ConnectionStatus& connection : status.connections) {
      if (is_asked_for(asked, connection)) out.push_back(renderer(asked).connection(connection));
    }
    asked.reply(out);
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
                   if (const auto* connection = find(*call, status)) close_found(call, *connection);
                 });
}

void list_connection_channels(const CallRef& call) {
  with_connections(call, [](Call& asked, const BrokerStatus& status) {
    const ConnectionStatus* connection = find(asked, status);
    if (connection == nullptr) return;
    json::array out;
    append_channels(out, renderer(asked), *connection);
    asked.reply(out);
  });
}

void list_channels(const CallRef& call) {
  with_connections(call, [](Call& asked, const BrokerStatus& status) {
    json::array out;
    for (const ConnectionStatus& connection : status.connections) {
      if (is_asked_for(asked, connection)) append_channels(out, renderer(asked), connection);
    }
    asked.reply(out);
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
  with_connections(
      call,
      [](Call& asked, const BrokerStatus& status) {
        json::array out;
        for (const ConsumerStatus& consumer : status.consumers) {
          const auto* queue = asked.api().catalog().find_queue(consumer.consumer.queue.id);
          if (queue == nullptr) continue;
          const bool shown =
              asked.tenant_or_all() ? queue->tenant == asked.tenant() : asked.sees(queue->tenant);
          if (shown) out.push_back(renderer(asked).consumer(consumer, status));
        }
        asked.reply(out);
      },
      true);
}

}  // namespace naru::admin
