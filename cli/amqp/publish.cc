// naru publish
#include <fmt/format.h>

#include "cli/amqp/commands.h"
#include "cli/amqp/message_options.h"
#include "cli/amqp/message_source.h"
#include "cli/amqp/publisher.h"

namespace naru::cli {

namespace {

struct Options {
  std::string url;
  PublishTarget target;
  MessageOptions message;
  std::vector<std::string> files;
  std::string body;
  bool whole = false;
  bool lines = false;
  bool no_confirm = false;
  std::uint64_t count = 0;
};

Outcome<void> check(const Options& options) {
  if (options.target.exchange.empty() && options.target.routing_key.empty()) {
    return failed(Exit::usage,
                  "say where to: --routing-key QUEUE, or --exchange NAME with the key it needs");
  }
  if (options.target.exchange.size() > 255 || options.target.routing_key.size() > 255) {
    return failed(Exit::usage, "exchange and routing key have at most 255 bytes");
  }
  if (!options.body.empty() && (!options.files.empty() || options.whole)) {
    return failed(Exit::usage, "--body, files and --whole exclude each other");
  }
  if (options.target.window == 0) return failed(Exit::usage, "--window must be at least 1");
  return {};
}

std::unique_ptr<MessageSource> source_of(const Options& options, Console& console) {
  if (!options.body.empty()) {
    return repeated(options.body, options.count == 0 ? 1 : options.count);
  }
  if (!options.files.empty()) return files(options.files, options.lines);
  return options.whole ? whole_input(console) : input_lines(console);
}

/// What was published before an input that cannot be read is the broker's, and is told.
Outcome<void> finish_without(Failure unread, Publisher& publisher) {
  if (const auto finished = publisher.finish(); !finished) {
    unread.what += "; of what was before it: " + finished.error().what;
  } else if (publisher.published() != 0) {
    unread.what += fmt::format("; {} {} before it {} published", publisher.published(),
                               publisher.published() == 1 ? "message" : "messages",
                               publisher.published() == 1 ? "is" : "are");
  }
  return std::unexpected(std::move(unread));
}

Outcome<void> publish_all(MessageSource& source, Publisher& publisher, const Options& options) {
  NARU_TRY_VOID(publisher.start());
  while (options.count == 0 || publisher.published() < options.count) {
    // Somebody who types, or a log that grows, sees each line go at once.
    if (source.may_wait()) NARU_TRY_VOID(publisher.flush());
    auto body = source.next();
    if (!body) return finish_without(std::move(body).error(), publisher);
    if (!*body) break;
    NARU_TRY_VOID(publisher.publish(**body));
  }
  return publisher.finish();
}

Outcome<void> publish(Environment& environment, Options& options) {
  NARU_TRY_VOID(check(options));
  options.target.confirm = !options.no_confirm;
  NARU_TRY(properties, encode_properties(options.message));
  NARU_TRY(url, parse_amqp_url(options.url, environment));
  NARU_TRY(connection, AmqpConnection::open(environment, url));
  Publisher publisher(environment, *connection, options.target, properties.view());
  const auto source = source_of(options, environment.console);
  NARU_TRY_VOID(connection->close_after(publish_all(*source, publisher, options)));
  tell(environment.console,
       fmt::format("{} {} {}.", publisher.published(),
                   publisher.published() == 1 ? "message" : "messages",
                   options.target.confirm ? "published and confirmed" : "published"));
  return {};
}

}  // namespace

void add_url_option(Command& command, const Shell& shell, std::string& url) {
  url = shell.environment.variable_or("NARU_AMQP_URL", "amqp://127.0.0.1:5672");
  command.text(
      "--url", url, "URL",
      "amqp://user@host:port/vhost; else NARU_AMQP_URL, or the local broker. A password is "
      "better left to NARU_PASSWORD");
}

void add_publish_command(Command& root, const Shell& shell) {
  Command command = root.add("publish", "Publish messages: lines of the input, files, or a text");
  auto options = std::make_shared<Options>();
  command.texts("FILE", options->files, "",
                "Each file is a message; without, each line of the input");
  command.text("-e,--exchange", options->target.exchange, "NAME",
               "Where to; the default exchange when not said");
  command.text("-k,--routing-key", options->target.routing_key, "KEY",
               "Its key; with the default exchange, the queue's name");
  command.text("-b,--body", options->body, "TEXT", "The message itself");
  command.flag("--lines", options->lines, "Each line of the files is a message");
  command.flag("--whole", options->whole, "The whole input is one message");
  command.number("-n,--count", options->count, "N",
                 "Stop after N messages; with --body, send it N times");
  add_message_options(command, options->message);
  command.flag("--mandatory", options->target.mandatory, "Fail for messages that reach no queue");
  command.flag("--no-confirm", options->no_confirm, "Do not wait until the broker has them safe");
  command.number("--window", options->target.window, "N",
                 "How many may be on their way unconfirmed; 1000 when not said");
  add_url_option(command, shell, options->url);
  command.footer(
      "Examples:\n"
      "  echo hello | naru publish -k orders\n"
      "  naru publish -e events -k user.created -H source=web --content-type application/json "
      "user.json\n"
      "  tail -f app.log | naru publish -k logs");
  command.on_chosen(shell.chosen,
                    [shell, options] { return publish(shell.environment, *options); });
}

}  // namespace naru::cli
