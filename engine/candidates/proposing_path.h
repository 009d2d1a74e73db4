#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <glissade/config.h>
#include <glissade/label_names.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/batches/label_share.h"
#include "engine/candidates/candidate_set.h"
#include "engine/candidates/feature_weights.h"
#include "engine/candidates/sparse_query.h"
#include "engine/communication/row_owners.h"
#include "engine/communication/shared_work.h"
#include "engine/model_file/container.h"
#include "engine/parameters/array.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// An array of a path as a model file holds it.
struct StoredArray {
  model_file::SectionKind kind;
  std::uint32_t index;  ///< of the section
  std::variant<Array<float>*, Array<std::uint16_t>*, Array<std::uint32_t>*, Array<std::uint64_t>*> array;
  bool training_only = false;  ///< neither in a slim model nor loaded for prediction
  /// How it follows rows that several ranks may share out: not at all, as where each row's entries begin (and the last one's
  /// end), with one number per row, or with one per entry.
  enum class Layout { whole, begins, per_row, per_entry };
  Layout layout = Layout::whole;
  const Array<std::uint64_t>* begins = nullptr;  ///< of the rows that it follows
};

/// What a path is built from.
struct PathSource {
  const Config& config;
  const DatasetView& data;                 ///< with the model's counts
  std::span<const std::uint32_t> samples;  ///< those that are trained on, ascending; the others are kept for the ranker
  const FeatureWeights& weighting;         ///< by config.candidates.weighting
  std::span<const float> learned;          ///< a factor for each feature's weight, see learn_weights(); empty: none
  const NameFeatures* names = nullptr;     ///< words of the labels' names; null: they have none
  SharedWork& work = SharedWork::alone();  ///< which ranks share the work; after its error what was built is not to be used
  const LabelShare* labels = nullptr;      ///< of `data`, where ranks share the rows out: each builds its own; null: all of them

  const DatasetView& own() const noexcept { return labels == nullptr ? data : labels->own(); }
};

/// What a path's rows say of a sample, where several ranks have them: the rows most like it with what these stand for. One rank
/// hears what all have told, one behind the other.
struct ToldRows {
  std::vector<float> scores;          ///< of each row
  std::vector<float> weights;         ///< how much it counts; empty: 1 each
  std::vector<std::uint32_t> rows;    ///< its number; empty: none needed
  std::vector<std::uint32_t> counts;  ///< how many labels it has; empty: 1 each
  std::vector<std::uint32_t> labels;

  /// Calls use(array) for each.
  template <class Told, class Use>
  static void for_each_array(Told& told, const Use& use) {
    use(told.scores);
    use(told.weights);
    use(told.rows);
    use(told.counts);
    use(told.labels);
  }
  void clear() {
    for_each_array(*this, [](auto& array) { array.clear(); });
  }
  /// The `most` labels with the largest scores, one of each row, numbered by `owners`.
  void tell_best(std::span<const std::uint32_t> places, std::span<const float> all_scores, std::size_t most,
                 const RowOwners& owners);
};

/// A way to labels straight from the input features, beside the hidden layers. It learns from the training data in one go, names
/// candidates for a sample, and says of every candidate, whoever named it, what it knows. What all paths say is ranked together
/// (engine/ranking). A virtual call is made per sample, none per entry.
///
/// Const members are thread-safe; the others need exclusive access.
class ProposingPath {
 public:
  virtual ~ProposingPath() = default;

  /// One thread's work with a path, which must outlive it. Allocates nothing once its buffers have grown.
  class Proposer {
   public:
    virtual ~Proposer() = default;
    /// Adds candidates for the sample that `query` has begun. `unknown` marks training samples that the path must not use; empty:
    /// none.
    virtual void propose(SparseQuery& query, const std::vector<bool>& unknown, CandidateSet& candidates) = 0;
    /// Fills in the path's own features of all candidates of the same sample; after propose().
    virtual void describe(SparseQuery& query, CandidateSet& candidates) = 0;

    // Where several ranks have the rows: all tell and measure, one of them hears and describes.
    /// What this rank's rows would propose; `unknown` is of its own samples.
    virtual void tell(SparseQuery& query, const std::vector<bool>& unknown, ToldRows& told) = 0;
    /// propose() by what all have told.
    virtual void hear(const ToldRows& told, CandidateSet& candidates) = 0;
    /// How many numbers measure() has for a label.
    virtual std::size_t numbers() const noexcept = 0;
    /// What describe() will need of labels of this rank, by their places: appends numbers() of each.
    virtual void measure(SparseQuery& query, std::span<const std::uint32_t> places, std::vector<float>& out) = 0;
    /// describe() by what was measured of candidate c, measured[c * stride] and on.
    virtual void describe(std::span<const float> measured, std::size_t stride, CandidateSet& candidates) = 0;
  };
  /// `config`: the model's, must outlive it. Not of an empty path.
  virtual std::unique_ptr<Proposer> proposer(const Config& config, std::size_t labels) const = 0;

  /// Learns all that it knows; nothing but weights if the options do not ask for this path. Stopped by the monitor, it is not to
  /// be used. Throws std::bad_alloc.
  virtual void build(const PathSource& source, WorkMonitor& monitor) = 0;
  /// Makes ready to propose what was built or loaded.
  virtual void index(std::size_t features) = 0;
  /// Whether it has nothing to propose from.
  virtual bool empty() const noexcept = 0;
  virtual std::size_t memory_bytes() const noexcept = 0;

  /// All that a model file holds of it; what is empty is left out. Loading fills the arrays, then asks defect() and calls
  /// index().
  virtual std::vector<StoredArray> arrays() = 0;
  /// What keeps the arrays from being a whole path of a model of that shape; empty if nothing does.
  virtual std::string_view defect(const Shape& shape) const noexcept = 0;
  /// The first number that is not finite, as an error.
  virtual std::optional<Error> not_finite() const = 0;

  RowOwners owners;  ///< whose its rows are, those of labels or of samples
};

}  // namespace glissade
