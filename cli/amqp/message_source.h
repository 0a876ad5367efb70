#pragma once
/// Where `naru publish` takes its messages from.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/outcome.h"

namespace naru::cli {

class MessageSource {
 public:
  virtual ~MessageSource() = default;
  /// The next message; nothing at the end. Failure: it cannot be read to its end; what can is none.
  virtual Outcome<std::optional<std::string>> next() = 0;
  /// Whether next() may have to wait for somebody to type.
  virtual bool may_wait() const { return false; }
};

/// The standard input's lines, each a message.
std::unique_ptr<MessageSource> input_lines(Console& console);
/// The whole standard input as one message.
std::unique_ptr<MessageSource> whole_input(Console& console);
/// `text`, `count` times.
std::unique_ptr<MessageSource> repeated(std::string text, std::uint64_t count);
/// Files, each a message or, with `lines`, each of their lines. Failure: not_found, or what cannot
/// be read and why.
std::unique_ptr<MessageSource> files(std::vector<std::string> paths, bool lines);

}  // namespace naru::cli
