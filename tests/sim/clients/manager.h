#pragma once
/// Declares what there is, at first; then binds, unbinds, purges, deletes and declares again.

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
  enum class Doing : std::uint8_t {
    nothing,
    building,
    binding,
    unbinding,
    purging,
    deleting,
    leaving,    // what was deleted as it is: gone
    declaring,  // it again
    rebinding,
  };

  void on_ready() override;
  void act() override;
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_channel_lost() override;
  void build_next();
  void declare(QueueNo queue);
  void flip();
  void flip_ends(Topology::Flip state);
  void bind(const Binding& binding);
  void remove(QueueNo queue);
  void send_delete();
  void declare_again();
  void rebind_next();

  Doing doing_ = Doing::nothing;
  std::size_t next_step_ = 0;
  QueueNo purged_ = 0;
  QueueNo removed_ = 0;
  bool unfinished_ = false;         // the connection ended before removed_ was back
  std::size_t next_binding_ = 0;    // of removed_
  std::uint64_t unsure_since_ = 0;  // quiets then
  bool built_ = false;
};

}  // namespace naru::sim
