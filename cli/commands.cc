#include "cli/commands.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/all_commands.h"
#ifdef NARU_CLI_AMQP
#include "cli/amqp/commands.h"
#endif

namespace naru::cli {

void add_commands(CLI::App& app, Environment& environment, Action& chosen) {
  app.set_version_flag("--version", fmt::format("naru {}", environment.version),
                       "Print the version of this program");
  const Shell shell{environment, chosen};
  Command root(app);
  add_status_commands(root, shell);
#ifdef NARU_CLI_AMQP
  add_publish_command(root, shell);
  add_consume_command(root, shell);
  add_get_command(root, shell);
#endif
  add_queue_commands(root, shell);
  add_exchange_commands(root, shell);
  add_binding_commands(root, shell);
  add_connection_commands(root, shell);
  add_user_commands(root, shell);
  add_permission_commands(root, shell);
  add_tenant_commands(root, shell);
}

int run(const Action& chosen, Console& console) {
  Outcome<void> outcome = chosen();
  if (outcome) outcome = all_written(console);
  if (outcome) return 0;
  console.write_error(fmt::format("naru: {}\n", outcome.error().what));
  return static_cast<int>(outcome.error().exit);
}

}  // namespace naru::cli
