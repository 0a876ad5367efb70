// naru consume
#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
  std::uint64_t count = 0;
  std::uint64_t prefetch = 100;
  std::uint64_t idle_s = 0;
  bool exclusive = false;
};

/// Prints deliveries, and settles them in runs.
class Consumer {
 public:
  Consumer(Environment& environment, AmqpConnection& connection, const Options& options)
      : environment_(environment), connection_(connection), options_(options) {}

  Outcome<void> start() {
    const bool no_ack = options_.ack == "none";
    if (!no_ack) {
      // No more than is wanted: others may be waiting for the rest.
      const std::uint64_t prefetch =
          options_.count == 0 ? options_.prefetch : std::min(options_.prefetch, options_.count);
      NARU_TRY_VOID(connection_.call<amqp::BasicQosOk>(
          amqp::BasicQos{.prefetch_count = static_cast<std::uint16_t>(prefetch)}));
    }
    NARU_TRY_VOID(
        connection_.call<amqp::BasicConsumeOk>(amqp::BasicConsume{.queue = options_.queue,
                                                                  .consumer_tag = {},
                                                                  .no_ack = no_ack,
                                                                  .exclusive = options_.exclusive,
                                                                  .arguments = {}}));
    return {};
  }

  /// Messages that came and are not printed.
  std::uint64_t unprinted() const { return unprinted_; }

  Outcome<void> run() {
    const bool looks_only = options_.ack == "requeue";
    const std::uint64_t most_s = looks_only ? 1 : 86'400;  // of waiting at a time
    const std::uint64_t patience_s = options_.idle_s == 0 ? most_s : options_.idle_s;
    std::uint64_t quiet_s = 0;
    int withheld = 0;
    while (options_.count == 0 || received_ < options_.count) {
      NARU_TRY(ready, next(Duration::zero()));
      if (!ready) {
        if (!settle()) return {};
        const std::uint64_t wait_s = std::min(most_s, patience_s);
        NARU_TRY(waited, next(std::chrono::seconds(wait_s)));
        ready = waited;
      }
      if (!ready) {
        quiet_s += std::min(most_s, patience_s);
        if (looks_only && received_ != 0) {
          NARU_TRY(left, left_in_queue());
          withheld = left == 0 ? 0 : withheld + 1;
          // What was published just now is on its way.
          if (withheld == kLooksAtTheQueue) return is_withheld(left);
        }
        if (options_.idle_s != 0 && quiet_s >= options_.idle_s && withheld == 0) break;
        continue;
      }
      quiet_s = 0;
      withheld = 0;
      NARU_TRY(goes_on, take(*ready));
      if (!goes_on) break;
    }
    settle();
    return {};
  }

 private:
  static constexpr std::size_t kPrintedBytesMax = 64u << 10;
  static constexpr int kLooksAtTheQueue = 2;
  static constexpr Duration kAnswerTimeMax = std::chrono::seconds(30);

  /// How many messages nobody has been sent; 0 when one came meanwhile.
  Outcome<std::uint64_t> left_in_queue() {
    connection_.send(amqp::QueueDeclare{.queue = options_.queue, .passive = true, .arguments = {}});
    const std::uint64_t before = received_;
    while (true) {
      NARU_TRY(incoming, next(kAnswerTimeMax));
      if (!incoming) return failed(Exit::unreachable, "no answer from the broker");
      if (!incoming->is<amqp::QueueDeclareOk>()) {
        NARU_TRY_VOID(take(*incoming));
        continue;
      }
      NARU_TRY(queue, AmqpConnection::read<amqp::QueueDeclareOk>(*incoming));
      return received_ == before ? std::uint64_t{queue.message_count} : 0;
    }
  }

  Outcome<void> is_withheld(std::uint64_t left) const {
    return failed(
        Exit::failure,
        fmt::format("queue {} has {} more messages, and sends none while the {} that were "
                    "looked at are held: see fewer with --count, or take them with --ack "
                    "after",
                    options_.queue, left, received_));
  }

  /// A failure comes behind what was received before it.
  Outcome<std::optional<Incoming>> next(Duration time_max) {
    auto incoming = connection_.next(time_max);
    if (!incoming) print();
    return incoming;
  }

  /// False: nobody reads what is printed any more.
  Outcome<bool> take(const Incoming& incoming) {
    if (incoming.is<amqp::BasicCancel>()) {
      settle();
      return failed(Exit::not_found, fmt::format("queue {} was deleted", options_.queue));
    }
    if (!incoming.is<amqp::BasicDeliver>()) return true;
    NARU_TRY(delivery, AmqpConnection::read<amqp::BasicDeliver>(incoming));
    const ReceivedMessage message{delivery.exchange, delivery.routing_key, delivery.redelivered,
                                  incoming.properties, incoming.body};
    printed_ += format_message(message, options_.format);
    ++received_;
    ++unprinted_;
    last_tag_ = delivery.delivery_tag;
    ++unsettled_;
    const bool is_due = unsettled_ >= std::max<std::uint64_t>(1, options_.prefetch / 2);
    return is_due || printed_.size() >= kPrintedBytesMax ? settle() : true;
  }

  /// Prints, and then settles, what came. False: nobody reads what is printed any more; it stays
  /// unsettled.
  bool settle() {
    if (!print()) return false;
    if (unsettled_ == 0 || options_.ack == "none" || options_.ack == "requeue") return true;
    if (options_.ack == "reject") {
      connection_.send(
          amqp::BasicNack{.delivery_tag = last_tag_, .multiple = true, .requeue = false});
    } else {
      connection_.send(amqp::BasicAck{.delivery_tag = last_tag_, .multiple = true});
    }
    unsettled_ = 0;
    return true;
  }

  bool print() {
    if (!environment_.console.write(std::exchange(printed_, {}))) return false;
    unprinted_ = 0;
    return true;
  }

  Environment& environment_;
  AmqpConnection& connection_;
  const Options& options_;
  std::uint64_t received_ = 0;
  std::uint64_t last_tag_ = 0;
  std::uint64_t unsettled_ = 0;
  std::uint64_t unprinted_ = 0;
  std::string printed_;  // received and not yet written
};

Outcome<void> check(const Options& options) {
  if (options.ack == "none" && options.count != 0) {
    return failed(Exit::usage,
                  "--ack none with --count would lose what the broker sends beyond it: use `naru "
                  "get --ack none`");
  }
  if (options.ack == "requeue" && options.count == 0 && options.idle_s == 0) {
    return failed(Exit::usage, "--ack requeue needs an end: give --count or --idle");
  }
  if (options.prefetch == 0 || options.prefetch > 65'535) {
    return failed(Exit::usage, "--prefetch must be between 1 and 65535");
  }
  if (options.idle_s > 86'400)
    return failed(Exit::usage, "--idle must be between 0 and 86400 (a day)");
  return {};
}

Outcome<void> consume(Environment& environment, Options& options) {
  NARU_TRY_VOID(check(options));
  // What is looked at and given back has to be held meanwhile.
  if (options.ack == "requeue") {
    options.prefetch = options.count == 0 ? 65'535 : std::min<std::uint64_t>(options.count, 65'535);
  }
  NARU_TRY(url, parse_amqp_url(options.url, environment));
  NARU_TRY(connection, AmqpConnection::open(environment, url));
  Consumer consumer(environment, *connection, options);
  auto consumed = consumer.start();
  if (consumed) consumed = consumer.run();
  // Acknowledgements are done, and what was not settled is back in its queue, when this is
  // answered.
  const auto too_late = connection->close();
  const bool is_cut = environment.console.write_error_code() != 0;
  if (is_cut && options.ack == "none" && consumer.unprinted() != 0) {
    return failed(Exit::failure,
                  lost(environment.console, consumer.unprinted() + too_late.value_or(0)));
  }
  if (consumed && !too_late) return std::unexpected(too_late.error());
  return consumed;
}

}  // namespace

void add_consume_command(Command& root, const Shell& shell) {
  Command command = root.add("consume", "Print a queue's messages as they come");
  auto options = std::make_shared<Options>();
  command.required_text("QUEUE", options->queue, "The queue's name");
  command.number("-n,--count", options->count, "N", "Stop after N messages", 1);
  command.number("--idle", options->idle_s, "SECONDS", "Stop when none came for so long");
  command.choice("--ack", options->ack, {"after", "requeue", "reject", "none"},
                 "Acknowledge once printed (when not said); only look, and give them back; drop "
                 "them; or let the broker forget them when sent");
  add_format_option(command, options->format);
  command.number("--prefetch", options->prefetch, "N",
                 "How many to hold at once; 100 when not said");
  command.flag("--exclusive", options->exclusive, "Let nobody else consume meanwhile");
  add_url_option(command, shell, options->url);
  command.footer(
      "Examples:\n"
      "  naru consume orders\n"
      "  naru consume orders --count 10 --ack requeue -o json");
  command.on_chosen(shell.chosen,
                    [shell, options] { return consume(shell.environment, *options); });
}

}  // namespace naru::cli
