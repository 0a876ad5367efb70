// naru user …
#include <fmt/format.h>

#include "cli/all_commands.h"
#include "cli/password.h"

namespace naru::cli {

namespace {

constexpr std::string_view kUserPath = "/api/users/{user}";

std::shared_ptr<std::string> add_name(Command& command) {
  auto name = std::make_shared<std::string>();
  command.required_text("NAME", *name, "The user's name");
  return name;
}

void add_add(Command& noun, const Shell& shell) {
  Command command = noun.add("add", "Make a user; the password is typed, or piped in as one line");
  auto name = add_name(command);
  auto tags = std::make_shared<std::string>();
  command.text("--tags", *tags, "TAGS",
               "Roles with commas between: administrator, monitoring, management");
  command.on_chosen(shell.chosen, [shell, name, tags]() -> Outcome<void> {
    AdminClient client(shell.environment);
    if (const auto user = client.get(kUserPath, {*name}); user) {
      return failed(Exit::conflict,
                    fmt::format("user {} is there already; `naru user set-password {}` changes "
                                "the password",
                                *name, *name));
    } else if (user.error().exit != Exit::not_found) {
      return std::unexpected(user.error());
    }
    NARU_TRY(password, read_new_password(shell.environment.console));
    NARU_TRY_VOID(client.change(
        "PUT", kUserPath, {*name},
        {.body = {{"password", admin::json_text(password)}, {"tags", admin::json_text(*tags)}}}));
    tell(shell.environment.console,
         fmt::format("User {} is there. `naru permission set {}` lets it use a tenant.", *name,
                     *name));
    return {};
  });
}

void add_delete(Command& noun, const Shell& shell) {
  Command command = noun.add("delete", "Delete a user");
  auto name = add_name(command);
  command.on_chosen(shell.chosen, [shell, name]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.change("DELETE", kUserPath, {*name}));
    tell(shell.environment.console, fmt::format("User {} is deleted.", *name));
    return {};
  });
}

void add_set_password(Command& noun, const Shell& shell) {
  Command command =
      noun.add("set-password", "Change a user's password; it is typed, or piped in as one line");
  auto name = add_name(command);
  command.on_chosen(shell.chosen, [shell, name]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY(user, client.get(kUserPath, {*name}));
    if (!user.is_object()) return failed(Exit::failure, "the broker's answer is no user");
    NARU_TRY(password, read_new_password(shell.environment.console));
    NARU_TRY_VOID(client.change(
        "PUT", kUserPath, {*name},
        {.body = {{"password", admin::json_text(password)}, {"tags", user.get_object()["tags"]}}}));
    tell(shell.environment.console, fmt::format("The password of {} is changed.", *name));
    return {};
  });
}

void add_set_tags(Command& noun, const Shell& shell) {
  Command command = noun.add("set-tags", "Replace a user's tags; without any, none");
  auto name = add_name(command);
  auto tags = std::make_shared<std::vector<std::string>>();
  command.texts("TAG", *tags, "", "administrator, monitoring, management");
  command.on_chosen(shell.chosen, [shell, name, tags]() -> Outcome<void> {
    AdminClient client(shell.environment);
    NARU_TRY_VOID(client.get(kUserPath, {*name}));
    json::array list;
    for (const std::string& tag : *tags) list.push_back(admin::json_text(tag));
    NARU_TRY_VOID(client.change("PUT", kUserPath, {*name}, {.body = {{"tags", std::move(list)}}}));
    tell(shell.environment.console, fmt::format("The tags of {} are changed.", *name));
    return {};
  });
}

}  // namespace

void add_user_commands(Command& root, const Shell& shell) {
  Command noun = add_noun(root, "user", "List, add, change and delete users");
  add_list(noun, shell, "List users",
           {"/api/users", "", {{"NAME", "name"}, {"TAGS", "tags"}, {"PASSWORD", "has_password"}}});
  add_add(noun, shell);
  add_delete(noun, shell);
  add_set_password(noun, shell);
  add_set_tags(noun, shell);
}

}  // namespace naru::cli
