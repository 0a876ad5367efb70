#include "tests/sim/clients/client.h"

#include <utility>

#include "base/check.h"

namespace naru::sim {

namespace {
constexpr std::uint16_t kNoRoom = 406;
}  // namespace

void Client::sleep(Duration most) {
  const auto bound = static_cast<std::uint64_t>(most.count()) + 1;
  wake_at_ = environment_.now.mono +
             Duration(1 + static_cast<std::int64_t>(environment_.random.below(bound)));
}

void Client::step() {
  const bool awake = wake_at_ <= environment_.now.mono;
  if (link_.is_up()) link_.pump();
  // Nobody reads a goodbye.
  if (retired_ && link_.is_up() && link_.is_blocked()) return link_.cut(Link::Cut::reset);
  if (!awake) return;
  if (!link_.is_up()) {
    if (retired_ || away_) {
      wake_at_ = kNever;
    } else {
      link_.connect();
      sleep(std::chrono::milliseconds(5));
    }
    return;
  }
  sleep(patience());
  if (channel_ == 0) return;
  if (retired_) {
    if (!std::exchange(closing_, true)) link_.close();
    wake_at_ = kNever;
    return;
  }
  if (!link_.is_choked() && !held_) act();
}

void Client::retire() {
  retired_ = true;
  link_.stop_reading(false);
  wake_at_ = environment_.now.mono;
}

void Client::leave() {
  away_ = true;
  if (link_.is_up()) link_.cut(Link::Cut::reset);
}

void Client::go_on() {
  held_ = away_ = false;
  wake_at_ = environment_.now.mono;
}

void Client::on_open() {
  wire_ = link_.wire_number();
  send(amqp091::ChannelOpen{});
}

// What is still said on a channel that was closed here concerns nobody.
void Client::on_method(std::uint16_t, const amqp091::MethodFrame& method) {
  if (is<amqp091::ChannelOpenOk>(method)) {
    channel_ = environment_.recorder.open_channel(wire_);
    on_ready();
  } else if (is<amqp091::ChannelCloseOk>(method)) {
    environment_.recorder.channel_gone(wire_, closing_channel_);
    send(amqp091::ChannelOpen{});
  } else if (is<amqp091::ChannelClose>(method)) {
    on_refused(decode<amqp091::ChannelClose>(method));
  } else if (channel_ != 0) {
    on_reply(method);
  }
}

void Client::on_refused(const amqp091::ChannelClose& method) {
  NARU_CHECK(method.reply_code == kNoRoom || expects(method.reply_code),
             "only what there is no memory for is refused");
  send(amqp091::ChannelCloseOk{});
  if (channel_ == 0) return;  // both close it, and what was sent from here is answered
  if (method.reply_code == kNoRoom) environment_.did(Did::refused_channel);
  const ChannelNo refused = channel_;
  on_channel_refused(method.reply_code);
  lose_channel();
  environment_.recorder.channel_gone(wire_, refused);
  send(amqp091::ChannelOpen{});
}

void Client::on_content(std::uint16_t, const amqp091::MethodFrame& method,
                        const amqp091::Properties& properties, std::string_view body) {
  if (channel_ != 0) on_message(method, properties, body);
}

void Client::reopen_channel() {
  environment_.did(Did::close_channel);
  closing_channel_ = channel_;
  send(amqp091::ChannelClose{.reply_code = 200, .reply_text = "bye"});
  lose_channel();
}

void Client::cut() {
  const std::uint64_t how = environment_.random.below(4);
  if (how == 0) {
    environment_.did(Did::vanish);
    link_.cut(Link::Cut::vanish);
  } else if (how == 1) {
    environment_.did(Did::end);
    link_.cut(Link::Cut::end);
  } else {
    environment_.did(Did::reset);
    link_.cut(Link::Cut::reset);
  }
}

void Client::lose_channel() {
  const ChannelNo lost = std::exchange(channel_, 0);
  if (lost == 0) return;
  environment_.recorder.tell(&Checker::on_holder_lost, lost);
  on_channel_lost();
}

void Client::on_lost() {
  lose_channel();
  closing_ = false;
  sleep(std::chrono::milliseconds(5));
}

}  // namespace naru::sim
