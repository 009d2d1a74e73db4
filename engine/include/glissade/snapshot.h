#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/explain.h>
#include <glissade/label_filter.h>
#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// What is asked of a Snapshot.
struct Query {
  std::uint32_t k = 5;  ///< labels per sample, 1 .. 1000
  Search search = Search::automatic;
  bool probabilities = false;           ///< as in PredictOptions
  const LabelFilter* filter = nullptr;  ///< labels that may be answers; null: all. Made for at least as many labels as the
                                        ///< snapshot has; those behind may not be answers where it was made for fewer
  SparseRows excluded = {};  ///< per sample labels that are no answers, such as items that a user has; see PredictOptions
  /// Features from shape().features on: an error, or left out of their rows and counted.
  enum class Unknown { refuse, leave_out } unknown = Unknown::refuse;
  /// The call fails when this moment has passed before the last sample was answered. Looked at before each 256 samples.
  std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
};

/// Buffers of one thread's queries, of any snapshots. They grow as needed and are kept from call to call.
class Workspace {
 public:
  Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();

  std::uint64_t features_left_out() const noexcept;  ///< by the last call, with Query::Unknown::leave_out

 private:
  friend class Snapshot;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The rows of the output layer, for any other index of nearest neighbours: a label's logit is bias + row . encode(sample).
struct LabelVectors {
  std::uint32_t labels = 0;
  std::uint32_t width = 0;
  std::vector<float> rows;  ///< [labels x width]
  std::vector<float> bias;  ///< [labels]
};

/// A model that never changes: what a backend answers from. A handle, cheap to copy, of something that lives as long as a handle
/// of it does. Made from a finished Model, or by Learner::publish(). All members may be called by any number of threads at once;
/// no call waits for another one, and none allocates once its Workspace and its result have grown.
class Snapshot {
 public:
  /// `model` is taken over; its version is 0.
  static Snapshot of(Model model);
  /// The same of a model that others read, too. Nobody may change it from then on. Names are copied, all else is shared.
  static Snapshot sharing(std::shared_ptr<Model> model);
  /// Of a model file, which is mapped.
  static Result<Snapshot> load(const std::string& path);

  std::uint64_t version() const noexcept;  ///< grows with each Learner::publish()
  Shape shape() const noexcept;
  std::uint64_t training_samples() const noexcept;  ///< rows and events that it learned from
  /// Bytes of memory that it keeps, shared with others of the same Learner or not, mapped files included.
  std::uint64_t memory() const noexcept;

  /// The best labels of each row of `inputs`, into `out`, as Model::predict() has them. Fails as that does, and where the
  /// deadline passes: then `out` is not to be used.
  Result<void> top_k(const InputRows& inputs, const Query& query, Workspace& workspace, Predictions& out) const;
  Result<Predictions> top_k(const InputRows& inputs, const Query& query = {}) const;

  /// Scores of given labels: scores[candidates.offsets[r] + i] is that of row r's i-th candidate, by the same model as in top_k()
  /// and comparable within a row: all paths speak for each of them, and they are ranked together with what the paths name
  /// themselves. `candidates` has as many rows as `inputs`, no label twice in a row, no values.
  Result<void> score(const InputRows& inputs, const SparseRows& candidates, Workspace& workspace,
                     std::vector<float>& scores) const;

  /// Why the best labels of a row (one) are its best, as explain() says it of a model (glissade/explain.h). Costs about one query
  /// for each feature of the row, and allocates.
  Result<std::vector<LabelReasons>> explain(const InputRows& row, const ExplainOptions& options = {}) const;

  /// The last hidden layer's outputs, [rows x width].
  Result<void> encode(const InputRows& inputs, Workspace& workspace, std::vector<float>& vectors) const;
  std::uint32_t encoded_width() const noexcept;
  LabelVectors label_vectors() const;  ///< of a shard (Model::load_shard) those of its own rows alone

  /// By name, where the model has names. O(1).
  std::optional<std::uint32_t> label_id(std::string_view name) const;
  std::optional<std::uint32_t> feature_id(std::string_view name) const;
  /// Valid as long as this snapshot; empty where there are no names.
  std::string_view label_name(std::uint32_t label) const;
  std::string_view feature_name(std::uint32_t feature) const;
  const std::string& data_notes() const noexcept;  ///< Model::data_notes()

  class State;  ///< internal

 private:
  friend struct SnapshotAccess;
  explicit Snapshot(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace glissade
