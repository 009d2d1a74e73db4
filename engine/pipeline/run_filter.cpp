#include "engine/pipeline/run_filter.h"

#include <algorithm>
#include <bit>

namespace glissade {

void RunFilter::add(std::string_view run) {
  std::vector<std::size_t> begins{0};
  for (std::size_t at = 0; at < run.size(); ++at) {
    if (run[at] == ' ') begins.push_back(at + 1);
  }
  begins.push_back(run.size() + 1);
  const std::size_t words = begins.size() - 1;
  const auto word = [&](std::size_t i) { return run.substr(begins[i], begins[i + 1] - 1 - begins[i]); };
  for (std::size_t first = 0; first + 1 < words; ++first) {
    for (std::size_t last = first + 1; last < std::min(words, first + kLongest); ++last) {
      const std::string_view part = run.substr(begins[first], begins[last + 1] - 1 - begins[first]);
      const std::size_t known = runs_.size();
      runs_.add(part);
      if (runs_.size() > known && last == first + 1)
        pairs_.push_back(pair(hashing::hash_word(word(first)), hashing::hash_word(word(last))));
    }
  }
}

void RunFilter::finish() {
  if (pairs_.empty()) return;
  constexpr std::size_t kBitsPerPair = 32;  // of others, one in 32 passes
  const std::size_t bits = std::bit_ceil(std::max<std::size_t>(64, kBitsPerPair * pairs_.size()));
  mask_ = bits - 1;
  bits_.assign(bits / 64, 0);
  for (const std::uint64_t pair : pairs_) bits_[(pair & mask_) >> 6] |= std::uint64_t{1} << (pair & 63);
  pairs_ = {};
}

}  // namespace glissade
