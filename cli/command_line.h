#pragma once
/// Describes commands to the parser of the command line. The .cc is the only file here that
/// includes CLI11, which takes long to compile.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/outcome.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace naru::cli {

/// What parsing chose to run; called once after it.
using Action = std::function<Outcome<void>()>;

/// A handle on one command; it lives as long as the CLI::App behind it. What options write to must
/// too: the action that is given to on_chosen() keeps it alive.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// A command within this one.
  Command add(const std::string& name, const std::string& help);
  /// One of the commands within must be named.
  void require_one();

  // ---- Options: `names` is "-a,--argument", or "NAME" for one that goes by its place ----
  void flag(const std::string& names, bool& into, const std::string& help);
  void text(const std::string& names, std::string& into, const std::string& type,
            const std::string& help);
  /// Empty will not do: all that goes by its place is a name.
  void required_text(const std::string& name, std::string& into, const std::string& help);
  /// Each use of the option adds one; by place, all that is left.
  void texts(const std::string& names, std::vector<std::string>& into, const std::string& type,
             const std::string& help);
  void number(const std::string& names, std::uint64_t& into, const std::string& type,
              const std::string& help, std::uint64_t least = 0);
  void choice(const std::string& names, std::string& into, const std::vector<std::string>& among,
              const std::string& help);

  /// Below the options in the help.
  void footer(const std::string& text);
  /// `action` becomes `chosen` when the command line names this command.
  void on_chosen(Action& chosen, Action action);

 private:
  CLI::App* app_;
};

/// Answers a command line that was not understood, or that asked for help: help that was asked for
/// goes to the output; to the error goes the help of what lacks a command, or one line that says
/// what is wrong and where to look. Returns the process's exit code.
int explain(const CLI::App& root, const CLI::ParseError& error, Console& console);

}  // namespace naru::cli
