#pragma once
/// An AMQP 0-9-1 client with one channel, which waits for what it asks: for command-line tools.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "cli/amqp/url.h"
#include "cli/environment.h"
#include "cli/outcome.h"
#include "io/blocking.h"
#include "protocol/amqp091/methods.h"

namespace naru::cli {

/// A method of the broker, with its content if it has one. Views are valid until the next call.
struct Incoming {
  amqp091::MethodId method;
  ByteView fields;
  ByteView properties;  // a content header's flags and values
  std::string_view body;

  template <typename Method>
  bool is() const {
    return method == Method::kId;
  }
};

/// What the broker closes, channel or connection, is a Failure with its text and the exit code that
/// fits its reply code.
class AmqpConnection {
 public:
  /// Connects, logs in, opens the vhost and channel 1.
  static Outcome<std::unique_ptr<AmqpConnection>> open(Environment& environment,
                                                       const AmqpUrl& url);

  /// Queues a method; flush() sends it.
  template <typename Method>
  void send(const Method& method) {
    amqp091::append_method(output_, kChannel, method);
  }
  /// The same, of one that is answered in any case: when the broker closes the channel because of
  /// it, next() returns that as the answer.
  template <typename Method>
  void ask(const Method& method) {
    question_ = Method::kId;
    send(method);
  }
  /// The same of a message.
  void send(const amqp091::BasicPublish& publish, ByteView properties, std::string_view body);
  std::size_t unsent_bytes() const { return output_.size(); }
  Outcome<void> flush();

  /// Sends what is queued, waits for something on the channel, and returns it; nothing when
  /// nothing came in `time_max` (0: what is there already). While the broker blocks publishers,
  /// the time does not count.
  Outcome<std::optional<Incoming>> next(Duration time_max);

  /// Sends a method and waits for its answer. Nothing else may be on its way.
  template <typename Answer, typename Method>
  Outcome<Answer> call(const Method& method) {
    send(method);
    NARU_TRY(incoming, expect(kAnswerTimeMax));
    return read<Answer>(incoming);
  }
  /// Reads the fields of an incoming method that has to be this one.
  template <typename Method>
  static Outcome<Method> read(const Incoming& incoming) {
    if (!incoming.is<Method>()) return unexpected(incoming.method, Method::kName);
    auto method = amqp091::decode_method<Method>(incoming.fields);
    if (!method) return failed(Exit::failure, method.error().what);
    return *method;
  }

  /// Says goodbye, so that everything sent before is surely done; does nothing when the connection
  /// is over. Returns how many deliveries came too late to be taken: unless they were sent without
  /// acknowledgement they return to their queue.
  Outcome<std::uint64_t> close();
  /// The same behind work that ended so: a failure of its own comes first.
  Outcome<void> close_after(const Outcome<void>& work);

 private:
  static constexpr std::uint16_t kChannel = 1;

  AmqpConnection(Environment& environment, std::unique_ptr<io::BlockingStream> stream,
                 std::string server);
  static std::unexpected<Failure> unexpected(amqp091::MethodId got, std::string_view wanted);

  Outcome<void> log_in(const AmqpUrl& url);
  template <typename Method>
  void send_on_0(const Method& method) {
    amqp091::append_method(output_, 0, method);
  }
  /// next(), which has to come in time.
  Outcome<Incoming> expect(Duration time_max);
  /// Takes one frame out of the input; whether something is complete now, or more is needed.
  Outcome<std::optional<Incoming>> take_frame();
  Outcome<std::optional<Incoming>> on_method(const amqp091::Frame& frame);
  Outcome<std::optional<Incoming>> on_header(const amqp091::Frame& frame);
  Outcome<std::optional<Incoming>> on_body(const amqp091::Frame& frame);
  Outcome<std::optional<Incoming>> on_connection_method(const amqp091::MethodFrame& method);
  std::optional<Incoming> complete();
  std::unexpected<Failure> gone(std::string_view how);
  std::unexpected<Failure> closed_by_broker(std::uint16_t code, std::string_view text) const;

  Environment& environment_;
  std::unique_ptr<io::BlockingStream> stream_;
  const std::string server_;
  std::uint32_t frame_bytes_max_ = 4096;  // until negotiated
  bool blocked_ = false;
  bool greeted_ = false;  // by a broker
  bool logged_in_ = false;
  bool over_ = false;  // nothing can be sent and answered any more

  ByteBuffer output_;
  ByteBuffer input_;
  std::size_t begin_ = 0;  // of what is left in input_; views point to what is before it

  // The content that is being received.
  amqp091::MethodId method_;
  std::string method_fields_;
  std::string header_;
  std::string body_;
  std::optional<std::uint64_t> body_bytes_;  // announced by the header
  amqp091::MethodId question_{};             // that ask() sent last
  bool awaits_content_ = false;
};

}  // namespace naru::cli
