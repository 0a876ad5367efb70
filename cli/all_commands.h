#pragma once
/// The functions that commands.cc calls, one per noun.

#include "cli/noun.h"

namespace naru::cli {

void add_queue_commands(Command& root, const Shell& shell);       // cmd_queue.cc
void add_exchange_commands(Command& root, const Shell& shell);    // cmd_exchange.cc
void add_binding_commands(Command& root, const Shell& shell);     // cmd_binding.cc
void add_connection_commands(Command& root, const Shell& shell);  // cmd_connection.cc
void add_user_commands(Command& root, const Shell& shell);        // cmd_user.cc
void add_permission_commands(Command& root, const Shell& shell);  // cmd_permission.cc
void add_tenant_commands(Command& root, const Shell& shell);      // cmd_permission.cc
void add_status_commands(Command& root, const Shell& shell);      // cmd_status.cc

}  // namespace naru::cli
