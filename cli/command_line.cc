#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace naru::cli {

Command Command::add(const std::string& name, const std::string& help) {
  return Command(*app_->add_subcommand(name, help));
}

void Command::require_one() {
  app_->require_subcommand(1);
}

void Command::flag(const std::string& names, bool& into, const std::string& help) {
  app_->add_flag(names, into, help);
}

void Command::text(const std::string& names, std::string& into, const std::string& type,
                   const std::string& help) {
  app_->add_option(names, into, help)->type_name(type);
}

void Command::required_text(const std::string& name, std::string& into, const std::string& help) {
  const CLI::Validator named(
      [](const std::string& text) {
        return text.empty() ? std::string("it must not be empty") : std::string();
      },
      "");
  app_->add_option(name, into, help)->required()->type_name("")->check(named);
}

void Command::texts(const std::string& names, std::vector<std::string>& into,
                    const std::string& type, const std::string& help) {
  CLI::Option* option = app_->add_option(names, into, help)->type_name(type);
  if (names.starts_with('-')) option->take_all()->allow_extra_args(false);
}

void Command::number(const std::string& names, std::uint64_t& into, const std::string& type,
                     const std::string& help, std::uint64_t least) {
  const CLI::Validator whole(
      [least](const std::string& text) {
        const bool is_whole = text.find_first_not_of("0123456789") == std::string::npos;
        const bool is_zero = text.find_first_not_of('0') == std::string::npos;
        if (is_whole && (least == 0 || !is_zero)) return std::string();
        return least == 0 ? std::string("it must be a whole number")
                          : std::string("it must be a whole number above 0");
      },
      "");
  app_->add_option(names, into, help)->type_name(type)->check(whole);
}

void Command::choice(const std::string& names, std::string& into,
                     const std::vector<std::string>& among, const std::string& help) {
  std::string type;
  for (const std::string& each : among) type += (type.empty() ? "" : "|") + each;
  app_->add_option(names, into, help)->check(CLI::IsMember(among).description(""))->type_name(type);
}

void Command::footer(const std::string& text) {
  app_->footer(text);
}

void Command::on_chosen(Action& chosen, Action action) {
  app_->callback([&chosen, action = std::move(action)] { chosen = action; });
}

int explain(const CLI::App& root, const CLI::ParseError& error, Console& console) {
  std::string name = "naru";
  const CLI::App* at = &root;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  if (error.get_exit_code() == 0) {
    const bool asks_version = dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr;
    console.write(asks_version ? fmt::format("{}\n", error.what())
                               : root.help());  // of the command that was named
    const Outcome<void> written = all_written(console);
    if (written) return static_cast<int>(Exit::ok);
    console.write_error(fmt::format("naru: {}\n", written.error().what));
    return static_cast<int>(written.error().exit);
  }
  const bool lacks_command = at->get_require_subcommand_min() > 0;
  const std::vector<std::string> left = at->remaining();
  if (lacks_command && left.empty()) {
    console.write_error(root.help());  // of `at`
  } else if (lacks_command) {
    console.write_error(fmt::format("naru: there is no '{} {}'; `{} --help` lists what there is\n",
                                    name, left[0], name));
  } else {
    console.write_error(fmt::format("naru: {}; see `{} --help`\n", error.what(), name));
  }
  return static_cast<int>(Exit::usage);
}

}  // namespace naru::cli
