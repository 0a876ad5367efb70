// The administration commands: whatever answers at NARU_URL, in pieces of any size, a command
// prints something or says why not.
//
// The first octet chooses the command, the second the size of the pieces; the rest is what the peer
// says to one connection after the other.

#include <array>
#include <cstdint>

#include "cli/all_commands.h"
#include "io/asio/blocking.h"
#include "tests/fuzz/cli_peer.h"

namespace {

const std::array<naru::fuzz::CommandLine, 8> kCommands{{
    {naru::cli::add_queue_commands, {"queue", "list"}},
    {naru::cli::add_queue_commands, {"queue", "list", "-o", "json"}},
    {naru::cli::add_binding_commands, {"binding", "list"}},
    {naru::cli::add_connection_commands, {"connection", "list"}},
    {naru::cli::add_connection_commands, {"consumer", "list"}},
    {naru::cli::add_status_commands, {"status"}},
    {naru::cli::add_queue_commands, {"queue", "declare", "q"}},
    {naru::cli::add_binding_commands, {"binding", "delete", "amq.direct", "q", "-k", "key"}},
}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  naru::fuzz::Peer peer(naru::ByteView(data, size).subspan(2), 1u + data[1]);
  naru::io::asio_impl::BlockingHttpClient http(peer);
  naru::fuzz::Terminal terminal;
  naru::cli::Environment environment{.console = terminal,
                                     .http = http,
                                     .connector = peer,
                                     .variable = [](const char*) { return nullptr; },
                                     .version = "0.1.0"};
  naru::fuzz::run_command(kCommands[data[0] % kCommands.size()], environment, terminal);
  return 0;
}
