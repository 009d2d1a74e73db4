#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <glissade/model.h>
#include <glissade/result.h>

namespace glissade {

/// How coarsely the parts of a model are told when it is pruned. The weights of a part become multiples of a step, those below
/// about half a step (of dense rows) or a whole one (of sparse rows) vanish, and what is left is coded by how often it occurs. A
/// step counts in the part's root mean square: 0.1 changes next to nothing, at 1 most weights are gone, at 4 nearly all.
struct PruneMix {
  enum Part { features, labels, rows, neighbours, co_labels };
  static constexpr std::size_t kParts = 5;
  static constexpr std::array<const char*, kParts> kNames = {"rows of features", "rows of labels", "sparse rows of labels",
                                                             "neighbours", "co-labels"};
  /// By Part: of the rows of features, of the rows of labels and the layers between, of the labels' sparse rows, of the training
  /// samples, and of the co-labels.
  std::array<double, kParts> steps = {};

  bool operator==(const PruneMix&) const = default;
};

/// What each part of a model loses by coarse steps while the others are fine: a score before less one after.
struct PruneCurves {
  static constexpr std::array<double, 5> kSteps = {0.25, 0.5, 1, 1.75, 3};
  std::array<std::array<double, kSteps.size()>, PruneMix::kParts> losses = {};  ///< by part and step; of the first one 0
};

/// Makes smaller models of one. All weights may be of any size: it is done file by file, without training.
///
/// Movable handle. Const members are thread-safe, one at a time: they use all threads of the calling arena.
class Pruner {
 public:
  /// Reads a model file of one piece. Fails as Model::load() does, and on a model whose rows lie in shards.
  static Result<Pruner> open(const std::string& path);

  /// The model that is pruned.
  const Model& model() const noexcept;
  /// Bytes of the model file without its training state: what sizes are shares of.
  std::uint64_t whole_bytes() const noexcept;
  /// Weights of the parts that are pruned: of all rows, sparse or not.
  std::uint64_t weights() const noexcept;

  /// What a pruned model would take: bytes of its file, and weights that are not 0.
  struct Size {
    std::uint64_t bytes = 0;
    std::uint64_t weights = 0;
  };
  /// O(weights) for each step that was not asked for just before.
  Result<Size> size_of(const PruneMix& mix) const;

  /// A mix by a fixed order (bench/RESULTS.md has what it costs), whose file has at most `bytes` and nearly as
  /// many. Usage error if no mix is so small; the message says what is.
  Result<PruneMix> mix_for_bytes(std::uint64_t bytes) const;
  /// Likewise one that is balanced by measured curves: where a part's bytes buy little, others get them.
  Result<PruneMix> mix_for_bytes(std::uint64_t bytes, const PruneCurves& curves) const;
  /// Likewise one that leaves `share` of the weights, in (0, 1]. More are left where the finest mix has dropped more already.
  Result<PruneMix> mix_for_weights(double share) const;

  /// How good a model is, larger is better. May change what ranks the model's paths (refit_ranker); the model is gone afterwards.
  using Score = std::function<Result<double>(Model&)>;
  /// The curves of this model. Writes models as `scratch` and removes it. Up to 21 calls of `score`, on rows that the model was
  /// not trained on and that are no test set.
  Result<PruneCurves> measure(const std::string& scratch, const Score& score) const;

  /// Changes what ranks the paths of a pruned model, as refit_ranker() does.
  using Refit = std::function<Result<void>(Model&)>;
  /// Writes the pruned model: an ordinary model file, of format version 5, without the training state. With `refit` it is
  /// first written beside `path`, loaded and handed over; what ranks its paths then is what `path` gets, in as many bytes but for
  /// a calibration that it had not. On an error a file that was there stays.
  Result<Size> write(const PruneMix& mix, const std::string& path, const Refit& refit = {}) const;

  Pruner(Pruner&&) noexcept;
  Pruner& operator=(Pruner&&) noexcept;
  ~Pruner();

 private:
  Result<PruneMix> mix_for(const std::function<double(const Size&)>& amount, double wanted,
                           const std::function<PruneMix(double level)>& mix_at) const;
  class Impl;
  explicit Pruner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade
