// Connections and their channels.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

using Status = std::shared_ptr<const BrokerStatus>;

ConnectionFilter named(std::string name) {
  return [name = std::move(name)](const ConnectionStatus& each) { return each.name == name; };
}

ConnectionFilter of_user(std::string user) {
  return [user = std::move(user)](const ConnectionStatus& each) { return each.user == user; };
}

/// Of the tenant that {vhost} names, or of all.
ConnectionFilter asked_for(Call& call) {
  if (!call.tenant_or_all()) return call.sees_connections();
  return [sees = call.sees_connections(), tenant = call.parameter("vhost")](
             const ConnectionStatus& each) { return each.tenant == tenant && sees(each); };
}

/// The path's connection. Answers itself when there is none, or none that the caller may see.
const ConnectionStatus* find(Call& call, const BrokerStatus& status) {
  if (status.connections.empty()) {
    call.reply_not_found("there is no connection of this name");
    return nullptr;
  }
  const ConnectionStatus& connection = status.connections.front();
  if (call.sees_connections()(connection)) return &connection;
  call.reply_error(403, "access_refused", "the connection is somebody else's");
  return nullptr;
}

/// Calls `run(call, status)` with the connections that are asked for, in the line of listings; what
/// is listed keeps the status for as long as it needs it.
template <typename Run>
void list_where(const CallRef& call, ConnectionFilter filter, Run run) {
  call->wait_to_list_connections([call, filter = std::move(filter), run]() mutable {
    collect_status(call->api().shard(), call->api().connections(),
                   {.connections = std::move(filter)}, [call, run](BrokerStatus status) {
                     run(call, std::make_shared<const BrokerStatus>(std::move(status)));
                   });
  });
}

void reply_connections(const CallRef& call, const Status& status) {
  std::vector<const ConnectionStatus*> rows;
  rows.reserve(status->connections.size());
  for (const ConnectionStatus& connection : status->connections) rows.push_back(&connection);
  call->reply_rows(make_rows(
      std::move(rows),
      [call, status](const ConnectionStatus* connection) {
        return std::optional(call->api().renderer().connection(*connection));
      },
      status->memory_bytes()));
}

struct ChannelRow {
  const ConnectionStatus* connection;
  const ChannelStatus* channel;
};

void reply_channels(const CallRef& call, const Status& status) {
  std::vector<ChannelRow> rows;
  for (const ConnectionStatus& connection : status->connections) {
    for (const ChannelStatus& channel : connection.channels) {
      rows.push_back({&connection, &channel});
    }
  }
  call->reply_rows(make_rows(
      std::move(rows),
      [call, status](const ChannelRow& row) {
        return std::optional(call->api().renderer().channel(*row.connection, *row.channel));
      },
      status->memory_bytes()));
}

const ChannelStatus* find_channel(const ConnectionStatus& connection, std::string_view name) {
  if (!name.starts_with(connection.name)) return nullptr;
  name.remove_prefix(connection.name.size());
  for (const ChannelStatus& channel : connection.channels) {
    if (name == fmt::format(" ({})", channel.number)) return &channel;
  }
  return nullptr;
}

/// Monitoring may look at others' connections, and close none of them.
bool may_close(const Call& call, std::string_view owner) {
  return call.principal().is_administrator() || owner == call.principal().user;
}

/// Tells them to close, wherever they are, and answers.
void close_where(const CallRef& call, ConnectionFilter filter) {
  const std::string_view given = io::find_header(call->request().headers, "x-reason");
  std::string reason = given.empty() ? "Closed via management plugin" : std::string(given);
  gather(
      call->api().shard(),
      [&connections = call->api().connections(), filter = std::move(filter),
       reason = std::move(reason)](core::Shard& there) {
        std::vector<core::ConnectionId> ids;
        connections.each_connection(there.options().id, [&](const ConnectionStatus& connection) {
          if (filter(connection)) ids.push_back(connection.id);
        });
        for (const core::ConnectionId id : ids) {
          if (core::Client* client = there.find_client(id)) client->request_close(Errc::ok, reason);
        }
        return ids.size();
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
  list_where(call, asked_for(*call), reply_connections);
}

void get_connection(const CallRef& call) {
  collect_status(call->api().shard(), call->api().connections(),
                 {.connections = named(call->parameter("connection"))},
                 [call](const BrokerStatus& status) {
                   if (const ConnectionStatus* connection = find(*call, status)) {
                     call->reply(call->api().renderer().connection(*connection));
                   }
                 });
}

void close_connection(const CallRef& call) {
  collect_status(
      call->api().shard(), call->api().connections(),
      {.connections = named(call->parameter("connection"))}, [call](const BrokerStatus& status) {
        const ConnectionStatus* connection = find(*call, status);
        if (connection == nullptr) return;
        if (!may_close(*call, connection->user)) {
          return call->reply_error(403, "access_refused", "the connection is somebody else's");
        }
        close_where(call,
                    [id = connection->id](const ConnectionStatus& each) { return each.id == id; });
      });
}

void list_user_connections(const CallRef& call) {
  if (!may_ask_for_user(*call)) return;
  list_where(call, of_user(call->parameter("user")), reply_connections);
}

void close_user_connections(const CallRef& call) {
  if (!may_close(*call, call->parameter("user"))) {
    return call->reply_error(403, "access_refused", "the connections are somebody else's");
  }
  close_where(call, of_user(call->parameter("user")));
}

void list_connection_channels(const CallRef& call) {
  list_where(call, named(call->parameter("connection")),
             [](const CallRef& asked, const Status& status) {
               if (find(*asked, *status) != nullptr) reply_channels(asked, status);
             });
}

void list_channels(const CallRef& call) {
  list_where(call, asked_for(*call), reply_channels);
}

void get_channel(const CallRef& call) {
  const std::string& name = call->parameter("channel");
  collect_status(
      call->api().shard(), call->api().connections(),
      {.connections =
           [sees = call->sees_connections(), name](const ConnectionStatus& each) {
             return find_channel(each, name) != nullptr && sees(each);
           }},
      [call, name](const BrokerStatus& status) {
        if (status.connections.empty()) {
          return call->reply_not_found("there is no channel of this name");
        }
        const ConnectionStatus& connection = status.connections.front();
        call->reply(call->api().renderer().channel(connection, *find_channel(connection, name)));
      });
}

}  // namespace naru::admin
