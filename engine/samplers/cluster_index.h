#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>

#include "engine/dense/row_panels.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/samplers/centred_rows.h"
#include "engine/samplers/sketches.h"

namespace glissade {

/// A hash table that is learned from the output rows: its buckets are clusters (Lloyd's k-means), and each row in a bucket
/// carries the signs of 128 projections of what sets it apart from the bucket's mean, by which a query ranks the buckets nearest
/// to it. Data-dependent hashing as in MONGOOSE (Chen et al. 2021); an inverted file with short codes (Jegou et al. 2011),
/// scanned from registers (Andre et al. 2015). Random projections need rows at small angles to a query; the rows of a wide
/// softmax lie near right angles to it, all at much the same one, and only beside each other, seen from their mean, do they
/// differ.
///
/// All rows are hashed anew in passes, small slices between training steps; a finished pass takes the place of the last one.
/// rank() is safe from many threads; all else needs exclusive access.
class ClusterIndex {
 public:
  ClusterIndex(const Config& config, const ParameterRows& rows);

  /// Forgets everything: the index of an epoch follows from the weights and the epoch alone, so that a run that was resumed goes
  /// on exactly as one that never stopped. The first pass is done after 1 / kFillingPart of the epoch's samples; until then
  /// rank() finds nothing.
  void restart(std::uint64_t epoch, std::uint64_t samples, std::uint64_t batch);
  static constexpr std::uint64_t kFillingPart = 32;
  static constexpr std::uint64_t kPasses = 2;  ///< further ones in an epoch

  /// Counts `samples` samples of a step, of the last of which `hidden` are the activations that the output layer saw, and hashes
  /// the rows that are due. Returns how many.
  std::size_t advance(const Activations& hidden, std::uint64_t samples);
  std::size_t advance(const Activations& hidden) { return advance(hidden, hidden.samples); }
  /// Whether the next advance() looks at the activations: it begins a pass.
  bool wants_activations() const noexcept { return !running_; }

  /// The rows of the largest logits, among those that the table finds, for some samples, best first: ids[i * depth + rank],
  /// unused places RankedRows::kNoRow. Serial; no allocation once a thread's buffers have grown, until then
  /// it may throw std::bad_alloc.
  void rank(const Activations& hidden, const SomeRows& which, std::size_t depth, std::uint32_t* ids) const;

  std::size_t memory_bytes() const noexcept;
  /// Of an index over rows of `width` weights, a pass under way included.
  static std::uint64_t most_bytes(std::uint64_t rows, std::uint64_t width) noexcept;
  /// About as many buckets as rows in a bucket.
  static std::size_t clusters_for(std::size_t rows) noexcept;

 private:
  friend class TableState;  // writes all of it down and puts it back
  /// The means of a pass, packed for products.
  struct Means {
    CentredRows frame;
    ParameterRows rows;
    RowPanels panels;
    std::vector<float> start;  ///< -|mean|^2 / 2: the nearest mean has the largest product plus this
  };
  /// Rows by bucket; a bucket begins at a multiple of simd::kSketchRows.
  struct Buckets {
    std::vector<std::uint32_t> begin;  ///< [clusters + 1]
    std::vector<std::uint32_t> size;
    std::vector<std::uint32_t> ids;
    std::vector<std::uint8_t> codes;  ///< blocks of kSketchRows rows: [byte][row]
    std::vector<float> lengths;
    std::size_t largest = 0;  ///< room that a bucket takes
  };

  /// How many rows a pass has hashed after so many of its `period` samples.
  static std::size_t due_rows(std::uint64_t samples, std::uint64_t period, std::size_t rows) noexcept;
  void begin_pass(const Activations& hidden);
  void find_means(std::span<const std::uint32_t> sample);
  void move_means(const std::vector<float>& vectors, std::span<const std::uint32_t> clusters, std::uint64_t seed);
  void pack_means();
  void hash_rows(std::size_t begin, std::size_t end);
  void finish_pass();
  void place_buckets();
  struct Query {
    const Activations& hidden;
    std::size_t sample;
    const float* scores;       ///< of the buckets
    const float* projections;  ///< of the sample
  };
  void search(const Query& query, std::size_t depth, std::uint32_t* ids) const;

  const ParameterRows& rows_;
  std::size_t count_;  ///< clusters
  std::size_t probes_;
  std::uint64_t seed_, epoch_ = 0;
  Sketches sketches_;
  Means means_, next_means_;
  Buckets buckets_;
  // The pass under way: of each row its bucket, code and scaled length.
  std::vector<std::uint32_t> bucket_of_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> lengths_;
  std::size_t hashed_ = 0;
  bool ready_ = false, running_ = false;
  std::uint64_t passes_ = 0, samples_ = 0, period_ = 1, epoch_samples_ = 1;
};

}  // namespace glissade
