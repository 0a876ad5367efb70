// `naru publish`, `naru consume` and `naru get`: whatever answers at NARU_AMQP_URL, in pieces of
// any size, a command does its work or says why not.
//
// The first octet chooses the command and whether a broker that behaves lets it in first, the
// second the size of the pieces; the rest is what the peer says.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/byte_buffer.h"
#include "cli/amqp/commands.h"
#include "io/asio/blocking.h"
#include "protocol/amqp091/methods.h"
#include "tests/fuzz/cli_peer.h"

namespace {

namespace amqp = naru::amqp091;

const std::array<naru::fuzz::CommandLine, 6> kCommands{{
    {naru::cli::add_consume_command, {"consume", "q", "-o", "json", "--count", "5"}},
    {naru::cli::add_consume_command,
     {"consume", "q", "-o", "json", "--idle", "1", "--ack", "requeue"}},
    {naru::cli::add_get_command, {"get", "q", "-o", "json", "--count", "3"}},
    {naru::cli::add_publish_command,
     {"publish", "-k", "q", "-b", "text", "--count", "4", "--mandatory", "--window", "2"}},
    {naru::cli::add_publish_command, {"publish", "-k", "q", "-b", "text", "--no-confirm"}},
    {naru::cli::add_consume_command, {"consume", "q", "-o", "json", "--ack", "none"}},
}};

const std::string& login() {
  static const std::string kLogin = [] {
    naru::ByteBuffer out;
    amqp::ConnectionStart start;
    start.mechanisms = {"PLAIN"};
    start.locales = {"en_US"};
    amqp::append_method(out, 0, start);
    amqp::append_method(
        out, 0, amqp::ConnectionTune{.channel_max = 2047, .frame_max = 131'072, .heartbeat = 60});
    amqp::append_method(out, 0, amqp::ConnectionOpenOk{});
    amqp::append_method(out, 1, amqp::ChannelOpenOk{});
    return std::string(naru::as_text(out.view()));
  }();
  return kLogin;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool is_let_in = data[0] / kCommands.size() % 2 == 0;
  std::string says = is_let_in ? login() : "";
  says += naru::as_text(naru::ByteView(data, size).subspan(2));
  naru::fuzz::Peer peer(naru::as_bytes(says), 1u + data[1]);
  naru::io::asio_impl::BlockingHttpClient http(peer);
  naru::fuzz::Terminal terminal;
  naru::cli::Environment environment{.console = terminal,
                                     .http = http,
                                     .connector = peer,
                                     .variable = [](const char*) { return nullptr; },
                                     .version = "0.1.0"};
  naru::fuzz::run_command(kCommands[data[0] % kCommands.size()], environment, terminal);
  // Nothing comes in but what the peer said; an answer may not make the command talk without end.
  if (peer.heard > 64 * 1024 + 64 * size) std::abort();
  return 0;
}
