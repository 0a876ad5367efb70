#include "tests/sim/clients/environment.h"

#include <charconv>

#include "base/check.h"

namespace naru::sim {

namespace {

constexpr std::size_t kBodyBytesMax = 256 * 1024;
constexpr std::size_t kShifts = 1021;

std::string make_noise() {
  std::string noise(kBodyBytesMax + kShifts, '\0');
  Random random(7);
  random.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
  return noise;
}

}  // namespace

Copy Environment::deliver(Delivered delivered, std::string_view message_id, std::string_view body) {
  did(Did::deliver);
  if (delivered.redelivered) did(Did::deliver_redelivered);
  std::uint64_t number = 0;
  std::from_chars(message_id.data(), message_id.data() + message_id.size(), number);
  const Message* message = recorder.message(number);
  delivered.copy.message = static_cast<MessageNo>(number);
  delivered.intact = message != nullptr && body == body_of(message->number, message->body_bytes);
  if (body.size() > options.fragment_bytes) did(Did::deliver_fragments);
  recorder.tell(&Checker::on_delivery, delivered);
  return delivered.copy;
}

std::string_view Environment::body_of(MessageNo number, std::uint32_t bytes) {
  static const std::string kNoise = make_noise();
  NARU_CHECK(bytes <= kBodyBytesMax, "no body is larger");
  return std::string_view(kNoise).substr(number % kShifts, bytes);
}

}  // namespace naru::sim
