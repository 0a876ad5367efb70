#pragma once
/// Publishes messages of all sizes by all routes, with confirms or in transactions.

#include <deque>
#include <optional>
#include <vector>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Publisher final : public Client {
 public:
  static constexpr std::uint32_t kTransactionMessagesMax = 20;
  struct Habits {
    bool transactional = false;
    std::uint32_t window = 10;  // unconfirmed messages
    std::uint32_t burst = 4;
    std::uint32_t expiring_in_eight = 0;
    std::uint32_t transient_in_eight = 1;
    std::uint32_t named_in_eight = 0;  // with a header that names their durability
    bool obeys_blocked = true;
  };
  Publisher(Environment& environment, Habits habits)
      : Client(environment, true), habits_(habits), routes_(environment.topology.routes()) {}

  void ask_for_publish() override;
  bool owes_publish() const override { return owed_from_ != 0; }

 private:
  /// A publish that waits for its answer, with what was known of the flipping binding.
  struct Waiting {
    MessageNo message;
    std::uint64_t flip_version;
    bool flips;
  };
  /// What the message says of itself beside its route.
  struct Wishes {
    bool persistent = true;
    std::optional<message::Durability> level;
    std::optional<std::uint32_t> expiration_ms;
    message::Table headers;
  };
  void on_ready() override;
  void act() override;
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                  std::string_view body) override;
  void on_channel_lost() override;
  void on_channel_refused(std::uint16_t code) override;

  bool may_publish() const;
  void publish_one();
  Wishes draw_wishes(const Route& route);
  Message draw_message(const Route& route, const Wishes& wishes);
  void finish_transaction();
  std::uint32_t draw_body_bytes();
  std::optional<std::uint32_t> draw_expiration_ms();
  std::optional<message::Durability> draw_named_level();
  void answer(std::uint64_t tag, bool multiple, bool accepted);
  void confirm(const Waiting& waiting);
  bool flip_may_have_changed(MessageNo message) const;

  const Habits habits_;
  const std::vector<Route> routes_;
  std::deque<Waiting> unconfirmed_;  // in the order of their tags; message 0: answered
  std::uint64_t first_tag_ = 1;      // of unconfirmed_.front()
  std::vector<Waiting> in_transaction_;
  std::uint32_t place_ = 0;
  std::uint32_t transaction_ = 0;
  MessageNo owed_from_ = 0;  // 0: it owes nothing; the first message that would do
  bool ready_ = false;
  bool committing_ = false;
  bool rolling_back_ = false;
};

}  // namespace naru::sim
