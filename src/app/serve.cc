#include "app/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "app/load_config.h"
#include "app/logger.h"
#include "app/node.h"
#include "app/settings.h"
#include "app/version.h"
#include "io/asio/signals.h"

namespace naru::app {

namespace {

struct ServeOptions {
  std::string config_path;
  std::optional<std::string> data_dir;
  std::vector<std::string> sets;
  bool help_config = false;
};

/// Whatever can be read, a pipe too, as far as it is no longer than a configuration can be.
Result<std::string> read_config_file(const std::string& path) {
  constexpr std::size_t kBytesMax = std::size_t{1} << 20;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  std::string content(kBytesMax + 1, '\0');
  const std::size_t got = file ? std::fread(content.data(), 1, content.size(), file.get()) : 0;
  if (!file || std::ferror(file.get()) != 0) {
    return fail(Errc::not_found, fmt::format("cannot read {}: {}; check the path given to --config",
                                             path, std::generic_category().message(errno)));
  }
  if (got > kBytesMax) {
    return fail(Errc::limit, path +
                                 ": larger than 1 MiB, which no configuration is; check the path "
                                 "given to --config");
  }
  content.resize(got);
  return content;
}

Result<Config> configure(const ServeOptions& options) {
  ConfigSources sources;
  sources.environment = [](const char* name) { return std::getenv(name); };
  sources.sets = options.sets;
  sources.data_dir = options.data_dir;
  if (!options.config_path.empty()) {
    NARU_TRY(content, read_config_file(options.config_path));
    sources.file = {options.config_path, std::move(content)};
  }
  NARU_TRY(config, load_config(sources));
  NARU_TRY_VOID(check_agreement(config));
  return config;
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

void print_welcome(const Node& node, const Config& config) {
  std::printf("naru %s\n", kVersion.data());
  for (const Node::Listening& listening : node.listening()) {
    std::printf("listening %s %s\n", listening.protocol.c_str(), listening.at.to_string().c_str());
  }
  std::printf("data in %s\n", config.data_dir.c_str());
  if (node.guest_has_first_password()) {
    std::printf("log in as guest with password guest, from this machine only\n");
  } else {
    std::printf("log in with your users\n");
  }
  std::printf("stop with Ctrl-C or SIGTERM\n");
  std::fflush(stdout);
}

int serve(const ServeOptions& options) {
  if (options.help_config) {
    if (std::fputs(settings_help().c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
    if (errno == EPIPE) return 0;  // who reads it has seen enough
    std::perror("naru: cannot write the output");
    return 1;
  }
  auto config = configure(options);
  if (!config) {
    std::fprintf(stderr, "naru: %s\n", config.error().what.c_str());
    return 2;
  }
  // Before the first thread is made, so that all of them inherit it.
  io::asio_impl::block_signals(stop_signals());
  StderrLogger log(config->log_level);
  for (const auto& warning : warn_of_unknown_variables(environment_names())) {
    log.warn("{}", warning);
  }
  Node node(*config, log);
  if (auto started = node.start(); !started) {
    log.flush();
    std::fprintf(stderr, "naru: %s\n", started.error().what.c_str());
    return 1;
  }
  print_welcome(node, *config);
  return node.run();
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Run the broker in the foreground");
  command->add_option("--config", options->config_path, "Read settings from this TOML file");
  command->add_option("--data-dir", options->data_dir,
                      "Keep everything durable here (default data)");
  command
      ->add_option(
          "--set", options->sets,
          "One setting as KEY=TOMLVALUE, e.g. 'listeners.amqp=[\"127.0.0.1:5672\"]'; may be "
          "repeated")
      ->take_all()
      ->expected(1);
  command->add_flag("--help-config", options->help_config, "Explain every setting and exit");
  command->callback([options, &exit_code] { exit_code = serve(*options); });
}

}  // namespace naru::app
