#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/search/coded_rows.h"
#include "engine/search/search_coded.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr int kRounds = 12;
constexpr std::size_t kCalibratingPart = 8;  ///< one query in so many
constexpr double kTopRecall = 0.995, kRecall = 0.99;
constexpr std::size_t kTop = 5;
/// The calibrating queries are of the training data; others are less certain.
constexpr std::uint32_t kMargin = 2;
constexpr std::uint32_t kLeastShortlist = 64;
constexpr std::size_t kMeans = CodedRows::kMeans;
constexpr double kBooks = 0.3, kEncoded = 0.9;  ///< so much of the work is done once there are books, and codes

/// Samples first .. first + count - 1 of `all`.
Activations part_of(const Activations& all, std::size_t first, std::size_t count) {
  Activations part;
  part.rounded = all.rounded;
  part.resize(count, all.width, !all.halves.empty());
  std::memcpy(part.values.data(), all.row(first), count * all.stride * sizeof(float));
  if (!all.halves.empty()) std::memcpy(part.halves.data(), all.half_row(first), count * all.stride * sizeof(std::uint16_t));
  return part;
}

/// The nearest of 16 means of a vector, all times half their squares: argmin of |mean|^2 / 2 - mean . x.
std::size_t nearest(const float* means, const float* halves, const float* x, std::size_t width) noexcept {
  std::array<float, kMeans> far;
  std::copy_n(halves, kMeans, far.begin());
  for (std::size_t d = 0; d < width; ++d) {
    for (std::size_t c = 0; c < kMeans; ++c) far[c] -= x[d] * means[d * kMeans + c];
  }
  return static_cast<std::size_t>(std::ranges::min_element(far) - far.begin());
}

void halve_squares(const float* means, std::size_t width, float* halves) noexcept {
  std::fill_n(halves, kMeans, 0.f);
  for (std::size_t d = 0; d < width; ++d) {
    for (std::size_t c = 0; c < kMeans; ++c) halves[c] += 0.5f * means[d * kMeans + c] * means[d * kMeans + c];
  }
}

/// Lloyd's k-means over `count` vectors that are `stride` apart; means[d * 16 + c]. A mean that no vector is nearest to stays.
void find_means(const float* vectors, std::size_t stride, std::size_t count, std::size_t width, float* means) {
  for (std::size_t c = 0; c < kMeans; ++c) {
    const float* const first = vectors + (2 * c + 1) * count / (2 * kMeans) * stride;
    for (std::size_t d = 0; d < width; ++d) means[d * kMeans + c] = first[d];
  }
  std::array<float, kMeans> halves;
  std::vector<double> sums(width * kMeans);
  for (int round = 0; round < kRounds; ++round) {
    std::array<std::size_t, kMeans> sizes{};
    std::ranges::fill(sums, 0.0);
    halve_squares(means, width, halves.data());
    for (std::size_t i = 0; i < count; ++i) {
      const float* const x = vectors + i * stride;
      const std::size_t c = nearest(means, halves.data(), x, width);
      ++sizes[c];
      for (std::size_t d = 0; d < width; ++d) sums[d * kMeans + c] += x[d];
    }
    for (std::size_t d = 0; d < width; ++d) {
      for (std::size_t c = 0; c < kMeans; ++c) {
        if (sizes[c] != 0) means[d * kMeans + c] = static_cast<float>(sums[d * kMeans + c] / static_cast<double>(sizes[c]));
      }
    }
  }
}

}  // namespace

/// Fills a CodedRows.
class RowCoder {
 public:
  RowCoder(const ParameterRows& rows, const Activations& hidden, WorkMonitor& monitor, CodedRows& out)
      : rows_(rows), hidden_(hidden), monitor_(monitor), out_(out), width_(rows.width()), mean_(width_), scale_(width_, 1.f) {
    numbers_.rows = static_cast<std::uint32_t>(rows.rows());
    numbers_.width = static_cast<std::uint32_t>(width_);
    numbers_.bytes = static_cast<std::uint32_t>(CodedRows::bytes_for(width_));
    groups_ = CodedRows::groups(numbers_);
    const std::size_t blocks = (rows.rows() + simd::kSketchRows - 1) / simd::kSketchRows;
    out_.books_ = Array<float>((width_ + 2) * kMeans);
    out_.codes_ = Array<std::uint8_t>(blocks * simd::kSketchRows * numbers_.bytes);
    out_.set_numbers(numbers_);
  }

  /// Leaves no codes if it is stopped.
  void run() {
    const std::size_t calibrating = hidden_.samples / kCalibratingPart;
    monitor_.begin(Activity::coding, groups_, {0, kBooks});
    measure(hidden_.samples - calibrating);
    find_books();
    encode();
    monitor_.begin(Activity::coding, 1, {kEncoded, 1});
    if (!monitor_.stopped()) encode_biases();
    if (monitor_.stopped()) {
      out_ = CodedRows();
      return;
    }
    for (std::size_t d = 0; d < width_; ++d) {
      for (std::size_t c = 0; c < kMeans; ++c) out_.books_[d * kMeans + c] /= scale_[d];
    }
    calibrate(part_of(hidden_, hidden_.samples - calibrating, calibrating));
  }

 private:
  /// Mean and spread of each hidden unit over the first `count` queries.
  void measure(std::size_t count) {
    if (count == 0) return;
    std::vector<double> sums(width_), squares(width_);
    for (std::size_t s = 0; s < count; ++s) {
      for (std::size_t d = 0; d < width_; ++d) {
        const double x = hidden_.row(s)[d];
        sums[d] += x;
        squares[d] += x * x;
      }
    }
    double total = 0;
    for (std::size_t d = 0; d < width_; ++d) {
      mean_[d] = static_cast<float>(sums[d] / static_cast<double>(count));
      squares[d] = std::max(0.0, squares[d] / static_cast<double>(count) - double{mean_[d]} * mean_[d]);
      total += squares[d];
    }
    // A unit that these queries do not move may be moved by another one.
    constexpr double kFloor = 0.01;
    const double floor = kFloor * total / static_cast<double>(width_) + std::numeric_limits<float>::min();
    for (std::size_t d = 0; d < width_; ++d) scale_[d] = static_cast<float>(std::sqrt(squares[d] + floor));
  }

  void read_scaled(std::size_t row, float* out) const noexcept {
    rows_.read_forward(row, out);
    for (std::size_t d = 0; d < width_; ++d) out[d] *= scale_[d];
  }

  void find_books() {
    const std::size_t count = std::min(CodedRows::kLearnedFrom, rows_.rows());
    Array<float> vectors(count * width_);
    tbb::parallel_for(std::size_t{0}, count,
                      [&](std::size_t i) { read_scaled(i * rows_.rows() / count, vectors.data() + i * width_); });
    tbb::parallel_for(std::size_t{0}, groups_, [&](std::size_t group) {
      const std::size_t begin = CodedRows::group_begin(numbers_, group), end = CodedRows::group_begin(numbers_, group + 1);
      if (begin == end || monitor_.stopped()) return;
      find_means(vectors.data() + begin, width_, count, end - begin, out_.books_.data() + begin * kMeans);
      monitor_.advance();
    });
  }

  void put(std::size_t row, std::size_t group, std::size_t code) noexcept {
    std::uint8_t* const block = out_.codes_.data() + row / simd::kSketchRows * simd::kSketchRows * numbers_.bytes;
    block[group / 2 * simd::kSketchRows + row % simd::kSketchRows] |= static_cast<std::uint8_t>(code << (group % 2 == 0 ? 0 : 4));
  }

  void encode() {
    std::vector<float> halves(groups_ * kMeans);
    for (std::size_t group = 0; group < groups_; ++group) {
      const std::size_t begin = CodedRows::group_begin(numbers_, group), end = CodedRows::group_begin(numbers_, group + 1);
      halve_squares(out_.books_.data() + begin * kMeans, end - begin, halves.data() + group * kMeans);
    }
    biases_ = Array<float>(rows_.rows());
    const std::size_t blocks = (rows_.rows() + simd::kSketchRows - 1) / simd::kSketchRows;
    monitor_.begin(Activity::coding, blocks, {kBooks, kEncoded});
    tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t block) {
      if (!monitor_.advance()) return;
      static thread_local std::vector<float> x;
      x.resize(width_);
      const std::size_t end = std::min(rows_.rows(), (block + 1) * simd::kSketchRows);
      for (std::size_t row = block * simd::kSketchRows; row < end; ++row) {
        read_scaled(row, x.data());
        encode_row(row, x.data(), halves);
      }
    });
  }

  void encode_row(std::size_t row, const float* x, const std::vector<float>& halves) noexcept {
    double bias = rows_.bias[row];
    for (std::size_t group = 0; group < groups_; ++group) {
      const std::size_t begin = CodedRows::group_begin(numbers_, group), end = CodedRows::group_begin(numbers_, group + 1);
      const float* const means = out_.books_.data() + begin * kMeans;
      const std::size_t code = nearest(means, halves.data() + group * kMeans, x + begin, end - begin);
      put(row, group, code);
      for (std::size_t d = begin; d < end; ++d) bias += double{mean_[d]} * (x[d] - out_.books_[d * kMeans + code]) / scale_[d];
    }
    biases_[row] = static_cast<float>(bias);
  }

  /// Twice: the biases, then what the first code leaves of them.
  void encode_biases() {
    for (std::size_t group = groups_; group < groups_ + 2; ++group) {
      float* const means = out_.books_.data() + (width_ + group - groups_) * kMeans;
      const std::size_t count = std::min(CodedRows::kLearnedFrom, rows_.rows());
      std::vector<float> some(count);
      for (std::size_t i = 0; i < count; ++i) some[i] = biases_[i * rows_.rows() / count];
      std::ranges::sort(some);
      find_means(some.data(), 1, count, 1, means);
      std::array<float, kMeans> halves;
      halve_squares(means, 1, halves.data());
      for (std::size_t row = 0; row < rows_.rows(); ++row) {
        const std::size_t code = nearest(means, halves.data(), &biases_[row], 1);
        put(row, group, code);
        biases_[row] -= means[code];
      }
    }
  }

  /// Without calibrating queries a tenth of the rows is looked at: nothing is known.
  void calibrate(const Activations& queries) {
    constexpr std::uint32_t kUnknownPart = 10;
    numbers_.shortlist = std::max(kLeastShortlist, numbers_.rows / kUnknownPart);
    out_.set_numbers(numbers_);
    if (queries.samples == 0) return;
    Predictions best;
    best.k = CodedRows::kCalibratedFor;
    best.labels.assign(queries.samples * best.k, Predictions::kNoLabel);
    best.scores.assign(queries.samples * best.k, -std::numeric_limits<float>::infinity());
    SearchSums exact, estimated;
    search_exact(rows_, queries, {best, 0, LossKind::softmax, false, nullptr, nullptr, &exact});
    const std::uint32_t needed = shortlist_for(queries, best);
    if (kMargin * needed > numbers_.rows / CodedRows::kLongPart) {
      out_ = CodedRows();
      return;
    }
    numbers_.shortlist = std::max(kLeastShortlist, kMargin * needed);
    out_.set_numbers(numbers_);
    search_coded(rows_, out_, queries, {best, 0, LossKind::softmax, false, nullptr, nullptr, &estimated});
    const auto low = [&](std::size_t s) { return double{exact.log_sums[s]} - estimated.log_sums[s]; };
    double shift = 0, error = 0;
    for (std::size_t s = 0; s < queries.samples; ++s) shift += low(s) / static_cast<double>(queries.samples);
    for (std::size_t s = 0; s < queries.samples; ++s) error += std::abs(low(s) - shift) / static_cast<double>(queries.samples);
    numbers_.log_sum_shift = static_cast<float>(shift);
    numbers_.log_sum_error = static_cast<float>(error);
    out_.set_numbers(numbers_);
  }

  std::uint32_t shortlist_for(const Activations& queries, const Predictions& best) const {
    const std::size_t k = std::min<std::size_t>(best.k, rows_.rows());
    std::vector<std::uint32_t> places(queries.samples * k);
    tbb::parallel_for(std::size_t{0}, queries.samples, [&](std::size_t s) {
      place_of_best(queries.row(s), {best.labels.data() + s * best.k, k}, &places[s * k]);
    });
    std::vector<std::uint32_t> top;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (i % k < kTop) top.push_back(places[i]);
    }
    const auto quantile = [](std::vector<std::uint32_t>& all, double share) {
      std::ranges::sort(all);
      return all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))];
    };
    return std::max(quantile(top, kTopRecall), quantile(places, kRecall));
  }

  /// How long a list has to be to have each of `labels`: as many rows as have at least its sum.
  void place_of_best(const float* query, std::span<const std::uint32_t> labels, std::uint32_t* places) const {
    static thread_local CodedRows::Lookup lookup;
    static thread_local std::vector<std::uint16_t> sums;
    out_.look_up(query, lookup);
    const std::size_t blocks = out_.codes_.size() / numbers_.bytes / simd::kSketchRows;
    sums.resize(blocks * simd::kSketchRows);
    simd::kernels().sketch_sums(out_.codes(), blocks, numbers_.bytes, lookup.tables.data(), sums.data());
    std::vector<std::uint32_t> from(std::size_t{2} * 255 * numbers_.bytes + 2);
    for (std::size_t row = 0; row < rows_.rows(); ++row) ++from[sums[row]];
    std::partial_sum(from.rbegin(), from.rend(), from.rbegin());
    for (std::size_t i = 0; i < labels.size(); ++i) places[i] = from[sums[labels[i]]];
  }

  const ParameterRows& rows_;
  const Activations& hidden_;
  WorkMonitor& monitor_;
  CodedRows& out_;
  std::size_t width_;
  std::size_t groups_ = 0;
  CodedRows::Numbers numbers_;
  std::vector<float> mean_, scale_;  ///< of the hidden units
  Array<float> biases_;
};

CodedRows CodedRows::learn(const ParameterRows& rows, const Activations& hidden, WorkMonitor& monitor) {
  CodedRows codes;
  RowCoder(rows, hidden, monitor, codes).run();
  return codes;
}

}  // namespace glissade
