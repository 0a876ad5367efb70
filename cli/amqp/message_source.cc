#include "cli/amqp/message_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <system_error>
#include <utility>

namespace naru::cli {

namespace {

// What AMQP can carry in one message here; a line without an end must not fill the memory.
constexpr std::size_t kMessageBytesMax = 512u << 20;
constexpr std::size_t kReadBytes = 64u << 10;

/// Bytes of the standard input or of a file, and what to call it.
struct Input {
  std::string name;
  /// 0 at the end. Errors: io.
  std::function<Result<std::size_t>(std::span<char>)> read;
};

std::unexpected<Failure> too_long(const Input& input) {
  return failed(Exit::usage, fmt::format("a message is at most 512 MiB: {} has more", input.name));
}

/// Appends what comes next to `text`. False at the end. Failure: it cannot be read, or has too
/// much.
Outcome<bool> append_some(const Input& input, std::string& text) {
  if (text.size() > kMessageBytesMax) return too_long(input);
  std::array<char, kReadBytes> chunk;
  const auto count = input.read(chunk);
  if (!count) {
    return failed(Exit::failure, fmt::format("cannot read {}: {}", input.name, count.error().what));
  }
  text.append(chunk.data(), *count);
  return *count != 0;
}

Outcome<std::string> read_whole(const Input& input) {
  std::string text;
  while (true) {
    NARU_TRY(goes_on, append_some(input, text));
    if (!goes_on) return text;
  }
}

/// An input's lines. The last needs no end; what a failure cuts is none.
class Lines {
 public:
  explicit Lines(Input input) : input_(std::move(input)) {}

  Outcome<std::optional<std::string>> next() {
    while (true) {
      const std::size_t end = buffer_.find('\n', searched_);
      if (end != std::string::npos) return take(end, end + 1);
      if (ended_) {
        if (begin_ == buffer_.size()) return std::nullopt;
        return take(buffer_.size(), buffer_.size());
      }
      buffer_.erase(0, std::exchange(begin_, 0));
      searched_ = buffer_.size();
      NARU_TRY(goes_on, append_some(input_, buffer_));
      ended_ = !goes_on;
    }
  }
  bool may_wait() const { return !ended_ && buffer_.find('\n', searched_) == std::string::npos; }

 private:
  std::optional<std::string> take(std::size_t end, std::size_t next) {
    std::string line = buffer_.substr(begin_, end - begin_);
    begin_ = next;
    searched_ = next;
    return line;
  }

  Input input_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;  // no line ends between begin_ and here
  bool ended_ = false;
};

Input standard_input(Console& console) {
  return {.name = "the input",
          .read = [&console](std::span<char> into) { return console.read(into); }};
}

/// A descriptor of its own.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { ::close(descriptor_); }

  Result<std::size_t> read(std::span<char> into) const {
    while (true) {
      const ssize_t count = ::read(descriptor_, into.data(), into.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return fail(Errc::io, std::generic_category().message(errno));
    }
  }

 private:
  const int descriptor_;
};

/// Failure: not_found, or another reason.
Outcome<Input> open_file(const std::string& path) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  } while (descriptor == -1 && errno == EINTR);
  if (descriptor == -1) {
    const int error = errno;
    return failed(error == ENOENT ? Exit::not_found : Exit::failure,
                  fmt::format("cannot read {}: {}", path, std::generic_category().message(error)));
  }
  auto file = std::make_shared<const OpenFile>(descriptor);
  return Input{.name = path,
               .read = [file = std::move(file)](std::span<char> into) { return file->read(into); }};
}

class InputLines final : public MessageSource {
 public:
  explicit InputLines(Console& console) : lines_(standard_input(console)) {}

  Outcome<std::optional<std::string>> next() override { return lines_.next(); }
  bool may_wait() const override { return lines_.may_wait(); }

 private:
  Lines lines_;
};

class WholeInput final : public MessageSource {
 public:
  explicit WholeInput(Console& console) : console_(console) {}

  Outcome<std::optional<std::string>> next() override {
    if (std::exchange(done_, true)) return std::nullopt;
    return read_whole(standard_input(console_));
  }

 private:
  Console& console_;
  bool done_ = false;
};

class Repeated final : public MessageSource {
 public:
  Repeated(std::string text, std::uint64_t count) : text_(std::move(text)), left_(count) {}

  Outcome<std::optional<std::string>> next() override {
    if (left_ == 0) return std::nullopt;
    --left_;
    return text_;
  }

 private:
  const std::string text_;
  std::uint64_t left_;
};

class Files final : public MessageSource {
 public:
  Files(std::vector<std::string> paths, bool lines) : paths_(std::move(paths)), by_line_(lines) {}

  Outcome<std::optional<std::string>> next() override {
    while (true) {
      if (lines_) {
        NARU_TRY(line, lines_->next());
        if (line) return line;
        lines_.reset();
      }
      if (next_ == paths_.size()) return std::nullopt;
      NARU_TRY(file, open_file(paths_[next_]));
      ++next_;
      if (!by_line_) return read_whole(file);
      lines_.emplace(std::move(file));
    }
  }

 private:
  const std::vector<std::string> paths_;
  const bool by_line_;
  std::size_t next_ = 0;
  std::optional<Lines> lines_;  // of the file that is being read
};

}  // namespace

std::unique_ptr<MessageSource> input_lines(Console& console) {
  return std::make_unique<InputLines>(console);
}
std::unique_ptr<MessageSource> whole_input(Console& console) {
  return std::make_unique<WholeInput>(console);
}
std::unique_ptr<MessageSource> repeated(std::string text, std::uint64_t count) {
  return std::make_unique<Repeated>(std::move(text), count);
}
std::unique_ptr<MessageSource> files(std::vector<std::string> paths, bool lines) {
  return std::make_unique<Files>(std::move(paths), lines);
}

}  // namespace naru::cli
