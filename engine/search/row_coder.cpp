#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "engine/search/calibrate_codes.h"
#include "engine/search/coded_rows.h"
#include "engine/search/row_lists.h"
#include "engine/search/scaled_rows.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr int kRounds = 12;
constexpr std::size_t kCalibratingPart = 8;  ///< one query in so many
constexpr std::size_t kMeans = CodedRows::kMeans;
constexpr double kBooks = 0.15, kClustered = 0.5, kEncoded = 0.9;  ///< so much of the work is done once there are these

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
      : rows_(rows, hidden, hidden.samples - hidden.samples / kCalibratingPart),
        monitor_(monitor),
        out_(out),
        width_(rows.width()) {
    numbers_.rows = static_cast<std::uint32_t>(rows.rows());
    numbers_.width = static_cast<std::uint32_t>(width_);
    numbers_.bytes = static_cast<std::uint32_t>(CodedRows::bytes_for(width_));
    groups_ = CodedRows::groups(numbers_);
    out_.books_ = Array<float>((width_ + 2) * kMeans);
  }

  /// Leaves no codes if it is stopped.
  void run() {
    monitor_.begin(Activity::coding, groups_, {0, kBooks});
    find_books();
    monitor_.begin(Activity::coding, rows_.rows(), {kBooks, kClustered});
    lists_ = cluster_rows(rows_, lists_for(rows_.rows()), monitor_);
    numbers_.lists = static_cast<std::uint32_t>(lists_.size());
    encode();
    monitor_.begin(Activity::coding, 1, {kEncoded, 1});
    if (!monitor_.stopped()) {
      encode_biases();
      encode_lists();
    }
    if (monitor_.stopped()) {
      out_ = CodedRows();
      return;
    }
    for (std::size_t d = 0; d < width_; ++d) {
      for (std::size_t c = 0; c < kMeans; ++c) out_.books_[d * kMeans + c] /= rows_.scale(d);
    }
    out_.lists_ = Array<std::uint32_t>(lists_.begin.size() + lists_.order.size());
    std::ranges::copy(lists_.order, std::ranges::copy(lists_.begin, out_.lists_.data()).out);
    out_.set_numbers(numbers_);
    copy_samples();
  }

 private:
  void find_books() {
    const std::size_t count = std::min(CodedRows::kLearnedFrom, rows_.rows());
    Array<float> vectors(count * width_);
    tbb::parallel_for(std::size_t{0}, count,
                      [&](std::size_t i) { rows_.read(i * rows_.rows() / count, vectors.data() + i * width_); });
    tbb::parallel_for(std::size_t{0}, groups_, [&](std::size_t group) {
      const std::size_t begin = CodedRows::group_begin(numbers_, group), end = CodedRows::group_begin(numbers_, group + 1);
      if (begin == end || monitor_.stopped()) return;
      find_means(vectors.data() + begin, width_, count, end - begin, out_.books_.data() + begin * kMeans);
      monitor_.advance();
    });
  }

  /// Place `place` of the blocks that begin at `codes`.
  void put(std::uint8_t* codes, std::size_t place, std::size_t group, std::size_t code) const noexcept {
    std::uint8_t* const block = codes + place / simd::kSketchRows * simd::kSketchRows * numbers_.bytes;
    block[group / 2 * simd::kSketchRows + place % simd::kSketchRows] |=
        static_cast<std::uint8_t>(code << (group % 2 == 0 ? 0 : 4));
  }

  void encode() {
    halves_.resize(groups_ * kMeans);
    for (std::size_t group = 0; group < groups_; ++group) {
      const std::size_t begin = CodedRows::group_begin(numbers_, group), end = CodedRows::group_begin(numbers_, group + 1);
      halve_squares(out_.books_.data() + begin * kMeans, end - begin, halves_.data() + group * kMeans);
    }
    biases_ = Array<float>(rows_.rows());
    const std::size_t blocks = CodedRows::blocks_for(rows_.rows()), lists = CodedRows::blocks_for(numbers_.lists),
                      samples = CodedRows::blocks_for(CodedRows::sampled_of(numbers_)),
                      block_bytes = simd::kSketchRows * numbers_.bytes;
    out_.codes_ = Array<std::uint8_t>((blocks + lists + samples) * block_bytes);
    list_codes_ = out_.codes_.data() + blocks * block_bytes;
    monitor_.begin(Activity::coding, blocks, {kClustered, kEncoded});
    tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t block) {
      if (!monitor_.advance()) return;
      std::vector<float> x(width_);
      const std::size_t end = std::min(rows_.rows(), (block + 1) * simd::kSketchRows);
      for (std::size_t place = block * simd::kSketchRows; place < end; ++place) {
        const std::uint32_t row = lists_.order[place];
        rows_.read(row, x.data());
        biases_[place] = encode_weights(out_.codes_.data(), place, x.data(), rows_.bias(row));
      }
    });
  }

  /// The bias, with what the codes are off at the mean query.
  float encode_weights(std::uint8_t* codes, std::size_t place, const float* x, double bias) const noexcept {
    for (std::size_t group = 0; group < groups_; ++group) {
      const std::size_t begin = CodedRows::group_begin(numbers_, group), end = CodedRows::group_begin(numbers_, group + 1);
      const float* const means = out_.books_.data() + begin * kMeans;
      const std::size_t code = nearest(means, halves_.data() + group * kMeans, x + begin, end - begin);
      put(codes, place, group, code);
      for (std::size_t d = begin; d < end; ++d) bias += rows_.at_mean(d, x[d] - out_.books_[d * kMeans + code]);
    }
    return static_cast<float>(bias);
  }

  float* bias_means(std::size_t which) noexcept { return out_.books_.data() + (width_ + which) * kMeans; }

  /// Codes the biases twice: first themselves, then what the first code leaves of them.
  void encode_biases() {
    for (std::size_t which = 0; which < 2; ++which) {
      const std::size_t count = std::min(CodedRows::kLearnedFrom, rows_.rows());
      std::vector<float> some(count);
      for (std::size_t i = 0; i < count; ++i) some[i] = biases_[i * rows_.rows() / count];
      std::ranges::sort(some);
      find_means(some.data(), 1, count, 1, bias_means(which));
      for (std::size_t place = 0; place < rows_.rows(); ++place) encode_bias(out_.codes_.data(), place, which, biases_[place]);
    }
  }

  /// Leaves what the code leaves of `bias`.
  void encode_bias(std::uint8_t* codes, std::size_t place, std::size_t which, float& bias) noexcept {
    const float* const means = bias_means(which);
    std::array<float, kMeans> halves;
    halve_squares(means, 1, halves.data());
    const std::size_t code = nearest(means, halves.data(), &bias, 1);
    put(codes, place, groups_ + which, code);
    bias -= means[code];
  }

  void encode_lists() {
    std::vector<float> biases(lists_.size());
    tbb::parallel_for(std::size_t{0}, lists_.size(), [&](std::size_t list) {
      if (monitor_.stopped()) return;
      std::vector<float> mean(width_);
      const float best = summarise(list, mean.data());
      biases[list] = encode_weights(list_codes_, list, mean.data(), best);  // no two places share a byte
    });
    // Only their order counts: the codes of biases reach no higher than rows' biases do.
    const float lower = *std::ranges::max_element(biases) - *std::max_element(bias_means(0), bias_means(0) + kMeans);
    for (std::size_t list = 0; list < lists_.size(); ++list) {
      biases[list] -= lower;
      for (std::size_t which = 0; which < 2; ++which) encode_bias(list_codes_, list, which, biases[list]);
    }
  }

  /// The mean of a list's rows, and the bias that its best row has beside it: the mean one, and the largest of so many normal
  /// deviations from the mean row's logit.
  float summarise(std::size_t list, float* mean) const {
    const std::span<const std::uint32_t> members(lists_.order.data() + lists_.begin[list],
                                                 lists_.begin[list + 1] - lists_.begin[list]);
    std::vector<double> sums(width_);
    std::vector<float> x(width_);
    double bias = 0, squares = 0, biases = 0, at_mean = 0;
    for (const std::uint32_t row : members) {
      rows_.read(row, x.data());
      const double centred = rows_.bias_at_mean(row, x.data());
      bias += rows_.bias(row);
      at_mean += centred;
      biases += centred * centred;
      for (std::size_t d = 0; d < width_; ++d) {
        sums[d] += x[d];
        squares += double{x[d]} * x[d];
      }
    }
    const auto count = static_cast<double>(members.size());
    double length = 0;
    for (std::size_t d = 0; d < width_; ++d) {
      mean[d] = static_cast<float>(sums[d] / count);
      length += sums[d] / count * sums[d] / count;
    }
    const double variance = squares / count - length + biases / count - at_mean / count * at_mean / count;
    return static_cast<float>(bias / count + std::sqrt(2 * std::log(count) * std::max(0.0, variance)));
  }

  void copy_samples() noexcept {
    std::uint8_t* const codes = list_codes_ + CodedRows::blocks_for(numbers_.lists) * out_.block_bytes();
    for (std::size_t i = 0; i < out_.sampled(); ++i) {
      const std::size_t place = out_.sampled_place(i), row = place % simd::kSketchRows;
      const std::uint8_t* const block = out_.codes() + place / simd::kSketchRows * out_.block_bytes();
      std::uint8_t* const copy = codes + i / simd::kSketchRows * out_.block_bytes();
      for (std::size_t byte = 0; byte < numbers_.bytes; ++byte)
        copy[byte * simd::kSketchRows + i % simd::kSketchRows] = block[byte * simd::kSketchRows + row];
    }
  }

  ScaledRows rows_;
  WorkMonitor& monitor_;
  CodedRows& out_;
  std::size_t width_;
  std::size_t groups_ = 0;
  CodedRows::Numbers numbers_;
  RowLists lists_;
  std::uint8_t* list_codes_ = nullptr;
  std::vector<float> halves_;  ///< squares of the means' lengths
  Array<float> biases_;        ///< of each place
};

CodedRows CodedRows::learn(const ParameterRows& rows, const Activations& hidden, WorkMonitor& monitor) {
  CodedRows codes;
  RowCoder(rows, hidden, monitor, codes).run();
  if (codes.empty()) return codes;
  const std::size_t calibrating = hidden.samples / kCalibratingPart;
  calibrate_codes(rows, part_of(hidden, hidden.samples - calibrating, calibrating), codes);
  return codes;
}

}  // namespace glissade
