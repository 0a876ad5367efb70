#include <algorithm>
#include <cstdio>

#include "load.h"

namespace naru::bench {
namespace {

class JsonLine {
 public:
  JsonLine& number(const char* name, double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return put(name, text);
  }
  JsonLine& number(const char* name, std::uint64_t value) {
    return put(name, std::to_string(value));
  }
  JsonLine& milliseconds(const char* name, const Histogram& histogram, double fraction) {
    return number(name, static_cast<double>(histogram.value_at(fraction)) / 1e6, 3);
  }
  /// [[messages, seconds, broker's resident bytes], …]
  JsonLine& marks(const char* name, const std::vector<Mark>& marks) {
    std::string text = "[";
    for (const Mark& mark : marks) {
      char one[96];
      std::snprintf(one, sizeof one, "%s[%llu,%.3f,%llu]", text.size() > 1 ? "," : "",
                    static_cast<unsigned long long>(mark.messages), mark.seconds,
                    static_cast<unsigned long long>(mark.broker_resident_bytes));
      text += one;
    }
    return put(name, text + "]");
  }
  std::string end() { return line_ + "}"; }

 private:
  JsonLine& put(const char* name, const std::string& value) {
    line_ += (line_.empty() ? "{\"" : ",\"") + std::string(name) + "\":" + value;
    return *this;
  }
  std::string line_;
};

}  // namespace

std::string to_json(const LoadReport& report) {
  const double seconds = std::max(report.seconds, 1e-9);
  const auto sent = static_cast<double>(report.sent_measured);
  const auto got = static_cast<double>(report.got_measured);
  // Per message that went through: without consumers those sent, else whichever is more.
  const double million = std::max({sent, got, 1.0}) / 1e6;
  JsonLine line;
  line.number("seconds", report.seconds, 3)
      .number("sent_per_s", sent / seconds, 0)
      .number("got_per_s", got / seconds, 0)
      .number("sent", report.sent)
      .number("confirmed", report.confirmed)
      .number("refused", report.refused)
      .number("got", report.got)
      .milliseconds("confirm_ms_p50", report.confirm, 0.5)
      .milliseconds("confirm_ms_p99", report.confirm, 0.99)
      .milliseconds("confirm_ms_p999", report.confirm, 0.999)
      .milliseconds("e2e_ms_p50", report.end_to_end, 0.5)
      .milliseconds("e2e_ms_p99", report.end_to_end, 0.99)
      .milliseconds("e2e_ms_p999", report.end_to_end, 0.999)
      .number("broker_cpu_s_per_1m", report.broker_cpu_seconds / million, 3)
      .number("load_cpu_s_per_1m", report.own_cpu_seconds / million, 3)
      .number("broker_written_bytes", report.broker_written_bytes)
      .number("broker_rss_before_bytes", report.broker_resident_before_bytes)
      .number("broker_rss_bytes", report.broker_resident_bytes)
      .number("broker_rss_max_bytes", report.broker_resident_max_bytes)
      .number("consumer_least", report.consumer_least)
      .number("consumer_most", report.consumer_most)
      .marks("marks", report.marks);
  return line.end();
}

}  // namespace naru::bench
