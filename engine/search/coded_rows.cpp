#include "engine/search/coded_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kWeightsInGroup = 4;
constexpr std::size_t kMostBytes = 62;  ///< of a row; more would not pay
constexpr float kMostEntry = 255.f;

}  // namespace

std::size_t CodedRows::bytes_for(std::size_t width) noexcept {
  return std::min(kMostBytes, (width + 2 * kWeightsInGroup - 1) / (2 * kWeightsInGroup) + 1);
}

std::uint64_t CodedRows::bytes_to_learn(std::uint64_t rows, std::uint64_t width) noexcept {
  if (!pays(rows, width)) return 0;
  const std::uint64_t learning = std::min<std::uint64_t>(kLearnedFrom, rows) * width * sizeof(float);
  return rows * (bytes_for(width) + sizeof(float) + 3 * sizeof(std::uint32_t)) + learning;
}

CodedRows CodedRows::shared() const {
  CodedRows same;
  same.numbers_ = numbers_.shared();
  same.books_ = books_.shared();
  same.codes_ = codes_.shared();
  same.lists_ = lists_.shared();
  return same;
}

CodedRows::Numbers CodedRows::numbers() const noexcept {
  Numbers numbers;
  if (!numbers_.empty()) std::memcpy(static_cast<void*>(&numbers), numbers_.data(), std::min(sizeof numbers, numbers_.bytes()));
  return numbers;
}

void CodedRows::set_numbers(const Numbers& numbers) noexcept {
  if (numbers_.size() != kNumbers) numbers_ = Array<std::uint32_t>(kNumbers);
  std::memcpy(numbers_.data(), &numbers, sizeof numbers);
}

std::size_t CodedRows::shortlist(std::size_t k) const noexcept {
  const Numbers n = numbers();
  return std::min<std::size_t>(n.rows, n.shortlist * std::max(k, kCalibratedFor) / kCalibratedFor);
}

std::size_t CodedRows::probes(std::size_t k) const noexcept {
  const Numbers n = numbers();
  return std::min<std::size_t>(n.lists, n.probes * std::max(k, kCalibratedFor) / kCalibratedFor);
}

std::string_view CodedRows::defect(std::uint64_t rows, std::uint64_t width) const {
  if (numbers_.empty() && books_.empty() && codes_.empty() && lists_.empty()) return {};
  if (numbers_.size() != kNumbers && numbers_.size() != kNumbersOfVersion1)
    return "the numbers of its search codes are not readable";
  const Numbers n = numbers();
  if (n.version != (numbers_.size() == kNumbers ? kVersion : 1)) return "its search codes are of another version";
  if (n.rows != rows || n.width != width || n.bytes != bytes_for(width)) return "its search codes are of another layer";
  if (n.shortlist == 0 || !std::isfinite(n.log_sum_shift) || !std::isfinite(n.log_sum_error))
    return "its search codes were not calibrated";
  if (books_.size() != (width + 2) * kMeans) return "the means of its search codes have another size";
  if (!std::all_of(books_.data(), books_.data() + books_.size(), [](float value) { return std::isfinite(value); }))
    return "the means of its search codes are not finite";
  const std::uint64_t blocks = blocks_for(rows) + blocks_for(n.lists) + blocks_for(sampled_of(n));
  if (codes_.size() != blocks * simd::kSketchRows * n.bytes) return "its search codes have another size";
  return lists_defect(n);
}

std::string_view CodedRows::lists_defect(const Numbers& n) const {
  if (lists_.size() != (n.lists == 0 ? 0 : std::size_t{n.lists} + 1 + n.rows))
    return "the lists of its search codes have another size";
  if (n.lists == 0) return {};
  const std::span<const std::uint32_t> begin(list_begin(), n.lists + 1), places(order(), n.rows);
  if (n.probes == 0 || begin.front() != 0 || begin.back() != n.rows || !std::ranges::is_sorted(begin))
    return "the lists of its search codes do not follow each other";
  std::vector<bool> met(n.rows);
  for (const std::uint32_t row : places) {
    if (row >= n.rows || met[row]) return "the lists of its search codes do not have every row once";
    met[row] = true;
  }
  return {};
}

void CodedRows::look_up(const float* query, Lookup& out) const {
  const Numbers n = numbers();
  const std::size_t weights = groups(n), all = weights + 2;
  out.products.assign(all * kMeans, 0.f);
  out.tables.resize(all * kMeans);
  float widest = 0;
  double base = 0;
  for (std::size_t group = 0; group < all; ++group) {
    float* const products = out.products.data() + group * kMeans;
    if (group < weights) {
      for (std::size_t d = group_begin(n, group); d < group_begin(n, group + 1); ++d) {
        for (std::size_t c = 0; c < kMeans; ++c) products[c] += query[d] * books_[d * kMeans + c];
      }
    } else {
      std::copy_n(books_.data() + (n.width + group - weights) * kMeans, kMeans, products);
    }
    // The biases may differ more than all else; rows with a low one are out of the question, so theirs may be overrated.
    if (group != weights) {
      const auto [least, most] = std::minmax_element(products, products + kMeans);
      widest = std::max(widest, *most - *least);
    }
  }
  widest = std::max(widest, std::numeric_limits<float>::min());
  const float factor = kMostEntry / widest;
  for (std::size_t group = 0; group < all; ++group) {
    const float* const products = out.products.data() + group * kMeans;
    const auto [low, high] = std::minmax_element(products, products + kMeans);
    const float least = group == weights ? std::max(*low, *high - widest) : *low;
    base += least;
    for (std::size_t c = 0; c < kMeans; ++c)
      out.tables[group * kMeans + c] =
          static_cast<std::uint8_t>(std::clamp((products[c] - least) * factor + 0.5f, 0.f, kMostEntry));
  }
  out.unit = widest / kMostEntry;
  out.base = static_cast<float>(base);
}

}  // namespace glissade
