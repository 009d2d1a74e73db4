#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <oneapi/tbb/task_arena.h>

#include <glissade/label_filter.h>
#include <glissade/learner.h>

#include "engine/batches/batch.h"
#include "engine/candidates/fresh_postings.h"
#include "engine/inference/predict_rows.h"
#include "engine/learning/event_rows.h"
#include "engine/learning/publisher.h"
#include "engine/learning/recent_examples.h"
#include "engine/model/impl.h"
#include "engine/neighbours/fresh_samples.h"
#include "engine/serving/name_index.h"
#include "engine/sparse_rows/row_learning.h"
#include "engine/training/step.h"

namespace glissade {

/// A model all of whose parts go on learning from events. One thread.
class LivingModel {
 public:
  LivingModel(Model model, const LearnerOptions& options);

  /// Usage error where a model cannot learn from events, or options are none.
  static Result<void> check(const Model& model, const LearnerOptions& options);

  /// Error where memory ran out in the midst of a change that other calls rely on.
  Result<void> check_whole() const;
  /// Whether learn() takes these events.
  Result<void> check(const DatasetView& events) const;
  /// Tells `publisher` what changes.
  Result<void> learn(const DatasetView& events, Publisher& publisher);
  Result<std::uint32_t> add_labels(std::uint32_t count, std::vector<std::string> names, Publisher& publisher);
  Result<std::uint32_t> add_features(std::uint32_t count, std::vector<std::string> names);
  Result<void> show(std::span<const std::uint32_t> labels, bool shown);

  /// Calls `work` on the threads that learn.
  template <class Work>
  void execute(const Work& work) {
    arena_.execute(work);
  }

  Model::Impl& model() noexcept { return impl_; }
  /// What is to be published with the model as it is; what is learned from here on is of the next generation.
  Publisher::Parts begin_generation();
  /// Of the output rows as they were when the model was read or saved; null: none.
  const CodedRows* codes() const noexcept { return codes_.empty() ? nullptr : &codes_; }
  /// Puts all that was added beside the model's own arrays into these, as a model file has them.
  Result<void> merge();
  Result<void> save(const std::string& path) { return model_.save(path, impl_.trainable); }

  LearnReport& report() noexcept { return report_; }
  std::uint64_t memory_bytes() const noexcept;

 private:
  /// What others read while it grows.
  struct Fresh {
    FreshPostings rows, samples;
    FreshSamples neighbours;
  };

  bool learns_hidden() const noexcept { return step_ != nullptr; }
  void make_fresh();
  void read_fresh() noexcept;
  std::optional<Error> learn_piece(const DatasetView& events, std::size_t first, std::size_t count, Publisher& publisher);
  std::optional<Error> take_examples(const SparseRows& labels);
  void absorb(std::size_t row, std::span<const std::uint32_t> labels, Publisher& publisher);
  void start_row(std::uint32_t label, const float* hidden, Publisher& publisher);
  void see(std::uint32_t label);
  std::optional<Error> step_hidden();
  void refit();
  std::optional<Error> renew_codes();
  void follow_counts();
  void forget_oldest();
  void grow(const Shape& shape);

  Model model_;
  Model::Impl& impl_;
  LearnerOptions options_;
  tbb::task_arena arena_;
  CodedRows codes_;
  std::unique_ptr<TrainingStep> step_;  ///< null: the hidden path stays as it is
  std::shared_ptr<Fresh> fresh_;
  std::unique_ptr<RowLearning> row_learning_;  ///< null: there are no sparse rows
  std::uint32_t generation_ = 1;
  NameIndex label_names_, feature_names_;
  std::optional<LabelFilter> shown_;  ///< none: all labels
  bool shown_changed_ = false;
  std::shared_ptr<const LabelFilter> published_shown_;
  std::unordered_map<std::uint32_t, std::uint32_t> waiting_;  ///< labels that are not shown yet: events that are still wanted
  EventRows pending_;                                         ///< that the hidden path's next step sees
  EventRows recent_;                                          ///< that output rows are coded by, when the model is saved
  RecentExamples examples_;
  std::size_t trained_samples_;       ///< neighbours that the model came with
  std::size_t learned_in_model_ = 0;  ///< neighbours behind those, from before the last merge()
  std::size_t kept_events_ = 0;       ///< that fresh_ knows of
  bool is_whole_ = true;              ///< false: memory ran out while it grew
  std::uint64_t pieces_ = 0, since_fit_ = 0, counted_ = 0;
  float start_length_ = 1, start_bias_ = 0, unseen_bias_ = 0;
  LearnReport report_;
  PredictBuffers buffers_;
  Predictions best_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_, weighted_;
  std::vector<std::uint16_t> halves_;
};

}  // namespace glissade
