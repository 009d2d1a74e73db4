#pragma once

#include <cstdint>
#include <span>

#include "engine/candidates/proposing_path.h"
#include "engine/neighbours/fresh_samples.h"

namespace glissade {

/// The training samples themselves, whose labels vote for a sample like them (`neighbours`; an interpolation as in kNN-LM,
/// Khandelwal et al. 2020). Proposes the labels with the most votes.
class NeighbourPath final : public ProposingPath {
 public:
  std::unique_ptr<Proposer> proposer(const Config& config, std::size_t labels) const override;
  /// Takes all samples of the data. Begins Activity::neighbours, of which it is the part up to kBuilt; ranking does the rest.
  void build(const PathSource& source, WorkMonitor& monitor) override;
  void index(std::size_t features) override;
  bool empty() const noexcept override { return samples.empty(); }
  std::size_t memory_bytes() const noexcept override;
  std::vector<StoredArray> arrays() override;
  std::string_view defect(const Shape& shape) const noexcept override;
  std::optional<Error> not_finite() const override;

  std::span<const std::uint32_t> labels_of(std::uint32_t sample) const noexcept {
    if (sample >= samples.rows()) return fresh_samples->labels(sample - samples.rows());
    return std::span(labels.data(), labels.size()).subspan(label_begins[sample], label_begins[sample + 1] - label_begins[sample]);
  }

  /// How many votes a sample has. Samples of events have one.
  float weight_of(std::uint32_t sample) const noexcept { return sample < sample_weights.size() ? sample_weights[sample] : 1.f; }

  /// Asks for what labels_of() reads first, and then for the labels themselves, before their turn. Samples of events are left
  /// out.
  void ask_for_begin(std::uint32_t sample) const noexcept {
    if (sample < samples.rows()) __builtin_prefetch(label_begins.data() + sample);
  }
  void ask_for_labels(std::uint32_t sample) const noexcept {
    if (sample < samples.rows()) __builtin_prefetch(labels.data() + label_begins[sample]);
  }

  SparseRowView sample(std::uint32_t sample) const noexcept {
    if (sample >= samples.rows()) return fresh_samples->row(sample - samples.rows());
    const std::uint64_t begin = samples.offsets[sample], size = samples.offsets[sample + 1] - begin;
    return {{samples.ids.data() + begin, size}, {samples.values.data() + begin, size}};
  }

  /// A training sample and its likeness to a sample that was asked for.
  struct Near {
    std::uint32_t sample;
    float likeness;
  };
  /// The config's `neighbours` samples that are likest to the one that `query` has begun, likest first; those marked in `unknown`
  /// (may be empty) are passed over. Allocates nothing once `out` has grown.
  void find_near(const Config& config, SparseQuery& query, const std::vector<bool>& unknown, std::vector<Near>& out) const;

  /// The same samples for another reader: nothing is copied but what changes, `fresh_samples` and `fresh`.
  NeighbourPath shared() const;

  static constexpr double kBuilt = 0.4;  ///< of the time, about

  FeatureWeights weights;             ///< of samples before each other
  SparseMatrix samples;               ///< one row per training sample
  Array<std::uint64_t> label_begins;  ///< [samples + 1]
  Array<std::uint32_t> labels;
  Array<float> sample_weights;  ///< how many each counts as; empty: 1 each
  FeatureIndex sample_index;

  // Samples of events since (engine/learning), behind the others; not part of a model file.
  const FreshSamples* fresh_samples = nullptr;
  FreshEntries fresh;  ///< their entries

 private:
  void take_samples(const DatasetView& data, WorkMonitor& monitor);
  void take_labels(const DatasetView& data);
};

}  // namespace glissade
