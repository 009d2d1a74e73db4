#include "engine/search/row_lists.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "engine/parameters/array.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kWidest = 64;     ///< parts that a cluster is cut into
constexpr std::size_t kLearnFrom = 64;  ///< rows a part
constexpr std::size_t kPiece = 512;     ///< rows that a task assigns
constexpr std::size_t kTooLong = 4;     ///< times as long as it should be, a list is cut once more
constexpr int kClusterRounds = 6, kDeepest = 12;
constexpr std::size_t kAligned = 16;

class Clustering {
 public:
  Clustering(const ScaledRows& rows, WorkMonitor& monitor)
      : rows_(rows),
        monitor_(monitor),
        kernels_(simd::kernels()),
        width_(rows.width() + 1),
        stride_((width_ + kAligned - 1) / kAligned * kAligned),
        means_(kWidest * stride_),
        all_(kWidest) {
    std::iota(all_.begin(), all_.end(), 0u);
    lists_.order.resize(rows.rows());
    std::iota(lists_.order.begin(), lists_.order.end(), 0u);
    lists_.begin.push_back(0);
  }

  RowLists run(std::size_t lists) {
    split(0, lists_.order.size(), lists, 0);
    return std::move(lists_);
  }

 private:
  /// Cuts the rows begin .. end - 1 of the order into about `lists`.
  void split(std::size_t begin, std::size_t end, std::size_t lists, int depth) {
    const std::size_t parts = std::min({lists, kWidest, end - begin});
    if (parts < 2 || depth == kDeepest || monitor_.stopped()) {
      lists_.begin.push_back(static_cast<std::uint32_t>(end));
      monitor_.advance(end - begin);
      return;
    }
    const std::span<std::uint32_t> members(lists_.order.data() + begin, end - begin);
    find_means(members, parts);
    std::vector<std::uint8_t> part(members.size());
    assign(members, parts, part.data());
    std::vector<std::size_t> ends = sort_by_part(members, parts, part);
    std::size_t from = 0;
    for (const std::size_t to : ends) {
      const double share = static_cast<double>(to - from) / static_cast<double>(members.size());
      const auto own = static_cast<std::size_t>(std::lround(share * static_cast<double>(lists)));
      const bool whole = own < 2 || (lists <= kWidest && own < kTooLong);
      if (to != from) split(begin + from, begin + to, whole ? 1 : own, depth + 1);
      from = to;
    }
  }

  void read(std::uint32_t row, float* out) const noexcept {
    rows_.read(row, out);
    out[width_ - 1] = rows_.bias_at_mean(row, out);
  }

  /// Lloyd's k-means over some of the members. A mean that no row is nearest to stays.
  void find_means(std::span<const std::uint32_t> members, std::size_t parts) {
    const std::size_t count = std::min(members.size(), parts * kLearnFrom);
    sample_.reserve_discard(count * stride_);
    tbb::parallel_for(std::size_t{0}, count,
                      [&](std::size_t i) { read(members[i * members.size() / count], sample_.data() + i * stride_); });
    for (std::size_t c = 0; c < parts; ++c)
      std::copy_n(sample_.data() + (2 * c + 1) * count / (2 * parts) * stride_, width_, means_.data() + c * stride_);
    std::vector<std::uint8_t> part(count);
    std::vector<double> sums(parts * width_);
    for (int round = 0; round < kClusterRounds; ++round) {
      halve_squares(parts);
      tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, kPiece), [&](const auto& piece) {
        for (std::size_t i = piece.begin(); i != piece.end(); ++i) part[i] = nearest(sample_.data() + i * stride_, parts);
      });
      std::ranges::fill(sums, 0.0);
      std::vector<std::size_t> sizes(parts);
      for (std::size_t i = 0; i < count; ++i) {
        ++sizes[part[i]];
        double* const sum = sums.data() + part[i] * width_;
        for (std::size_t d = 0; d < width_; ++d) sum[d] += sample_[i * stride_ + d];
      }
      for (std::size_t c = 0; c < parts; ++c) {
        if (sizes[c] == 0) continue;
        for (std::size_t d = 0; d < width_; ++d)
          means_[c * stride_ + d] = static_cast<float>(sums[c * width_ + d] / static_cast<double>(sizes[c]));
      }
    }
    halve_squares(parts);
  }

  void halve_squares(std::size_t parts) {
    for (std::size_t c = 0; c < parts; ++c) {
      const float* const mean = means_.data() + c * stride_;
      halves_[c] = 0.5f * std::inner_product(mean, mean + width_, mean, 0.f);
    }
  }

  /// argmin of |mean|^2 / 2 - mean . x
  std::uint8_t nearest(const float* x, std::size_t parts) const noexcept {
    std::array<float, kWidest> products;
    kernels_.dots_f32(x, means_.data(), stride_, all_.data(), parts, width_, products.data());
    std::size_t best = 0;
    for (std::size_t c = 1; c < parts; ++c) {
      if (products[c] - halves_[c] > products[best] - halves_[best]) best = c;
    }
    return static_cast<std::uint8_t>(best);
  }

  void assign(std::span<const std::uint32_t> members, std::size_t parts, std::uint8_t* part) const {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, members.size(), kPiece), [&](const auto& piece) {
      if (monitor_.stopped()) return;
      std::vector<float> x(stride_);
      for (std::size_t i = piece.begin(); i != piece.end(); ++i) {
        read(members[i], x.data());
        part[i] = nearest(x.data(), parts);
      }
    });
  }

  /// The ends of the parts.
  static std::vector<std::size_t> sort_by_part(std::span<std::uint32_t> members, std::size_t parts,
                                               const std::vector<std::uint8_t>& part) {
    std::vector<std::size_t> ends(parts), next(parts);
    for (const std::uint8_t p : part) ++ends[p];
    std::exclusive_scan(ends.begin(), ends.end(), next.begin(), std::size_t{0});
    std::inclusive_scan(ends.begin(), ends.end(), ends.begin());
    std::vector<std::uint32_t> sorted(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) sorted[next[part[i]]++] = members[i];
    std::ranges::copy(sorted, members.begin());
    return ends;
  }

  const ScaledRows& rows_;
  WorkMonitor& monitor_;
  const simd::Kernels& kernels_;
  std::size_t width_, stride_;  ///< of a row with its bias
  Array<float> means_, sample_;
  std::array<float, kWidest> halves_{};  ///< squares of the means' lengths
  std::vector<std::uint32_t> all_;
  RowLists lists_;
};

}  // namespace

std::size_t lists_for(std::size_t rows) noexcept {
  constexpr double kFactor = 4;
  return static_cast<std::size_t>(kFactor * std::sqrt(static_cast<double>(rows)));
}

RowLists cluster_rows(const ScaledRows& rows, std::size_t lists, WorkMonitor& monitor) {
  return Clustering(rows, monitor).run(lists);
}

}  // namespace glissade
