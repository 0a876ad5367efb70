#include "source.h"

#include <array>
#include <cstring>

namespace naru::faults {
namespace {

constexpr std::size_t kFrameMax = 131'072;
constexpr std::size_t kBodyMax = 16 << 20;  // amqp.message_bytes_max as it comes

struct Size {
  std::uint64_t of_100000;  // how often
  std::size_t bytes;
};
constexpr std::array<Size, 12> kSizes{{{30'000, 100},
                                       {30'000, 1'024},
                                       {8'000, 0},
                                       {8'000, 1},
                                       {7'000, 4'095},
                                       {7'000, 4'096},
                                       {7'000, 4'097},
                                       {2'400, 65'536},
                                       {290, kFrameMax - 8},
                                       {290, kFrameMax},
                                       {18, 1 << 20},
                                       {2, kBodyMax}}};

std::size_t size_of(std::uint64_t lot) {
  lot %= 100'000;
  for (const Size& size : kSizes) {
    if (lot < size.of_100000) return size.bytes;
    lot -= size.of_100000;
  }
  return 100;
}

}  // namespace

std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

std::size_t TextSource::count(std::size_t publisher) const {
  const std::size_t publishers = shape().publishers;
  return (text_.line_count() + publishers - 1 - publisher) / publishers;
}

std::string_view TextSource::body(std::size_t publisher, std::size_t number) const {
  return text_.line(number * shape().publishers + publisher);
}

std::size_t TextSource::queue(std::size_t publisher, std::size_t) const {
  return publisher % shape().queues;
}

DrawnSource::DrawnSource(Shape shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
  constexpr std::size_t kWords = (kBodyMax + (1 << 20)) / sizeof(std::uint64_t);
  pool_.resize(kWords * sizeof(std::uint64_t));
  for (std::size_t word = 0; word < kWords; ++word) {
    const std::uint64_t value = mixed(seed ^ word);
    std::memcpy(pool_.data() + word * sizeof value, &value, sizeof value);
  }
}

// 2^32 messages each: nobody gets so far.
std::size_t DrawnSource::count(std::size_t) const {
  return std::size_t{1} << 32;
}

std::string_view DrawnSource::body(std::size_t publisher, std::size_t number) const {
  const std::size_t size = size_of(lot(publisher, number, 1));
  const std::size_t start = lot(publisher, number, 2) % (pool_.size() - size);
  return std::string_view(pool_).substr(start, size);
}

std::size_t DrawnSource::queue(std::size_t publisher, std::size_t number) const {
  return lot(publisher, number, 3) % shape_.queues;
}

bool DrawnSource::to_all_queues(std::size_t publisher) const {
  return publisher + 1 == shape_.publishers;
}

bool DrawnSource::persistent(std::size_t publisher, std::size_t number) const {
  return lot(publisher, number, 4) % 20 != 0;
}

std::uint64_t DrawnSource::lot(std::size_t publisher, std::size_t number,
                               std::uint64_t of_what) const {
  return mixed(mixed(seed_ + of_what) ^ (publisher << 40) ^ number);
}

}  // namespace naru::faults
