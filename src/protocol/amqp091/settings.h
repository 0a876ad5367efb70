#pragma once
/// What an operator may set of AMQP 0-9-1.

#include <cstdint>
#include <string>

namespace naru::amqp091 {

struct Amqp091Settings {
  /// Offered in connection.tune; a client may ask for less.
  std::uint32_t frame_bytes_max = 131'072;
  /// What a client may not go below. RabbitMQ 4.1 raised it to 8192, which broke clients that ask
  /// for 4096 (amqp091 §1).
  std::uint32_t frame_bytes_min = 4096;
  std::uint16_t channels_max = 2047;
  /// Suggested to clients; 0: none.
  std::uint16_t heartbeat_s = 60;
  /// A body above this is refused with 406.
  std::uint64_t message_bytes_max = 128u << 20;
  /// Bytes of unfinished bodies that one connection may hold over all its channels.
  std::uint64_t assembly_bytes_max = 256u << 20;
  /// A body frame with at least so much is taken as it comes; a smaller one when it is whole.
  std::uint32_t body_part_bytes_min = 16u << 10;
  /// Bytes that the uncommitted transactions of one connection may hold; more is refused with 406.
  std::uint64_t transaction_bytes_max = 128u << 20;

  /// What the server says about itself. Some tools insist on the product "RabbitMQ" (amqp091
  /// §1); `version` is what clients gate features on.
  std::string product = "Naru";
  std::string version = "4.2.0";
  std::string naru_version = "0.1.0";
  std::string cluster_name = "naru@localhost";
  std::string platform = "C++";
};

}  // namespace naru::amqp091
