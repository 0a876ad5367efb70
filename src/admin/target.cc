#include "admin/target.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace naru::admin {

namespace {
constexpr std::size_t kSegmentsMax = 16;
constexpr std::size_t kParametersMax = 32;

bool is_unreserved(char c) {  // RFC 3986, 2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}
}  // namespace

std::optional<std::string_view> Target::find(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

bool Target::flag(std::string_view name) const {
  return find(name) == "true";
}

Result<Target> parse_target(std::string_view target) {
  const auto url = boost::urls::parse_origin_form({target.data(), target.size()});
  if (!url) return fail(Errc::malformed, "the target is not a path");
  if (url->segments().size() > kSegmentsMax) return fail(Errc::limit, "the path is too deep");
  if (url->params().size() > kParametersMax) return fail(Errc::limit, "too many parameters");
  Target result;
  for (const auto& segment : url->segments()) {
    result.segments.emplace_back(segment.data(), segment.size());
  }
  // A slash at the end changes nothing.
  if (!result.segments.empty() && result.segments.back().empty()) result.segments.pop_back();
  for (const auto& parameter : url->params()) {
    result.query.emplace_back(std::string(parameter.key.data(), parameter.key.size()),
                              std::string(parameter.value.data(), parameter.value.size()));
  }
  return result;
}

std::string exchange_name(const std::string& segment) {
  return segment == "amq.default" ? std::string() : segment;
}

std::string encode_segment(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::optional<std::vector<std::string>> match_path(std::string_view path_template,
                                                   const std::vector<std::string>& segments) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (!path_template.empty()) {
    path_template.remove_prefix(1);  // the slash
    const std::string_view part = path_template.substr(0, path_template.find('/'));
    path_template.remove_prefix(part.size());
    if (at == segments.size()) return std::nullopt;
    const std::string& segment = segments[at++];
    if (part.starts_with('{')) {
      found.push_back(segment);
    } else if (part != segment) {
      return std::nullopt;
    }
  }
  if (at != segments.size()) return std::nullopt;
  return found;
}

}  // namespace naru::admin
