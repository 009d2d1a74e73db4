#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/snapshot.h>
#include <glissade/views.h>

namespace glissade {

struct LearnerOptions {
  /// Of the hidden path; 0: a tenth of the model's. Negative: the hidden path stays as it is.
  double learning_rate = 0;
  std::uint32_t batch = 64;  ///< events of a step of the hidden path
  /// Recent events that the ranker is fitted on again; 0: it stays as it is. That follows a stream that moves (P@1 on its next
  /// events rises), and forgets what the stream does not show: a ranker that saw one subject only judges all others worse. A few
  /// thousand.
  std::uint32_t keep_examples = 0;
  std::uint32_t refit_every = 4000;  ///< events between two fits; each takes about a second
  /// Events that stay neighbours of what is asked: the newest so many, at times a quarter more, and as many that save() has put
  /// into the model; 0: all, and memory grows with each event. What older ones taught the labels' rows, counts and the hidden
  /// path stays. An event takes about 20 bytes for each of its features.
  std::uint32_t keep_events = 250000;
  /// A label added by add_labels() is no answer before so many events have it.
  std::uint32_t show_after = 1;
  std::uint32_t threads = 0;  ///< 0: as the model's config says
};

/// What a Learner has learned since it was made.
struct LearnReport {
  std::uint64_t events = 0;
  std::uint64_t steps = 0;    ///< of the hidden path
  std::uint64_t waiting = 0;  ///< events that its next step will see
  std::uint64_t fits = 0;     ///< of the ranker
  /// Publications that had to copy all that queries read, because no copy was ready: the first one, and ones that follow others
  /// faster than a copy is made.
  std::uint64_t whole_copies = 0;
  double seconds = 0;  ///< in learn(), without waiting for others
};

/// Goes on learning from events while others answer from snapshots of it.
///
/// All paths learn, and so do the weights of vectors where the model takes them. A new sample is a neighbour from the next
/// publish() on, and is added to the sparse rows of its labels, whose sum of samples is kept up; label counts follow; the hidden
/// path makes a step for each `batch` of events; what judges the paths together is fitted again on recent events, as the paths
/// saw them before they learned from them.
///
/// One thread calls the members, or many one after another; current() alone may be called by any thread at any time.
class Learner {
 public:
  /// Takes over a finished model. One that was loaded for inference has no training state: then the hidden path stays as it is.
  static Result<Learner> create(Model model, const LearnerOptions& options = {});
  /// A model file as create() wants it: with its training state if it has one.
  static Result<Model> read(const std::string& path);
  /// Of a model file.
  static Result<Learner> load(const std::string& path, const LearnerOptions& options = {});
  Learner(Learner&&) noexcept;
  Learner& operator=(Learner&&) noexcept;
  ~Learner();

  /// Each row of `events`: features, a vector where the model takes vectors, and the labels that go with them. Refuses what
  /// check() does, and then has learned from none.
  Result<void> learn(const DatasetView& events);
  /// Whether learn() would take these rows: ids that there are, each once in its row; values, as the model weights them, of at
  /// most 1e9; vectors as wide as the model's, whose numbers are, as the model scales them, within that, too. One far beyond all
  /// others would leave weights that are no numbers. For who writes events down before.
  Result<void> check(const DatasetView& events) const;

  /// New labels and features, behind the others. Names: one each, not taken yet, if the model has names; else empty, and `count`
  /// says how many. Returns the first id.
  Result<std::uint32_t> add_labels(std::uint32_t count, std::vector<std::string> names = {});
  Result<std::uint32_t> add_features(std::uint32_t count, std::vector<std::string> names = {});
  /// Labels that are no answers any more. They may come back by restore().
  Result<void> retire(std::span<const std::uint32_t> labels);
  Result<void> restore(std::span<const std::uint32_t> labels);

  /// What has been learned so far, for others to answer from. Touched rows are copied, nothing else: a copy of the others is made
  /// ahead by a thread of oneTBB, while this one goes on. Memory: two copies of what queries read, and one for each further
  /// snapshot that somebody holds.
  Result<Snapshot> publish();
  /// The last one that was published.
  Snapshot current() const;

  /// Writes a model file of all that was learned, as Model::save(). The neighbours of events are among those of the data set
  /// then.
  Result<void> save(const std::string& path);

  const LearnReport& report() const noexcept;
  Shape shape() const noexcept;
  std::uint64_t memory() const noexcept;  ///< of the learner and of the snapshots that it keeps for use

 private:
  class Impl;
  explicit Learner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade
