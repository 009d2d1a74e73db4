#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/config.h>
#include <glissade/options.h>
#include <glissade/views.h>

namespace glissade {

/// What the memory of a training run depends on besides its options and the network's shape.
struct DataSize {
  std::uint64_t rows = 0;
  std::uint64_t feature_entries = 0;
  std::uint64_t label_entries = 0;
  std::uint64_t label_row_entries = 0;     ///< of the labels' sparse rows, estimated from some thousand labels; 0 without fan-in
  bool paged = false;                      ///< rows come through a RowPager: their memory is taken when they are read
  std::uint64_t learning_row_entries = 0;  ///< the same of the rows that weights of features are learned on
  double label_matches = 0;                ///< features that a sample has in common with a label's row of its, on average
  std::uint64_t batch_features = 0;        ///< entries of a batch, the most of some drawn ones; likewise
  std::uint64_t batch_labels = 0;          ///< entries
  std::uint64_t batch_different_labels = 0;  ///< a set that a batch shares holds all of them
  std::uint64_t name_bytes = 0;              ///< of names of labels and features, see measure_names()
  std::uint64_t name_words = 0;              ///< of labels' names, where features have names, too
};

/// Adds what names take that a model holds. O(bytes of labels' names + features).
void measure_names(std::span<const std::string> labels, std::span<const std::string> features, DataSize& size);

/// Costs a pass over the labels and, with fan-in, over the features of a few rows, and some batches of rows.
DataSize data_size(const Config& config, const DatasetView& data, bool paged);

/// Bytes that a run will hold at its largest moment, by what for.
struct RunMemory {
  struct Part {
    std::string_view what;
    std::uint64_t bytes;
  };
  std::string_view moment;  ///< when that is
  std::vector<Part> parts;
  std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const Part& part : parts) sum += part.bytes;
    return sum;
  }
};

/// `held`: what the process holds already, program and data that were read (resident_memory_mib() before the model is made).
/// Within a tenth of the peak on the data sets of bench/RESULTS.md. `ranks`: that share the rows out; then it is one rank's.
RunMemory estimate_run_memory(const Config& config, const Shape& shape, const DataSize& data, std::uint64_t held,
                              std::uint32_t ranks = 1);

}  // namespace glissade
