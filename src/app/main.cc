/// The program `naru`: commands and their exit codes.

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "app/serve.h"
#include "app/standard_streams.h"
#include "app/store/store_command.h"
#include "app/version.h"
#include "cli/commands.h"
#include "cli/standard_console.h"
#include "io/asio/blocking.h"

int main(int argc, char** argv) {
  naru::app::reserve_standard_streams();
  CLI::App app{"Naru, a message broker and event log", "naru"};
  app.require_subcommand(1);
  app.footer(
      "Commands but serve, store, publish, consume and get ask the broker at NARU_URL "
      "(http://127.0.0.1:15672)"
      "\nas NARU_USER with NARU_PASSWORD (guest, guest). `naru COMMAND --help` says more.");
  int exit_code = 0;
  naru::app::add_serve(app, exit_code);
  naru::app::add_store(app, exit_code);

  naru::cli::StandardConsole console;
  naru::io::asio_impl::LoopConnector connector;
  naru::io::asio_impl::BlockingHttpClient http(connector);
  naru::cli::Environment environment{.console = console,
                                     .http = http,
                                     .connector = connector,
                                     .variable = [](const char* name) { return std::getenv(name); },
                                     .version = std::string(naru::app::kVersion)};
  naru::cli::Action chosen;
  naru::cli::add_commands(app, environment, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return naru::cli::explain(app, error, console);
  }
  return chosen ? naru::cli::run(chosen, console) : exit_code;
}
