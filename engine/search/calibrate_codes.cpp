#include "engine/search/calibrate_codes.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "engine/search/probed_lists.h"
#include "engine/search/search_coded.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr double kTopRecall = 0.995, kRecall = 0.99;
constexpr std::size_t kTop = 5;
/// The calibrating queries are of the training data; others are less certain.
constexpr std::uint32_t kMargin = 2;
constexpr std::uint32_t kLeastShortlist = 64;

/// How many of some sums are at least as large as one of them.
class Ranks {
 public:
  void count(std::span<const std::uint16_t> sums, std::size_t most_sum) {
    from_.assign(most_sum + 2, 0);
    for (const std::uint16_t sum : sums) ++from_[sum];
    std::partial_sum(from_.rbegin(), from_.rend(), from_.rbegin());
  }
  std::uint32_t of(std::uint16_t sum) const noexcept { return from_[sum]; }

 private:
  std::vector<std::uint32_t> from_;
};

/// The least number that is enough for kTopRecall of each query's first kTop and for kRecall of all its k.
std::uint32_t enough_for(const std::vector<std::uint32_t>& needed, std::size_t k) {
  std::vector<std::uint32_t> all = needed, top;
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (i % k < kTop) top.push_back(needed[i]);
  }
  const auto quantile = [](std::vector<std::uint32_t>& values, double share) {
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
  };
  return std::max(quantile(top, kTopRecall), quantile(all, kRecall));
}

}  // namespace

class CodeCalibration {
 public:
  CodeCalibration(const ParameterRows& rows, const Activations& queries, CodedRows& codes)
      : rows_(rows), queries_(queries), out_(codes), numbers_(codes.numbers()) {}

  void run() {
    if (queries_.samples == 0) {
      know_nothing();
      return;
    }
    search_all();
    measure_ranks();
    const std::uint32_t needed = enough_for(row_ranks_, best_.k);
    if (kMargin * needed > numbers_.rows / CodedRows::kLongPart) {
      out_ = CodedRows();
      return;
    }
    numbers_.shortlist = std::max(kLeastShortlist, kMargin * needed);
    choose_probes();
    out_.set_numbers(numbers_);
    measure_sums();
    out_.set_numbers(numbers_);
  }

 private:
  /// A tenth of the rows is looked at.
  void know_nothing() {
    constexpr std::uint32_t kUnknownPart = 10;
    numbers_.shortlist = std::max(kLeastShortlist, numbers_.rows / kUnknownPart);
    drop_lists();
    out_.set_numbers(numbers_);
  }

  void search_all() {
    best_.k = static_cast<std::uint32_t>(std::min<std::size_t>(CodedRows::kCalibratedFor, rows_.rows()));
    best_.labels.assign(queries_.samples * best_.k, Predictions::kNoLabel);
    best_.scores.assign(queries_.samples * best_.k, -std::numeric_limits<float>::infinity());
    search_exact(rows_, queries_, {best_, 0, LossKind::softmax, false, nullptr, nullptr, &exact_});
  }

  void measure_ranks() {
    places_.resize(rows_.rows());
    for (std::uint32_t place = 0; place < places_.size(); ++place) places_[out_.order()[place]] = place;
    row_ranks_.resize(queries_.samples * best_.k);
    list_ranks_.resize(row_ranks_.size());
    tbb::parallel_for(std::size_t{0}, queries_.samples, [&](std::size_t s) { measure_ranks(s); });
  }

  void measure_ranks(std::size_t query) {
    CodedRows::Lookup lookup;
    out_.look_up(queries_.row(query), lookup);
    const std::vector<std::uint16_t> rows = sums_of(lookup, out_.codes(), rows_.rows()),
                                     lists = sums_of(lookup, out_.list_codes(), out_.lists());
    Ranks row_ranks, list_ranks;
    row_ranks.count(rows, out_.most_sum());
    list_ranks.count(lists, out_.most_sum());
    const std::uint32_t* const begin = out_.list_begin();
    for (std::size_t i = query * best_.k; i < (query + 1) * best_.k; ++i) {
      const std::uint32_t place = places_[best_.labels[i]];
      row_ranks_[i] = row_ranks.of(rows[place]);
      list_ranks_[i] = list_ranks.of(lists[std::upper_bound(begin, begin + out_.lists() + 1, place) - begin - 1]);
    }
  }

  std::vector<std::uint16_t> sums_of(const CodedRows::Lookup& lookup, const std::uint8_t* codes, std::size_t count) const {
    const std::size_t blocks = CodedRows::blocks_for(count);
    std::vector<std::uint16_t> sums(blocks * simd::kSketchRows);
    simd::kernels().sketch_sums(codes, blocks, out_.bytes_per_row(), lookup.tables.data(), sums.data());
    sums.resize(count);
    return sums;
  }

  void choose_probes() {
    numbers_.probes = std::min(numbers_.lists, kMargin * enough_for(list_ranks_, best_.k));
    if (2 * (blocks_read() + static_cast<double>(CodedRows::blocks_for(numbers_.lists))) > static_cast<double>(out_.blocks()))
      drop_lists();
  }

  /// Blocks of codes that a query reads with numbers_.probes, on average.
  double blocks_read() const {
    std::vector<std::size_t> blocks(queries_.samples);
    tbb::parallel_for(std::size_t{0}, queries_.samples, [&](std::size_t s) {
      CodedRows::Lookup lookup;
      ProbedLists probed;
      out_.look_up(queries_.row(s), lookup);
      for (const BlockRange& range : probed.choose(out_, lookup, numbers_.probes)) blocks[s] += range.end - range.begin;
    });
    return static_cast<double>(std::accumulate(blocks.begin(), blocks.end(), std::size_t{0})) /
           static_cast<double>(blocks.size());
  }

  /// Sorts the codes by row.
  void drop_lists() {
    const std::size_t bytes = numbers_.bytes;
    Array<std::uint8_t> codes(out_.blocks() * out_.block_bytes());
    for (std::size_t place = 0; place < rows_.rows(); ++place) {
      const std::size_t row = out_.order()[place];
      const std::uint8_t* const from = out_.codes() + place / simd::kSketchRows * out_.block_bytes() + place % simd::kSketchRows;
      std::uint8_t* const to = codes.data() + row / simd::kSketchRows * out_.block_bytes() + row % simd::kSketchRows;
      for (std::size_t byte = 0; byte < bytes; ++byte) to[byte * simd::kSketchRows] = from[byte * simd::kSketchRows];
    }
    out_.codes_ = std::move(codes);
    out_.lists_ = {};
    numbers_.lists = numbers_.probes = 0;
  }

  void measure_sums() {
    SearchSums estimated;
    search_coded(rows_, out_, queries_, {best_, 0, LossKind::softmax, false, nullptr, nullptr, &estimated});
    const auto low = [&](std::size_t s) { return double{exact_.log_sums[s]} - estimated.log_sums[s]; };
    const auto count = static_cast<double>(queries_.samples);
    double shift = 0, error = 0;
    for (std::size_t s = 0; s < queries_.samples; ++s) shift += low(s) / count;
    for (std::size_t s = 0; s < queries_.samples; ++s) error += std::abs(low(s) - shift) / count;
    numbers_.log_sum_shift = static_cast<float>(shift);
    numbers_.log_sum_error = static_cast<float>(error);
  }

  const ParameterRows& rows_;
  const Activations& queries_;
  CodedRows& out_;
  CodedRows::Numbers numbers_;
  Predictions best_;
  SearchSums exact_;
  std::vector<std::uint32_t> places_;                  ///< of each row
  std::vector<std::uint32_t> row_ranks_, list_ranks_;  ///< of each best label: how many rows, or lists, look at least as good
};

void calibrate_codes(const ParameterRows& rows, const Activations& queries, CodedRows& codes) {
  CodeCalibration(rows, queries, codes).run();
}

}  // namespace glissade
