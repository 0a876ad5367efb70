#include "base/crc32c.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace naru {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1EDC6F41, bit-reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

#if defined(__x86_64__)

// The crc32 instruction takes three cycles, and a core begins one every cycle: three streams over
// thirds of the input keep it busy, where one would wait for itself. Their registers are joined as
// polynomials: that of the first third times x^(bits behind it), and so on. A carry-less product of
// two reflected numbers stands one bit too low, and crc32 of it multiplies by x^32 while it
// reduces: hence 33 less in the exponents.
constexpr std::size_t kStreams = 3;
constexpr std::size_t kWordBytes = 8;
constexpr std::size_t kStreamWordsMax = 128;
// Below this, joining costs more than it wins.
constexpr std::size_t kInterleaveBytesMin = 192;

struct Joint {
  std::uint32_t past_one = 0;  // x^(bits of a stream - 33) mod the polynomial, reflected
  std::uint32_t past_two = 0;  // the same of two streams
};

constexpr std::uint32_t times_x(std::uint32_t value, std::size_t times) {
  for (; times > 0; --times) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
  return value;
}

/// By the words of a stream.
constexpr std::array<Joint, kStreamWordsMax + 1> make_joints() {
  std::array<Joint, kStreamWordsMax + 1> joints{};
  constexpr std::uint32_t kOne = 0x80000000;
  joints[1] = {times_x(kOne, 64 - 33), times_x(kOne, 128 - 33)};
  for (std::size_t words = 2; words <= kStreamWordsMax; ++words) {
    joints[words].past_one = times_x(joints[words - 1].past_one, 64);
    joints[words].past_two = times_x(joints[words - 1].past_two, 128);
  }
  return joints;
}
constexpr auto kJoints = make_joints();

std::uint64_t word_at(const std::uint8_t* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The register after kStreams times `words` words from `at`, which was `crc` before.
__attribute__((target("sse4.2,pclmul"))) std::uint64_t add_interleaved(std::uint64_t crc,
                                                                       const std::uint8_t* at,
                                                                       std::size_t words) {
  const std::size_t stream_bytes = words * kWordBytes;
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (const std::uint8_t* end = at + stream_bytes; at != end; at += kWordBytes) {
    crc = _mm_crc32_u64(crc, word_at(at));
    second = _mm_crc32_u64(second, word_at(at + stream_bytes));
    third = _mm_crc32_u64(third, word_at(at + 2 * stream_bytes));
  }
  const auto number = [](std::uint64_t value) {
    return _mm_cvtsi64_si128(static_cast<long long>(value));
  };
  const __m128i joint =
      _mm_xor_si128(_mm_clmulepi64_si128(number(crc), number(kJoints[words].past_two), 0),
                    _mm_clmulepi64_si128(number(second), number(kJoints[words].past_one), 0));
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(joint))) ^ third;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_by_instruction(ByteView bytes,
                                                                             std::uint32_t seed) {
  std::uint64_t crc = ~seed & 0xffffffffU;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  while (left >= kInterleaveBytesMin) {
    const std::size_t words = std::min(left / (kStreams * kWordBytes), kStreamWordsMax);
    crc = add_interleaved(crc, at, words);
    at += kStreams * kWordBytes * words;
    left -= kStreams * kWordBytes * words;
  }
  for (; left >= kWordBytes; at += kWordBytes, left -= kWordBytes) {
    crc = _mm_crc32_u64(crc, word_at(at));
  }
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, *at);
  return ~narrow;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(ByteView bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
    return crc32c_by_instruction(bytes, seed);
  }
#endif
  return crc32c_portable(bytes, seed);
}

}  // namespace naru
