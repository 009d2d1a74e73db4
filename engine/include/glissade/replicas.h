#pragma once

#include <glissade/communicator.h>
#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// Ranks that each have the whole of one model, as after a training by Distribution::data, and answer together: rank 0 hands
/// out rows and gets their answers, the others serve it. No rank but 0 needs the data.
///
/// One call at a time. All ranks must have the same model: nothing here finds out that they do not. Sent are a row's features
/// and vector there, and k labels with their scores back.
class Replicas {
 public:
  /// `ranks` must outlive it.
  explicit Replicas(Communicator& ranks) noexcept : ranks_(ranks) {}

  int size() const noexcept { return ranks_.size(); }

  /// Rank 0: as Model::predict(), the same answers but for rounding; each rank has as many rows as another, but for one. Options
  /// with `excluded` or a `filter` are a usage error. Fails also where another rank does, with its message, or is lost.
  Result<Predictions> predict(const Model& model, const InputRows& inputs, const PredictOptions& options = {});
  /// Rank 0: ends the others' serve().
  Result<void> end();

  /// Another rank: answers from `model` until rank 0 calls end(). Fails where a rank is lost; what goes wrong with the rows is
  /// told rank 0.
  Result<void> serve(const Model& model);

 private:
  struct Question;

  Result<void> answer(const Model& model, const Question& question);

  Communicator& ranks_;
};

}  // namespace glissade
