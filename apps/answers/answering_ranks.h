#pragma once

#include <string>
#include <utility>

#include <glissade/communicator.h>
#include <glissade/model.h>
#include <glissade/result.h>

namespace glissade::apps {

/// The processes that mpirun has started to answer from one model: each has some of its rows. Rank 0 reads questions and writes
/// answers; the others answer rank 0.
class AnsweringRanks {
 public:
  static Result<AnsweringRanks> join();

  /// This rank's rows of the model; alone all of them. At most one model at a time.
  Result<Model> load(const std::string& path) { return Model::load_shard(ranks_, path); }
  bool are_alone() const noexcept { return ranks_.is_alone(); }
  bool follows() const noexcept { return ranks_.rank() > 0; }
  /// The others: until rank 0 ends. Returns the exit status.
  Result<int> follow(Model& model);

  /// Rank 0 leads while it lives: where it ends, the others do.
  class Lead {
   public:
    Lead(AnsweringRanks& ranks, Model& model) noexcept : ranks_(ranks), model_(model) {}
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead();

   private:
    AnsweringRanks& ranks_;
    Model& model_;
  };

 private:
  explicit AnsweringRanks(Communicator ranks) : ranks_(std::move(ranks)) {}
  Communicator ranks_;
};

}  // namespace glissade::apps
