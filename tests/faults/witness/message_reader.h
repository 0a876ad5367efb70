#pragma once

#include <cstdint>
#include <string>

#include "frames.h"

namespace naru::faults {

/// Puts a message together from the frames that bring it.
class MessageReader {
 public:
  /// True when the frame is the message's last one. Frames that bring nothing are ignored.
  bool take(const bench::Frame& frame);

  std::uint64_t tag() const { return tag_; }
  bool redelivered() const { return redelivered_; }
  /// Of a message that was not asked for.
  const std::string& consumer() const { return consumer_; }
  const std::string& message_id() const { return message_id_; }
  const std::string& body() const { return body_; }

 private:
  void take_method(const bench::Frame& frame);

  std::uint64_t tag_ = 0;
  bool redelivered_ = false;
  std::string consumer_;
  std::string message_id_;
  std::uint64_t body_bytes_ = 0;
  std::string body_;
};

}  // namespace naru::faults
