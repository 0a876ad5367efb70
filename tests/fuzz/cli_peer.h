#pragma once
// What the command line meets in its fuzz targets: a peer that says what the fuzzer wrote, in
// pieces of its choice, and then closes; and a console that keeps what is printed.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/environment.h"
#include "cli/noun.h"

namespace naru::fuzz {

/// Reads like a slow network: pieces of at most `piece` bytes, with a pause before each `patience`
/// runs out.
class Peer final : public io::Connector {
 public:
  Peer(ByteView says, std::size_t piece) : says_(says), piece_(piece) {}

  Result<std::unique_ptr<io::BlockingStream>> connect(const io::Endpoint&, Duration) override {
    return std::make_unique<Stream>(*this);
  }

  /// Bytes that it was sent.
  std::size_t heard = 0;

 private:
  class Stream final : public io::BlockingStream {
   public:
    explicit Stream(Peer& peer) : peer_(peer) {}
    Result<std::size_t> read_some(MutableByteView into, Duration time_max) override {
      // Whoever only looks finds nothing every other time.
      if (time_max <= Duration::zero() && (pause_ = !pause_)) return fail(Errc::need_more);
      const std::size_t count = std::min({into.size(), peer_.says_.size(), peer_.piece_});
      std::ranges::copy(peer_.says_.first(count), into.begin());
      peer_.says_ = peer_.says_.subspan(count);
      return count;
    }
    Result<void> write_all(ByteView bytes, Duration) override {
      peer_.heard += bytes.size();
      return {};
    }
    io::Endpoint peer() const override { return {"127.0.0.1", 5672}; }

   private:
    Peer& peer_;
    bool pause_ = false;
  };

  ByteView says_;
  const std::size_t piece_;
};

class Terminal final : public cli::Console {
 public:
  Result<std::size_t> read(std::span<char>) override { return 0; }
  bool write(std::string_view text) override {
    output += text;
    return true;
  }
  int write_error_code() const override { return 0; }
  void write_error(std::string_view text) override { error += text; }
  bool input_is_terminal() const override { return false; }
  bool output_is_terminal() const override { return true; }
  void set_echo(bool) override {}

  std::string output;
  std::string error;
};

/// A command line, and what adds its command: all of them would take longer than what they do.
struct CommandLine {
  void (*add)(cli::Command& root, const cli::Shell& shell);
  std::vector<std::string> arguments;
};

/// Runs it and checks how it ends: with a code of the documented ones, and a line that says why
/// when it is not 0.
void run_command(const CommandLine& line, cli::Environment& environment, const Terminal& terminal);

}  // namespace naru::fuzz
