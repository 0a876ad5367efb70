#include "cli/amqp/message_source.h"

#include <array>
#include <fstream>
#include <sstream>

namespace naru::cli {

namespace {

// What AMQP can carry in one message here; a line without an end must not fill the memory.
constexpr std::size_t kMessageBytesMax = 512u << 20;

std::unexpected<Failure> too_long() {
  return failed(Exit::usage, "a message is at most 512 MiB");
}

class InputLines final : public MessageSource {
 public:
  explicit InputLines(Console& console) : console_(console) {}

  Outcome<std::optional<std::string>> next() override {
    while (true) {
      const std::size_t end = buffer_.find('\n', begin_);
      if (end != std::string::npos) return take(end, end + 1);
      if (ended_) {
        if (begin_ == buffer_.size()) return std::nullopt;
        return take(buffer_.size(), buffer_.size());
      }
      buffer_.erase(0, std::exchange(begin_, 0));
      if (buffer_.size() > kMessageBytesMax) return too_long();
      std::array<char, 65536> chunk;
      const std::size_t count = console_.read(chunk);
      ended_ = count == 0;
      buffer_.append(chunk.data(), count);
    }
  }
  bool may_wait() const override {
    return !ended_ && buffer_.find('\n', begin_) == std::string::npos;
  }

 private:
  std::optional<std::string> take(std::size_t end, std::size_t next) {
    std::string line = buffer_.substr(begin_, end - begin_);
    begin_ = next;
    return line;
  }

  Console& console_;
  std::string buffer_;
  std::size_t begin_ = 0;
  bool ended_ = false;
};

class WholeInput final : public MessageSource {
 public:
  explicit WholeInput(Console& console) : console_(console) {}

  Outcome<std::optional<std::string>> next() override {
    if (done_) return std::nullopt;
    done_ = true;
    std::string text;
    std::array<char, 65536> chunk;
    while (const std::size_t count = console_.read(chunk)) {
      text.append(chunk.data(), count);
      if (text.size() > kMessageBytesMax) return too_long();
    }
    return text;
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
  Files(std::vector<std::string> paths, bool lines) : paths_(std::move(paths)), lines_(lines) {}

  Outcome<std::optional<std::string>> next() override {
    while (true) {
      if (!file_.is_open()) {
        if (next_ == paths_.size()) return std::nullopt;
        file_.open(paths_[next_], std::ios::binary);
        if (!file_) return failed(Exit::not_found, "cannot read " + paths_[next_]);
        ++next_;
      }
      std::string text;
      if (!lines_) {
        std::ostringstream content;
        // An empty file sets the failbit of what it is written to, and is an empty message.
        content << file_.rdbuf();
        text = std::move(content).str();
        file_ = {};
        if (text.size() > kMessageBytesMax) return too_long();
        return text;
      }
      if (std::getline(file_, text)) return text;
      file_ = {};
    }
  }

 private:
  const std::vector<std::string> paths_;
  const bool lines_;
  std::size_t next_ = 0;
  std::ifstream file_;
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
