#pragma once
/// The operations themselves, by the file they are in.

#include "admin/operations.h"

namespace naru::admin {

// handle_health.cc
void get_live(const CallRef& call);
void get_ready(const CallRef& call);
void check_alarms(const CallRef& call);
void check_tenants(const CallRef& call);
void check_port(const CallRef& call);
void check_protocol(const CallRef& call);
void check_ready(const CallRef& call);
void check_quorum(const CallRef& call);
// metrics.cc
void get_metrics(const CallRef& call);
// handle_overview.cc
void get_overview(const CallRef& call);
void get_whoami(const CallRef& call);
void get_nodes(const CallRef& call);
void get_node(const CallRef& call);
void get_cluster_name(const CallRef& call);
void list_nothing(const CallRef& call);
// handle_definitions.cc
void get_definitions(const CallRef& call);
void post_definitions(const CallRef& call);
void get_tenant_definitions(const CallRef& call);
void post_tenant_definitions(const CallRef& call);
// openapi.cc
void get_openapi(const CallRef& call);
// handle_tenants.cc
void list_tenants(const CallRef& call);
void get_tenant(const CallRef& call);
void put_tenant(const CallRef& call);
void delete_tenant(const CallRef& call);
// handle_users.cc
void list_users(const CallRef& call);
void list_users_without_permissions(const CallRef& call);
void get_user(const CallRef& call);
void put_user(const CallRef& call);
void delete_user(const CallRef& call);
void list_permissions(const CallRef& call);
void list_user_permissions(const CallRef& call);
void get_permission(const CallRef& call);
void put_permission(const CallRef& call);
void delete_permission(const CallRef& call);
// handle_queues.cc
void list_queues(const CallRef& call);
void get_queue(const CallRef& call);
void put_queue(const CallRef& call);
void delete_queue(const CallRef& call);
void purge_queue(const CallRef& call);
void list_consumers(const CallRef& call);
// handle_messages.cc
void publish_message(const CallRef& call);
void get_messages(const CallRef& call);
// handle_exchanges.cc
void list_exchanges(const CallRef& call);
void get_exchange(const CallRef& call);
void put_exchange(const CallRef& call);
void delete_exchange(const CallRef& call);
// handle_bindings.cc
void list_bindings(const CallRef& call);
void list_queue_bindings(const CallRef& call);
void list_source_bindings(const CallRef& call);
void list_destination_bindings(const CallRef& call);
void list_bindings_to_queue(const CallRef& call);
void list_bindings_to_exchange(const CallRef& call);
void bind_queue(const CallRef& call);
void bind_exchange(const CallRef& call);
void get_queue_binding(const CallRef& call);
void get_exchange_binding(const CallRef& call);
void unbind_queue(const CallRef& call);
void unbind_exchange(const CallRef& call);
// handle_connections.cc
void list_connections(const CallRef& call);
void get_connection(const CallRef& call);
void close_connection(const CallRef& call);
void list_user_connections(const CallRef& call);
void close_user_connections(const CallRef& call);
void list_connection_channels(const CallRef& call);
void list_channels(const CallRef& call);
void get_channel(const CallRef& call);

}  // namespace naru::admin
