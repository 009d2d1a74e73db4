#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/layers/activation.h"
#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/progress/work_monitor.h"
#include "simd/kernels.h"

namespace glissade {

/// Short codes of an output layer's rows, from which a query estimates every logit at about a tenth of the memory traffic of the
/// rows themselves. A row is cut into groups of about four weights; each group is stored as the nearest of 16 means, four bits
/// (product quantisation, Jegou et al. 2011), and a query looks 32 rows up at once (Andre et al. 2015). What counts is the error
/// of the logit, not of the row (as in Guo et al. 2020): distances are weighted by how much each hidden unit varies over queries,
/// and the error that a row has at the mean query is taken out with its bias, which has two groups of its own.
///
/// Where the rows lie in clusters that few queries need many of, the codes are sorted by cluster: a query reads the codes of the
/// clusters' representatives first, then the lists that look best (inverted lists, as in Jegou et al. 2011). A representative is
/// a row's code like the others: the mean, its bias raised by what the best of so many rows may have above the mean.
///
/// Const members are safe from many threads.
class CodedRows {
 public:
  CodedRows() = default;

  /// Codes of all rows, learned from them and from the queries of `hidden`. A function of both, for any number of threads. In
  /// parallel; about width * 200 multiplications a row, and one exact search for an eighth of the queries. Empty where the codes
  /// do not tell rows apart well enough to be of use, and where `monitor` is stopped.
  static CodedRows learn(const ParameterRows& rows, const Activations& hidden, WorkMonitor& monitor = WorkMonitor::silent());

  /// Whether a layer is so large that looking at codes first saves time.
  static bool pays(std::uint64_t rows, std::uint64_t width) noexcept { return rows * width >= kLeastWeights && width >= 8; }

  /// What learning them takes, the codes included.
  static std::uint64_t bytes_to_learn(std::uint64_t rows, std::uint64_t width) noexcept;

  bool empty() const noexcept { return codes_.empty(); }
  std::size_t rows() const noexcept { return numbers().rows; }
  std::size_t bytes_per_row() const noexcept { return numbers().bytes; }
  std::size_t memory_bytes() const noexcept { return numbers_.bytes() + books_.bytes() + codes_.bytes() + lists_.bytes(); }

  /// Codes in blocks of simd::kSketchRows places: of the rows in the order of the lists, or else in their own.
  const std::uint8_t* codes() const noexcept { return codes_.data(); }
  std::size_t blocks() const noexcept { return blocks_for(rows()); }

  /// Lists of rows that are alike; 0: there are none, and all codes are read.
  std::size_t lists() const noexcept { return numbers().lists; }
  /// How many lists to read for the best k: so many that the rows of shortlist() would hardly be others if all were read.
  std::size_t probes(std::size_t k) const noexcept;
  /// The first place of each list, and `rows` at the end.
  const std::uint32_t* list_begin() const noexcept { return lists_.data(); }
  /// The row at each place.
  const std::uint32_t* order() const noexcept { return lists_.data() + lists() + 1; }
  /// Codes of the lists' representatives.
  const std::uint8_t* list_codes() const noexcept { return codes_.data() + blocks() * block_bytes(); }

  /// With lists: copies of the codes at `sampled` places, number i of place sampled_place(i).
  const std::uint8_t* sampled_codes() const noexcept { return list_codes() + blocks_for(lists()) * block_bytes(); }
  std::size_t sampled() const noexcept { return sampled_of(numbers()); }
  std::size_t sampled_place(std::size_t i) const noexcept { return i * rows() / sampled(); }

  static std::size_t blocks_for(std::size_t rows) noexcept { return (rows + simd::kSketchRows - 1) / simd::kSketchRows; }
  /// The largest sum that simd::Kernels::sketch_sums makes of a row.
  std::size_t most_sum() const noexcept { return bytes_per_row() * 2 * 255; }
  std::size_t block_bytes() const noexcept { return simd::kSketchRows * bytes_per_row(); }

  /// How many rows to look at for the best k: twice as many as it takes that 99.5 % of the best 5 and 99 % of the best 16 of the
  /// calibrating queries were among them.
  std::size_t shortlist(std::size_t k) const noexcept;
  /// What is to be added to the estimated log of the sum of all exponentials, which estimates of logits leave too low or too
  /// high.
  float log_sum_shift() const noexcept { return numbers().log_sum_shift; }

  /// How far that is off after the shift, on average over the calibrating queries: so far are a softmax's probabilities.
  float log_sum_error() const noexcept { return numbers().log_sum_error; }

  /// A query's tables for simd::Kernels::sketch_sums: a row's logit, bias included, is about base + unit * sum.
  struct Lookup {
    std::vector<std::uint8_t> tables;
    std::vector<float> products;  ///< scratch
    float unit = 0, base = 0;
  };
  void look_up(const float* query, Lookup& out) const;

  /// The same codes for another reader, in the same memory.
  CodedRows shared() const;

  // For the model file.
  Array<std::uint32_t>& numbers_array() noexcept { return numbers_; }
  Array<float>& books_array() noexcept { return books_; }
  Array<std::uint8_t>& codes_array() noexcept { return codes_; }
  Array<std::uint32_t>& lists_array() noexcept { return lists_; }
  /// What keeps the arrays from being codes of `rows` rows of `width` weights; empty if nothing does.
  std::string_view defect(std::uint64_t rows, std::uint64_t width) const;

  static constexpr std::size_t kLongPart = 8;        ///< to read so large a part of the rows one by one costs as much as all
  static constexpr std::size_t kMeans = 16;          ///< of a group
  static constexpr std::size_t kCalibratedFor = 16;  ///< best labels of a query
  /// For the sum of exponentials one row in so many is looked at, at least, and no more than about so many in all.
  static constexpr std::size_t kSampledEvery = 16, kMostSampled = 8192;

 private:
  friend class RowCoder;
  friend class CodeCalibration;
  static constexpr std::size_t kLearnedFrom = 32768;  ///< rows
  static constexpr std::uint64_t kLeastWeights = std::uint64_t{1} << 20;
  static constexpr std::uint32_t kVersion = 2;  ///< 1 had no lists

  struct Numbers {
    std::uint32_t version = kVersion;
    std::uint32_t rows = 0;
    std::uint32_t width = 0;
    std::uint32_t bytes = 0;  ///< per row
    std::uint32_t shortlist = 0;
    float log_sum_shift = 0;
    float log_sum_error = 0;
    std::uint32_t lists = 0;
    std::uint32_t probes = 0;  ///< lists to read for kCalibratedFor labels
  };
  static constexpr std::size_t kNumbers = sizeof(Numbers) / sizeof(std::uint32_t), kNumbersOfVersion1 = kNumbers - 2;

  Numbers numbers() const noexcept;
  void set_numbers(const Numbers& numbers) noexcept;
  static std::size_t bytes_for(std::size_t width) noexcept;
  static std::size_t sampled_of(const Numbers& n) noexcept {
    return n.lists == 0 ? 0 : std::min<std::size_t>(kMostSampled, (n.rows + kSampledEvery - 1) / kSampledEvery);
  }
  std::string_view lists_defect(const Numbers& n) const;
  /// Groups of weights; two more are the bias.
  static std::size_t groups(const Numbers& n) noexcept { return 2 * std::size_t{n.bytes} - 2; }
  static std::size_t group_begin(const Numbers& n, std::size_t group) noexcept { return group * n.width / groups(n); }

  Array<std::uint32_t> numbers_;
  Array<float> books_;          ///< of each weight its value in the 16 means, then 16 biases, then 16 rests of them
  Array<std::uint8_t> codes_;   ///< of rows, lists, sampled rows, each in blocks; the rows that fill the last block are 0
  Array<std::uint32_t> lists_;  ///< where each begins, then the row at each place
};

}  // namespace glissade
