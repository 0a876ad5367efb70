// naru status, naru version
#include <fmt/format.h>

#include "cli/all_commands.h"

namespace naru::cli {

namespace {

std::uint64_t number(const json::value* value) {
  if (value == nullptr || !value->is_number()) return 0;
  return static_cast<std::uint64_t>(value->to_number<double>());
}

/// A member of a member; null when there is none.
const json::value* find(const json::value& from, std::string_view first,
                        std::string_view second = {}) {
  const json::value* at = &from;
  for (const std::string_view name : {first, second}) {
    if (name.empty() || at == nullptr) continue;
    at = at->is_object() ? at->get_object().if_contains({name.data(), name.size()}) : nullptr;
  }
  return at;
}

std::string text(const json::value* value) {
  return value == nullptr ? std::string() : cell_text(*value);
}

std::string mebibytes(const json::value* value) {
  return fmt::format("{} MiB", number(value) >> 20);
}

/// What is used of what there is, and what that means for clients.
std::string memory(const json::value& node) {
  const std::uint64_t limit = number(find(node, "mem_limit"));
  std::string out =
      limit == 0 ? mebibytes(find(node, "mem_used"))
                 : fmt::format("{} of {} MiB", number(find(node, "mem_used")) >> 20, limit >> 20);
  if (text(find(node, "mem_alarm")) == "yes") out += "; ALARM: publishers wait";
  const std::string step = text(find(node, "memory", "step"));
  if (step == "refuse") out += ", and nothing new is made";
  if (!step.empty() && step != "normal") out += fmt::format(" (step {})", step);
  return out;
}

std::string duration(std::uint64_t ms) {
  const std::uint64_t minutes = ms / 60'000;
  if (minutes == 0) return fmt::format("{} s", ms / 1000);
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {} min", minutes / 60, minutes % 60);
  return fmt::format("{} days", minutes / (24 * 60));
}

std::string listeners(const json::value& overview) {
  std::string out;
  const json::value* list = find(overview, "listeners");
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& listener : list->get_array()) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}:{}", text(find(listener, "protocol")),
                       text(find(listener, "ip_address")), text(find(listener, "port")));
  }
  return out;
}

std::string render(const json::value& overview, const json::value& node) {
  const bool running = text(find(node, "running")) == "yes";
  const bool alarm = text(find(node, "disk_free_alarm")) == "yes";
  const bool full = text(find(node, "log_full")) == "yes";
  const std::string log_lacks = text(find(node, "log_lacks"));
  const std::string damaged = text(find(overview, "queue_totals", "messages_damaged"));
  std::vector<std::pair<std::string, std::string>> facts{
      {"State", full      ? "waiting: the log is full"
                : running ? "serving"
                          : "not serving: `curl …/health/ready` says why"},
      {"Version", text(find(overview, "naru_version"))},
      {"Node", text(find(node, "name"))},
      {"Up for", duration(number(find(node, "uptime")))},
      {"Listening", listeners(overview)},
      {"Connections", text(find(overview, "object_totals", "connections"))},
      {"Queues", text(find(overview, "object_totals", "queues"))},
      {"Consumers", text(find(overview, "object_totals", "consumers"))},
      {"Messages", fmt::format("{} ready, {} unacknowledged{}",
                               text(find(overview, "queue_totals", "messages_ready")),
                               text(find(overview, "queue_totals", "messages_unacknowledged")),
                               damaged.empty() || damaged == "0"
                                   ? ""
                                   : "; DAMAGED on disk: " + damaged + ", see the broker's log")},
      {"Memory", memory(node)},
      {"Disk", fmt::format("{} free{}", mebibytes(find(node, "disk_free")),
                           alarm && log_lacks.empty()
                               ? "; ALARM: publishers wait or are refused until there is more"
                               : "")}};
  if (!log_lacks.empty()) {
    facts.emplace_back("Log", fmt::format("{}: {}",
                                          full ? "FULL, and nothing is stored, settled or delivered"
                                               : "ALARM, publishers wait",
                                          log_lacks));
  }
  return format_facts(facts);
}

void add_status(Command& root, const Shell& shell) {
  Command command = root.add("status", "How the broker is doing");
  auto format = std::make_shared<std::string>();
  add_output_option(command, *format);
  command.on_chosen(shell.chosen, [shell, format]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY(overview, client.get("/api/overview"));
    NARU_TRY(nodes, client.get("/api/nodes"));
    if (!nodes.is_array() || nodes.get_array().empty()) {
      return failed(Exit::failure, "the broker's answer names no node");
    }
    const json::value& node = nodes.get_array()[0];
    if (*format == "json") {
      return print_json(shell.environment.console,
                        json::object{{"overview", overview}, {"node", node}});
    }
    return print(shell.environment.console, render(overview, node));
  });
}

void add_version(Command& root, const Shell& shell) {
  Command command = root.add("version", "Print the version of this program");
  auto format = std::make_shared<std::string>();
  add_output_option(command, *format);
  command.on_chosen(shell.chosen, [shell, format]() -> Outcome<void> {
    Environment& environment = shell.environment;
    if (*format == "json") {
      return print_json(environment.console,
                        json::object{{"version", admin::json_text(environment.version)}});
    }
    return print(environment.console, fmt::format("naru {}\n", environment.version));
  });
}

}  // namespace

void add_status_commands(Command& root, const Shell& shell) {
  add_status(root, shell);
  add_version(root, shell);
}

}  // namespace naru::cli
