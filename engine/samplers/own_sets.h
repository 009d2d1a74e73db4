#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/communication/row_shards.h"
#include "engine/samplers/label_codes.h"
#include "engine/samplers/sampler.h"

namespace glissade {

/// How ranks that share out the output rows choose active sets: each its own part of a set, whose ids are places among its rows.
///
/// What is drawn by chance and by labels alone is the same for all ranks, so each draws the whole set and keeps what is its own:
/// the set is that of one process. Where rows are looked for (tables, a learned table, `exact`), each rank looks among its own
/// rows, for its share of the set, and draws the rest of its share from its own: strata of the rows (Cochran, Sampling
/// Techniques, 1977), each with its own weights, so that sums over the set are estimates of the same sums as before; which rows
/// they are depends on the number of ranks.
class OwnSets {
 public:
  /// Both must outlive it. `sampler`: over all `labels`, or with `by_rank` over the rows of this rank. No shards: it is used as
  /// it is.
  OwnSets(const Sampler& sampler, std::size_t labels, RowShards* shards = nullptr, bool by_rank = false);

  /// Whether ranks choose by strata.
  static bool by_rank(const Config& config) noexcept;
  /// `config` for the sampler of a rank that chooses by strata: its share of the set.
  static Config of_rank(const Config& config, std::uint32_t labels, const RowOwners& owners);

  /// A batch with these labels, which must outlive its sets. Collective.
  void begin(const SparseRows& labels);
  /// The labels that are this rank's, as places, with their values; of one rank all.
  const SparseRows& own_labels() const noexcept { return own_; }
  /// What `seen` of select() must have room for.
  std::size_t universe() const noexcept { return by_rank_ ? rows() : labels_; }
  std::size_t rows() const noexcept { return owners_.count(labels_); }

  /// Sampler::select(); group.labels are those of begin(). Returns whether this rank counts what concerns a set as a whole.
  bool select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const;

 private:
  void keep_own(ActiveSet& set) const;

  const Sampler& sampler_;
  std::size_t labels_;
  RowOwners owners_;
  bool by_rank_;
  std::optional<LabelCodes> label_codes_;
  SparseRows own_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> places_;
  std::vector<float> values_;
};

}  // namespace glissade
