// naru get
#include <fmt/format.h>

#include "cli/amqp/commands.h"
#include "cli/amqp/connection.h"
#include "cli/amqp/message_options.h"

namespace naru::cli {

namespace {
namespace amqp = amqp091;

struct Options {
  std::string url;
  std::string queue;
  std::string format = "lines";
  std::string ack = "after";
  std::uint64_t count = 1;
};

void settle(AmqpConnection& connection, const std::string& mode, std::uint64_t last_tag) {
  if (last_tag == 0 || mode == "none") return;
  if (mode == "after") {
    connection.send(amqp::BasicAck{.delivery_tag = last_tag, .multiple = true});
  } else {
    connection.send(
        amqp::BasicNack{.delivery_tag = last_tag, .multiple = true, .requeue = mode == "requeue"});
  }
}

/// Prints what it gets, and settles what is printed: the rest returns to its queue.
Outcome<void> take(Environment& environment, AmqpConnection& connection, const Options& options) {
  std::uint64_t received = 0;
  std::uint64_t last_tag = 0;
  bool printed = true;
  while (received < options.count) {
    connection.send(amqp::BasicGet{.queue = options.queue, .no_ack = options.ack == "none"});
    NARU_TRY(answer, connection.next(kAnswerTimeMax));
    if (!answer) return failed(Exit::unreachable, "the broker does not answer");
    if (answer->is<amqp::BasicGetEmpty>()) break;
    NARU_TRY(got, AmqpConnection::read<amqp::BasicGetOk>(*answer));
    const ReceivedMessage message{got.exchange, got.routing_key, got.redelivered,
                                  answer->properties, answer->body};
    ++received;
    printed = environment.console.write(format_message(message, options.format));
    if (!printed) break;
    last_tag = got.delivery_tag;
  }
  settle(connection, options.ack, last_tag);
  if (!printed && options.ack == "none") return failed(Exit::failure, lost(environment.console, 1));
  if (received != 0) return {};
  return failed(Exit::not_found, fmt::format("queue {} is empty", options.queue));
}

Outcome<void> get(Environment& environment, const Options& options) {
  NARU_TRY(url, parse_amqp_url(options.url, environment));
  NARU_TRY(connection, AmqpConnection::open(environment, url));
  return connection->close_after(take(environment, *connection, options));
}

}  // namespace

void add_get_command(Command& root, const Shell& shell) {
  Command command = root.add("get", "Take a message of a queue, or several, without waiting");
  auto options = std::make_shared<Options>();
  command.required_text("QUEUE", options->queue, "The queue's name");
  command.number("-n,--count", options->count, "N", "Up to N messages; one when not said", 1);
  command.choice("--ack", options->ack, {"after", "requeue", "reject", "none"},
                 "Acknowledge once printed (when not said); only look, and give them back; drop "
                 "them; or let the broker forget them when sent");
  add_format_option(command, options->format);
  add_url_option(command, shell, options->url);
  command.footer("Exits with 4 when the queue is empty.");
  command.on_chosen(shell.chosen, [shell, options] { return get(shell.environment, *options); });
}

}  // namespace naru::cli
