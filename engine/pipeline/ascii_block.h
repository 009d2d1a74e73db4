#pragma once

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace glissade {

/// The first 64 bytes of a text as words see them, all at once. SSE2, which every x86-64 machine has.
class AsciiBlock {
 public:
  static constexpr std::size_t kBytes = 64;

  /// `text` must not be empty; `lower`: 64 bytes for it in lower case.
  AsciiBlock(std::string_view text, char* lower) noexcept : lower_(lower) {
    const std::size_t bytes = std::min(kBytes, text.size());
    const char* from = text.data();
    if (bytes < kBytes) {
      std::memcpy(lower, from, bytes);
      std::memset(lower + bytes, 0, kBytes - bytes);
      from = lower;
    }
    std::uint64_t others = 0;
    for (std::size_t at = 0; at < kBytes; at += sizeof(__m128i)) {
      const __m128i bytes16 = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
      const __m128i capital = within(bytes16, 'A', 'Z');
      const __m128i small = _mm_or_si128(bytes16, _mm_and_si128(capital, _mm_set1_epi8('a' - 'A')));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(lower + at), small);
      const __m128i word = _mm_or_si128(within(small, 'a', 'z'), within(bytes16, '0', '9'));
      const __m128i suffix =
          _mm_or_si128(_mm_cmpeq_epi8(bytes16, _mm_set1_epi8('+')), _mm_cmpeq_epi8(bytes16, _mm_set1_epi8('#')));
      letters_ |= mask(word) << at;
      others |= mask(_mm_or_si128(suffix, bytes16)) << at;
    }
    plain_ = std::min(bytes, static_cast<std::size_t>(std::countr_zero(others)));
  }

  /// How many bytes there are before the first that takes a closer look: no ASCII, or '+' or '#'.
  std::size_t plain() const noexcept { return plain_; }
  /// Where the first letter or digit from `at` on stands, at most plain(); `at` < plain().
  std::size_t word_begin(std::size_t at) const noexcept {
    return std::min(plain_, at + static_cast<std::size_t>(std::countr_zero(letters_ >> at)));
  }
  /// Where the letters and digits from `at` on end, at most plain(); `at` < plain().
  std::size_t word_end(std::size_t at) const noexcept {
    return std::min(plain_, at + static_cast<std::size_t>(std::countr_one(letters_ >> at)));
  }
  /// Bytes `begin` to `end` in lower case.
  std::string_view lower(std::size_t begin, std::size_t end) const noexcept { return {lower_ + begin, end - begin}; }

 private:
  /// All bits of each byte from `first` to `last`, ASCII both.
  static __m128i within(__m128i bytes, char first, char last) noexcept {
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(first - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(last + 1))));
  }
  /// The uppermost bit of each byte.
  static std::uint64_t mask(__m128i bytes) noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes)); }

  const char* lower_;
  std::uint64_t letters_ = 0;
  std::size_t plain_ = 0;
};

}  // namespace glissade
