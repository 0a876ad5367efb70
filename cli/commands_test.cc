// What worries us: commands that ask for something else than they say, exit codes that scripts
// cannot trust, and passwords in places where others read them.
#include "cli/commands.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>

#include "cli/test_support.h"

namespace naru::cli {
namespace {

class CommandsTest : public ::testing::Test {
 protected:
  /// What the process would exit with.
  int run(std::vector<std::string> arguments) {
    CLI::App app;
    app.require_subcommand(1);
    Action chosen;
    add_commands(app, fake_.environment, chosen);
    std::ranges::reverse(arguments);
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return explain(app, error, fake_.console);
    }
    return cli::run(chosen, fake_.console);
  }
  const io::HttpRequest& request(std::size_t at = 0) { return fake_.http.requests.at(at); }

  FakeEnvironment fake_;
};

TEST_F(CommandsTest, AListIsATableWithNumbersToTheRight) {
  fake_.http.answer(
      200,
      R"([{"vhost":"/","name":"a","messages_ready":5,"messages_damaged":2,"consumers":0,"durable":true},
                             {"vhost":"/","name":"longer","messages_ready":12345,"durable":false}])");
  EXPECT_EQ(run({"queue", "list"}), 0);
  EXPECT_EQ(request().target, "/api/queues");
  EXPECT_EQ(fake_.console.output,
            "TENANT  NAME    READY  UNACKED  DAMAGED  CONSUMERS  DURABLE  AUTO-DELETE  EXCLUSIVE  "
            "ARGUMENTS  NOT-IN-EFFECT\n"
            "/       a           5                 2          0  yes\n"
            "/       longer  12345                               no\n");
}

TEST_F(CommandsTest, AnOutputThatCannotBeWrittenIsAFailure) {
  fake_.console.output_breaks = ENOSPC;
  for (const char* command : {"version", "--version", "--help"}) {
    fake_.console.error.clear();
    EXPECT_EQ(run({command}), 1) << command;
    EXPECT_EQ(fake_.console.error, "naru: cannot write the output: No space left on device\n");
  }
  fake_.console.error.clear();
  fake_.http.answer(200, "[]");
  EXPECT_EQ(run({"queue", "list"}), 1);
  EXPECT_EQ(fake_.console.error, "naru: cannot write the output: No space left on device\n");
}

TEST_F(CommandsTest, WhoReadsNoFurtherHasSeenEnough) {
  fake_.console.output_breaks = EPIPE;
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_EQ(fake_.console.error, "");
}

TEST_F(CommandsTest, APasswordThatCannotBeReadIsNone) {
  fake_.http.answer(404, R"({"error":"Object Not Found","reason":"-"})");
  fake_.console.input_breaks = "Input/output error";
  EXPECT_EQ(run({"user", "add", "ann"}), 1);
  EXPECT_EQ(fake_.console.error, "naru: cannot read the input: Input/output error\n");
}

TEST_F(CommandsTest, JsonIsWhatTheApiSays) {
  fake_.http.answer(200, R"([{"name":"a","extra":{"x":1}}])");
  EXPECT_EQ(run({"queue", "list", "-o", "json", "-t", "shop"}), 0);
  EXPECT_EQ(request().target, "/api/queues/shop");
  EXPECT_EQ(fake_.console.output, "[{\"name\":\"a\",\"extra\":{\"x\":1}}]\n");
}

TEST_F(CommandsTest, ControlCharactersInNamesAreShownAndNotObeyed) {
  fake_.http.answer(200, "[{\"name\":\"a\\u001b[2J\"}]");
  EXPECT_EQ(run({"tenant", "list"}), 0);
  EXPECT_NE(fake_.console.output.find("a\\x1b[2J"), std::string::npos);
}

TEST_F(CommandsTest, AQueueIsDeclaredDurableWithTypedArguments) {
  fake_.http.answer(201);
  EXPECT_EQ(run({"queue", "declare", "a/b", "-a", "x-message-ttl=5000", "--argument", "x-note=hi"}),
            0);
  EXPECT_EQ(request().method, "PUT");
  EXPECT_EQ(request().target, "/api/queues/%2F/a%2Fb");
  EXPECT_EQ(
      request().body,
      R"({"durable":true,"auto_delete":false,"arguments":{"x-message-ttl":5000,"x-note":"hi"}})");
  EXPECT_EQ(fake_.console.output, "") << "scripts are told nothing";
}

TEST_F(CommandsTest, PeopleAreToldThatItIsDone) {
  fake_.console.is_terminal = true;
  fake_.http.answer(204);
  EXPECT_EQ(run({"queue", "purge", "q"}), 0);
  EXPECT_EQ(request().target, "/api/queues/%2F/q/contents");
  EXPECT_EQ(fake_.console.output, "Queue q is purged.\n");
}

TEST_F(CommandsTest, TheEnvironmentSaysWhereAndWho) {
  fake_.variables = {{"NARU_URL", "http://broker.example:8080"},
                     {"NARU_USER", "Aladdin"},
                     {"NARU_PASSWORD", "open sesame"},
                     {"NARU_TENANT", "shop"}};
  fake_.http.answer(204);
  EXPECT_EQ(run({"queue", "delete", "q", "--if-empty"}), 0);
  EXPECT_EQ(fake_.http.servers[0], (io::Endpoint{"broker.example", 8080}));
  EXPECT_EQ(request().target, "/api/queues/shop/q?if-empty=true");
  EXPECT_EQ(io::find_header(request().headers, "authorization"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(CommandsTest, ExitCodesSayWhatKindOfTrouble) {
  for (const auto& [status, exit] : std::map<unsigned, int>{
           {400, 1}, {401, 6}, {403, 6}, {404, 4}, {409, 5}, {500, 1}, {503, 1}}) {
    fake_.http.answer(status, R"({"error":"x","reason":"the reason"})");
    EXPECT_EQ(run({"queue", "delete", "q"}), exit) << status;
  }
  EXPECT_EQ(run({"queue", "delete", "q"}), 7) << "nobody listens";
  EXPECT_EQ(run({"queue", "delete"}), 2);
  EXPECT_EQ(run({"queue"}), 2);
  EXPECT_EQ(run({"nonsense"}), 2);
  EXPECT_EQ(run({"queue", "list", "-o", "xml"}), 2);
  EXPECT_EQ(run({"queue", "declare", "q", "-a", "nothing"}), 2);
  for (const char* url : {"https://localhost", "http://localhost:99999", "http://localhost:0"}) {
    fake_.variables["NARU_URL"] = url;
    EXPECT_EQ(run({"queue", "list"}), 2) << url;
  }
}

TEST_F(CommandsTest, ACommandLineWithoutACommandShowsTheHelp) {
  EXPECT_EQ(run({}), 2);
  EXPECT_NE(fake_.console.error.find("permission"), std::string::npos);
  fake_.console.error.clear();
  EXPECT_EQ(run({"queue"}), 2);
  EXPECT_NE(fake_.console.error.find("purge"), std::string::npos);
  EXPECT_EQ(fake_.console.error.find("permission"), std::string::npos) << "of queue only";
  EXPECT_EQ(fake_.console.output, "");
}

TEST_F(CommandsTest, HelpThatWasAskedForIsOutput) {
  EXPECT_EQ(run({"queue", "purge", "--help"}), 0);
  EXPECT_NE(fake_.console.output.find("NAME"), std::string::npos);
  EXPECT_EQ(fake_.console.error, "");
}

TEST_F(CommandsTest, ACommandLineThatIsWrongIsOneLineThatSaysWhereToLook) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> lines = {
      {{"nonsense"}, "naru: there is no 'naru nonsense'; `naru --help` lists what there is\n"},
      {{"queue", "make", "q"},
       "naru: there is no 'naru queue make'; `naru queue --help` lists what there is\n"},
      {{"queue", "purge"}, "naru: NAME is required; see `naru queue purge --help`\n"},
      {{"connection", "close", ""},
       "naru: NAME: it must not be empty; see `naru connection close --help`\n"},
      {{"queue", "purge", "a", "b"},
       "naru: The following argument was not expected: b; see `naru queue purge --help`\n"},
      {{"queue", "list", "-o", "xml"},
       "naru: --output: xml not in {table,json}; see `naru queue list --help`\n"},
      {{"publish", "--count", "x"},
       "naru: --count: it must be a whole number; see `naru publish --help`\n"},
  };
  for (const auto& [words, line] : lines) {
    fake_.console.error.clear();
    EXPECT_EQ(run(words), 2);
    EXPECT_EQ(fake_.console.error, line);
  }
}

TEST_F(CommandsTest, ErrorsAreOneLineThatSaysWhatToDo) {
  EXPECT_EQ(run({"status"}), 7);
  EXPECT_EQ(
      fake_.console.error,
      "naru: no broker answers at http://127.0.0.1:15672 (Connection refused): start one with "
      "`naru serve`, or set NARU_URL\n");
  fake_.console.error.clear();
  fake_.http.answer(404,
                    R"({"error":"Object Not Found","reason":"there is no queue of this name"})");
  EXPECT_EQ(run({"queue", "delete", "q"}), 4);
  EXPECT_EQ(fake_.console.error,
            "naru: there is no queue of this name; `naru queue list` shows what there is\n");
  fake_.console.error.clear();
  fake_.http.answer(403, R"({"reason":"access to queue 'q' in vhost '/' refused for user 'ann'"})");
  EXPECT_EQ(run({"queue", "delete", "q"}), 6);
  EXPECT_EQ(fake_.console.error,
            "naru: access to queue 'q' in vhost '/' refused for user 'ann'; an administrator can "
            "allow it: `naru permission set --help`\n");
  fake_.console.error.clear();
  fake_.http.answer(403, R"({"reason":"this is for users with the tag administrator"})");
  EXPECT_EQ(run({"user", "list"}), 6);
  EXPECT_EQ(fake_.console.error,
            "naru: this is for users with the tag administrator (you are guest); set NARU_USER and "
            "NARU_PASSWORD to somebody who has it\n");
  fake_.console.error.clear();
  fake_.http.answer(409, R"({"reason":"queue 'q' in vhost '/' in use"})");
  EXPECT_EQ(run({"queue", "delete", "q", "--if-unused"}), 5);
  EXPECT_EQ(fake_.console.error,
            "naru: queue 'q' in vhost '/' in use; try again without the condition, or later\n");
}

TEST_F(CommandsTest, ABindingIsFoundByKeyAndArgumentsAndDeletedByItsName) {
  fake_.http.answer(200, R"([{"routing_key":"a","arguments":{},"properties_key":"a"},
                             {"routing_key":"a","arguments":{"n":1},"properties_key":"a~17"}])");
  fake_.http.answer(204);
  EXPECT_EQ(run({"binding", "delete", "x", "q", "-k", "a", "-a", "n=1"}), 0);
  EXPECT_EQ(request(0).target, "/api/bindings/%2F/e/x/q/q");
  EXPECT_EQ(request(1).method, "DELETE");
  EXPECT_EQ(request(1).target, "/api/bindings/%2F/e/x/q/q/a~17");
  fake_.http.answer(200, "[]");
  EXPECT_EQ(run({"binding", "delete", "x", "q"}), 4);
  // Somebody else's rows.
  fake_.http.answer(200, R"([{"routing_key":""}, 5, {"routing_key":"","properties_key":1}])");
  EXPECT_EQ(run({"binding", "delete", "x", "q"}), 4);
}

TEST_F(CommandsTest, APasswordIsReadFromTheInputAndNeverShown) {
  fake_.http.answer(404, R"({"error":"Object Not Found","reason":"-"})");
  fake_.http.answer(201);
  fake_.console.input = "se\"cret\r\nrest";
  EXPECT_EQ(run({"user", "add", "ann", "--tags", "management"}), 0);
  EXPECT_EQ(request(1).body, R"({"password":"se\"cret","tags":"management"})");
  EXPECT_EQ(fake_.console.output + fake_.console.error, "");
}

TEST_F(CommandsTest, ATypedPasswordIsAskedTwiceWithoutEcho) {
  fake_.console.is_terminal = true;
  fake_.console.input = "one\nother\n";
  fake_.http.answer(200, R"({"name":"ann","tags":["monitoring"]})");
  EXPECT_EQ(run({"user", "set-password", "ann"}), 2);
  EXPECT_EQ(fake_.console.echo, "-+-+");
  fake_.console.input = "same\nsame\n";
  fake_.http.answer(200, R"({"name":"ann","tags":["monitoring"]})");
  fake_.http.answer(204);
  EXPECT_EQ(run({"user", "set-password", "ann"}), 0);
  EXPECT_EQ(fake_.http.requests.back().body, R"({"password":"same","tags":["monitoring"]})")
      << "the tags stay";
}

TEST_F(CommandsTest, AUserThatIsThereIsAConflict) {
  fake_.http.answer(200, R"({"name":"ann","tags":[]})");
  fake_.console.input = "secret\n";
  EXPECT_EQ(run({"user", "add", "ann"}), 5);
  EXPECT_EQ(fake_.http.requests.size(), 1u);
}

TEST_F(CommandsTest, PermissionsAreEverythingUnlessSaidOtherwise) {
  fake_.http.answer(201);
  EXPECT_EQ(run({"permission", "set", "ann", "--write", "^orders"}), 0);
  EXPECT_EQ(request().body, R"({"configure":".*","write":"^orders","read":".*"})");
}

TEST_F(CommandsTest, AConnectionsReasonTravelsInItsHeader) {
  fake_.http.answer(204);
  EXPECT_EQ(run({"connection", "close", "a:1 -> b:2", "--reason", "maintenance"}), 0);
  EXPECT_EQ(request().target, "/api/connections/a%3A1%20-%3E%20b%3A2");
  EXPECT_EQ(io::find_header(request().headers, "x-reason"), "maintenance");
  EXPECT_EQ(run({"connection", "close", "c", "--reason", "two\r\nlines"}), 2);
}

TEST_F(CommandsTest, AConnectionIsClosedByWhatItsClientCallsItWhenOnlyOneHasTheName) {
  const std::string list = R"([{"name":"a:1 -> b:2","user_provided_name":"worker-7"},
                               {"name":"a:2 -> b:2","user_provided_name":"worker-8"},
                               {"name":"a:3 -> b:2","user_provided_name":"worker-8"},
                               {"name":"a:4 -> b:2"}])";
  const std::string nothing = R"({"reason":"there is no connection of this name"})";
  fake_.http.answer(404, nothing);
  fake_.http.answer(200, list);
  fake_.http.answer(204);
  EXPECT_EQ(run({"connection", "close", "worker-7", "--reason", "maintenance"}), 0);
  EXPECT_EQ(request(2).target, "/api/connections/a%3A1%20-%3E%20b%3A2");
  EXPECT_EQ(io::find_header(request(2).headers, "x-reason"), "maintenance");
  fake_.http.answer(404, nothing);
  fake_.http.answer(200, list);
  EXPECT_EQ(run({"connection", "close", "worker-8"}), 5);
  EXPECT_EQ(fake_.console.error,
            "naru: 2 connections call themselves worker-8; name one of them: a:2 -> b:2, "
            "a:3 -> b:2\n");
  fake_.http.answer(404, nothing);
  fake_.http.answer(200, list);
  EXPECT_EQ(run({"connection", "close", "worker-9"}), 4);
  EXPECT_TRUE(fake_.http.answers.empty());
}

TEST_F(CommandsTest, ConnectionsAreListedWithWhatTheirClientsCallThem) {
  fake_.http.answer(200, R"([{"name":"a:1 -> b:2","user_provided_name":"worker-7","user":"u"}])");
  EXPECT_EQ(run({"connection", "list"}), 0);
  EXPECT_NE(fake_.console.output.find("NAME        CONNECTION-NAME  USER"), std::string::npos);
  EXPECT_NE(fake_.console.output.find("a:1 -> b:2  worker-7         u"), std::string::npos);
}

TEST_F(CommandsTest, StatusSaysHowTheBrokerIsDoing) {
  fake_.http.answer(200, R"({"naru_version":"0.1.0","object_totals":{"connections":3,"queues":2},
      "queue_totals":{"messages_ready":7,"messages_unacknowledged":1},
      "listeners":[{"protocol":"amqp","ip_address":"127.0.0.1","port":5672}]})");
  fake_.http.answer(200, R"([{"name":"naru@x","running":true,"uptime":7260000,"mem_used":10485760,
      "disk_free":1073741824,"disk_free_alarm":true}])");
  EXPECT_EQ(run({"status"}), 0);
  const std::string& out = fake_.console.output;
  EXPECT_NE(out.find("serving"), std::string::npos);
  EXPECT_NE(out.find("2 h 1 min"), std::string::npos);
  EXPECT_NE(out.find("7 ready, 1 unacknowledged"), std::string::npos);
  EXPECT_NE(out.find("ALARM"), std::string::npos);
  EXPECT_EQ(out.find("DAMAGED"), std::string::npos);
}

TEST_F(CommandsTest, StatusSaysThatNothingCommits) {
  fake_.http.answer(200, "{}");
  fake_.http.answer(200, R"([{"running":true,"disk_free_alarm":true,"log_full":true,
      "log_lacks":"the process has no descriptor left; close connections"}])");
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_NE(fake_.console.output.find("waiting: the log is full"), std::string::npos);
  EXPECT_NE(fake_.console.output.find("FULL, and nothing is stored"), std::string::npos);
  EXPECT_NE(fake_.console.output.find("no descriptor left; close"), std::string::npos);
  EXPECT_EQ(fake_.console.output.find("serving"), std::string::npos);
}

TEST_F(CommandsTest, StatusSaysHowShortMemoryIs) {
  const auto memory = [this](std::string_view alarm, std::string_view step) {
    fake_.http.answer(200, "{}");
    fake_.http.answer(200, fmt::format(R"([{{"mem_used":91226112,"mem_limit":100663296,
        "mem_alarm":{},"memory":{{"step":"{}"}}}}])",
                                       alarm, step));
    fake_.console.output.clear();
    EXPECT_EQ(run({"status"}), 0);
    const std::string& out = fake_.console.output;
    const std::size_t at = out.find("87 of");
    return at == std::string::npos ? out : out.substr(at, out.find('\n', at) - at);
  };
  EXPECT_EQ(memory("false", "normal"), "87 of 96 MiB");
  EXPECT_EQ(memory("false", "slow"), "87 of 96 MiB (step slow)");
  EXPECT_EQ(memory("true", "stop"), "87 of 96 MiB; ALARM: publishers wait (step stop)");
  EXPECT_EQ(memory("true", "refuse"),
            "87 of 96 MiB; ALARM: publishers wait, and nothing new is made (step refuse)");
}

TEST_F(CommandsTest, StatusSaysThatMessagesAreDamaged) {
  for (const char* damaged : {"0", "4"}) {
    fake_.http.answer(200, std::string(R"({"queue_totals":{"messages_damaged":)") + damaged + "}}");
    fake_.http.answer(200, R"([{"name":"naru@x"}])");
    fake_.console.output.clear();
    EXPECT_EQ(run({"status"}), 0);
    const bool told = fake_.console.output.find("DAMAGED on disk: 4") != std::string::npos;
    EXPECT_EQ(told, *damaged == '4') << fake_.console.output;
  }
}

TEST_F(CommandsTest, TheVersionNeedsNoBroker) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_EQ(fake_.console.output, "naru 0.1.0\n");
  fake_.console.output.clear();
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(fake_.console.output, "naru 0.1.0\n");
}

}  // namespace
}  // namespace naru::cli
