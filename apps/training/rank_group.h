#pragma once

#include <functional>
#include <string>

#include <glissade/communicator.h>
#include <glissade/config.h>
#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/trainer.h>

#include "apps/config/config_source.h"

namespace glissade::apps {

/// The processes that mpirun has started for one training, as one of them sees them. Rank 0 does all that a user sees: lines,
/// logs, evaluation, checkpoints, the model. The others train what it says. Every function but the simple questions is
/// collective.
class RankGroup {
 public:
  /// `distribute`: auto, data, labels or off; `distribution`: what auto stands for. Joins the ranks where that says so; from then
  /// on only rank 0 speaks and answers signals. Usage error if it is none of these, or wants ranks where no launcher started the
  /// process; runtime error if MPI cannot be had.
  static Result<RankGroup> join(const std::string& distribute, const std::string& distribution);
  /// What `distribute` may be.
  static Result<void> check(const std::string& distribute);

  /// How the ranks share steps; usage error on a name that does not exist.
  static Result<Sharing> sharing(const std::string& communicate, const std::string& wire, double share);

  bool is_alone() const noexcept { return ranks_.is_alone(); }
  /// What the ranks share; means nothing where there is one.
  Distribution distribution() const noexcept { return distribution_; }
  bool shares_rows() const noexcept { return !is_alone() && distribution_ == Distribution::labels; }
  bool follows() const noexcept { return ranks_.rank() > 0; }
  int size() const noexcept { return ranks_.size(); }
  Communicator& communicator() noexcept { return ranks_; }

  /// Gives a new run whose samples are shared as many parts a step as there are ranks, unless `asked` names their number.
  void settle_parts(ConfigSource::Resolved& asked) const noexcept;

  /// Usage error, the same on all ranks, if one was started with other options, other data, another state or another version
  /// than rank 0. `data`: a number for the content of the data.
  Result<void> check_same(const Model& model, std::uint64_t data, const Sharing& sharing);

  /// Rank 0: the others begin the next epoch. A model that is shared out tells them.
  Result<void> lead_epoch(Model& model);
  /// Rank 0: as glissade::evaluate(), on a model that every rank has; with replicas of it the others help.
  Result<Evaluation> evaluate(Model& model, const DatasetView& data, EvaluateOptions options);
  /// Rank 0: the others end with this exit status. The group is over.
  void end(Model& model, int status);
  /// The others: epochs, and what rank 0 needs of their model, until rank 0 says how to end.
  Result<int> follow(Model& model, const std::function<Result<EpochReport>(const PassCallbacks&)>& pass);
  /// All: an error that every rank knows of was met. The group is over.
  void finish() noexcept { ranks_.finish(); }

 private:
  Result<void> tell(Model& model, const Model::Told& what);
  Result<Model::Told> hear(Model& model);

  Communicator ranks_;
  Distribution distribution_ = Distribution::data;
};

}  // namespace glissade::apps
