#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <glissade/model.h>

#include "engine/features/feature_transform.h"
#include "engine/layers/network.h"
#include "engine/model/pass.h"
#include "engine/model/shared_slot.h"
#include "engine/parameters/weight_average.h"
#include "engine/ranking/candidate_search.h"
#include "engine/ranking/ranked_paths.h"
#include "engine/relations/own_labels.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/label_index.h"
#include "engine/search/coded_rows.h"
#include "engine/shards/shard_group.h"

namespace glissade {

/// What a Model holds. The Trainer changes it through impl_of() (access.h).
class Model::Impl {
 public:
  /// `compact`: see Network.
  Impl(const Config& c, const Shape& s, bool is_trainable, Communicator* ranks = nullptr, bool compact = true)
      : config(c),
        shape(s),
        trainable(is_trainable),
        transform(c.network.weighting, s.vector_width),
        network(c, s, is_trainable, owners_among(ranks), compact) {
    if (ranks != nullptr && !ranks->is_alone()) shards = std::make_unique<ShardGroup>(*ranks, network, s.labels);
  }

  static RowOwners owners_among(Communicator* ranks) noexcept {
    if (ranks == nullptr) return {};
    return {static_cast<std::uint32_t>(ranks->rank()), static_cast<std::uint32_t>(ranks->size())};
  }
  /// Usage error of a shard for what needs all rows in one process: `what`, such as "an explanation".
  Result<void> check_whole(const char* what) const;
  RowOwners owners() const noexcept { return shards ? shards->owners() : RowOwners{}; }

  /// Full tables over the output rows as they are now, to search in: those of training where they are full, else ones of their
  /// own, built on first use. Training and what is saved of it never depend on whether somebody searched. Thread-safe among
  /// searches, and without a lock: of threads that come at once each builds tables, and those of one are kept. The rows must not
  /// change meanwhile.
  std::shared_ptr<const LabelIndex> search_index();
  /// The tables of training, perhaps not built yet, for the Trainer, which keeps them in step with the rows from here on.
  LabelIndex& training_index();
  /// The learned table of the sampler lsh-learned, made on first use; for the Trainer alone.
  ClusterIndex& training_clusters();
  /// To be called after rows changed without the tables being told.
  void drop_index() noexcept {
    index_.reset();
    search_index_.store(nullptr);
  }
  std::uint64_t index_bytes() const noexcept {
    const auto searched = search_index_.load();
    return (index_ ? index_->memory_bytes() : 0) + (searched ? searched->index.memory_bytes() : 0) + codes.memory_bytes();
  }

  /// Another weighting, without factors, before any step.
  void set_weighting(FeatureWeighting weighting) {
    config.network.weighting = weighting;
    transform = FeatureTransform(weighting, shape.vector_width);
  }

  /// A CandidateSearch that no other thread has; to be given back.
  std::unique_ptr<CandidateSearch> take_search();
  void give_back(std::unique_ptr<CandidateSearch> search);
  /// Puts other paths in the place of today's.
  void set_paths(RankedPaths made);

  /// What exclude-input excludes.
  OwnLabels own_labels() const noexcept { return {feature_labels, shape.labels}; }

  Config config;
  Shape shape;
  bool trainable;
  FeatureTransform transform;  ///< by config.network.weighting
  Network network;
  std::unique_ptr<ShardGroup> shards;  ///< null: the network has all rows
  WeightAverage average;               ///< of the training under way
  RankedPaths paths;
  BlockRows output_blocks;      ///< where output rows share connections, and the model only answers; else empty
  Array<float> search_queries;  ///< of a shard: hidden vectors to make codes with when the rows are together again
  CodedRows codes;              ///< of the output rows as they are now, to search by; empty: none
  std::uint64_t step = 0;
  std::uint32_t epochs_done = 0;
  Pass pass;
  std::uint64_t training_samples = 0;
  std::vector<std::uint32_t> label_counts;
  std::vector<std::string> label_names;
  std::vector<std::string> feature_names;
  std::vector<std::uint32_t> feature_labels;  ///< by feature: the label that is the same thing; empty: the one of its id
  std::string run_notes;
  std::string data_notes;
  std::uint64_t data_fingerprint = 0;                ///< of the rows that the passes go over; 0 before the first
  std::optional<std::uint64_t> sibling_fingerprint;  ///< of which rows are kept together; none: not known
  std::vector<bool> taken_labels;  ///< output rows that came from another model; empty: none. Not part of a model file

  /// The tables of training as far as they are made, else null.
  LabelIndex* made_index() const noexcept { return index_.get(); }
  const ClusterIndex* made_clusters() const noexcept { return clusters_.get(); }

 private:
  /// Tables to search in, and the step and epochs_done that they were built at.
  struct SearchTables {
    SearchTables(const Config& config, const ParameterRows& rows, std::pair<std::uint64_t, std::uint32_t> at)
        : index(config, rows), built_at(at) {}
    LabelIndex index;
    std::pair<std::uint64_t, std::uint32_t> built_at;
  };

  std::unique_ptr<LabelIndex> index_;
  SharedSlot<const SearchTables> search_index_;
  std::unique_ptr<ClusterIndex> clusters_;
  std::mutex search_mutex_;
  std::vector<std::unique_ptr<CandidateSearch>> searches_;  ///< not in use
};

}  // namespace glissade
