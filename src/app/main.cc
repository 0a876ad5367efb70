/// The program `naru`: commands and their exit codes.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/serve.h"
#include "app/version.h"

int main(int argc, char** argv) {
  CLI::App app{"Naru, a message broker and event log", "naru"};
  app.require_subcommand(1);
  int exit_code = 0;
  app.add_subcommand("version", "Print the version")->callback([] {
    std::printf("naru %s\n", naru::app::kVersion.data());
  });
  naru::app::add_serve(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return exit_code;
}
