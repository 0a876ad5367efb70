#pragma once
/// Declares what there is, at first; then binds, unbinds, purges.

#include <functional>
#include <vector>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Manager final : public Client {
 public:
  explicit Manager(Environment& environment) : Client(environment) {}

  /// Everything is declared and bound: the others may begin.
  bool is_done() const override { return built_; }

 private:
  enum class Doing : std::uint8_t { nothing, building, binding, unbinding, purging };

  void on_ready() override;
  void act() override;
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_channel_lost() override;
  void build_next();
  void declare(QueueNo queue);
  void flip();
  void flip_ends(Topology::Flip state);

  Doing doing_ = Doing::nothing;
  std::size_t next_step_ = 0;
  QueueNo purged_ = 0;
  std::uint64_t unsure_since_ = 0;  // quiets then
  bool built_ = false;
};

}  // namespace naru::sim
