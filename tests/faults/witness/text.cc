#include "text.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace naru::faults {
namespace {

std::string read_file(const std::string& path, std::size_t bytes_max) {
  std::string content(bytes_max, '\0');
  std::FILE* file = std::fopen(path.c_str(), "rb");
  const std::size_t count = file ? std::fread(content.data(), 1, bytes_max, file) : 0;
  if (file) std::fclose(file);
  if (count < bytes_max) {
    std::fprintf(stderr, "%s holds less than %zu octets\n", path.c_str(), bytes_max);
    std::exit(2);
  }
  return content;
}

}  // namespace

Text::Text(const std::string& path, std::size_t bytes_max) : content_(read_file(path, bytes_max)) {
  split();
}

Text::Text(std::string content) : content_(std::move(content)) {
  split();
}

void Text::split() {
  std::size_t start = 0;
  while (start < content_.size()) {
    const std::size_t end = std::min(content_.find('\n', start), content_.size());
    const std::size_t length = std::min(end - start, kLineMax);
    starts_.push_back(start);
    lengths_.push_back(static_cast<std::uint16_t>(length));
    start += length + (start + length == end ? 1 : 0);
  }
  starts_.push_back(content_.size());
}

}  // namespace naru::faults
