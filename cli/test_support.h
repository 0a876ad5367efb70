#pragma once
/// For the tests of this folder: a terminal made of strings, a broker made of prepared answers.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cli/environment.h"

namespace naru::cli {

class FakeConsole final : public Console {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    if (input.empty() && !input_breaks.empty()) return fail(Errc::io, input_breaks);
    const std::size_t count = std::min(into.size(), input.size());
    input.copy(into.data(), count);
    input.erase(0, count);
    return count;
  }
  bool write(std::string_view text) override {
    if (output_breaks == 0) output += text;
    return output_breaks == 0;
  }
  int write_error_code() const override { return output_breaks; }
  void write_error(std::string_view text) override { error += text; }
  bool input_is_terminal() const override { return is_terminal; }
  bool output_is_terminal() const override { return is_terminal; }
  void set_echo(bool on) override { echo += on ? '+' : '-'; }

  std::string input;
  std::string input_breaks;  // behind it nothing can be read, and why
  std::string output;
  int output_breaks = 0;  // nothing can be written, and why: errno
  std::string error;
  std::string echo;
  bool is_terminal = false;
};

class FakeHttp final : public io::HttpClient {
 public:
  Result<io::HttpResponse> exchange(const io::Endpoint& server, const io::HttpRequest& request,
                                    Duration) override {
    servers.push_back(server);
    requests.push_back(request);
    if (answers.empty()) return fail(Errc::unavailable, "Connection refused");
    io::HttpResponse answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  void answer(unsigned status, std::string body = {}) {
    answers.push_back({.status = status,
                       .content_type = "application/json",
                       .headers = {},
                       .body = std::move(body)});
  }

  std::deque<io::HttpResponse> answers;
  std::vector<io::HttpRequest> requests;
  std::vector<io::Endpoint> servers;
};

/// A broker that says what it was told to say, whatever it hears.
class FakeConnector final : public io::Connector {
 public:
  class Stream final : public io::BlockingStream {
   public:
    explicit Stream(FakeConnector& connector) : connector_(connector) {}
    Result<std::size_t> read_some(MutableByteView into, Duration) override {
      std::string& from = connector_.says;
      if (from.empty()) return connector_.ends ? Result<std::size_t>(0) : fail(Errc::need_more);
      const std::size_t count = std::min(into.size(), from.size());
      std::ranges::copy(as_bytes(from).first(count), into.begin());
      from.erase(0, count);
      return count;
    }
    Result<void> write_all(ByteView bytes, Duration) override {
      connector_.heard += as_text(bytes);
      return {};
    }
    io::Endpoint peer() const override { return {"127.0.0.1", 5672}; }

   private:
    FakeConnector& connector_;
  };

  Result<std::unique_ptr<io::BlockingStream>> connect(const io::Endpoint&, Duration) override {
    if (refuses) return fail(Errc::unavailable, "Connection refused");
    return std::make_unique<Stream>(*this);
  }

  std::string says;
  std::string heard;
  bool ends = false;  // after what it says, it closes
  bool refuses = false;
};

struct FakeEnvironment {
  FakeConsole console;
  FakeHttp http;
  FakeConnector connector;
  std::map<std::string, std::string> variables;
  Environment environment{.console = console,
                          .http = http,
                          .connector = connector,
                          .variable = [this](const char* name) -> const char* {
                            const auto found = variables.find(name);
                            return found == variables.end() ? nullptr : found->second.c_str();
                          },
                          .version = "0.1.0"};
};

}  // namespace naru::cli
