#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/snapshot.h>

#include "apps/serve/requests.h"

namespace glissade::apps {

/// Answers requests that wait together at once. It has no threads of its own: a caller that finds a free lane takes what waits,
/// its own request or others', and answers it, so that a request alone is answered without a switch to another thread. As many
/// requests wait as one says; a further one is refused at once, so that nobody waits for what cannot be answered in time.
class Batcher {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::uint32_t lanes = 1;         ///< calls of the model at a time
    std::uint32_t queue = 256;       ///< requests that wait
    std::size_t rows_at_once = 256;  ///< of several requests together
  };
  explicit Batcher(const Options& options);
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  enum class Outcome {
    done,
    full,    ///< too many wait
    late,    ///< the deadline passed
    failed,  ///< the rows cannot be answered: `error` says why
  };
  struct Answer {
    Outcome outcome = Outcome::done;
    std::string error = {};
    Predictions best = {};           ///< of predict()
    std::vector<float> scores = {};  ///< of score()
  };
  // Each waits for its answer. Thread-safe.
  Answer predict(const ServedHandle& model, const PredictRequest& request, Clock::time_point deadline);
  Answer score(const ServedHandle& model, const ScoreRequest& request, Clock::time_point deadline);

  std::size_t waiting() const;
  std::uint64_t batches() const;  ///< so far: with rows(), how many rows one has
  std::uint64_t rows() const;

 private:
  struct Job;
  struct Lane;
  Answer wait_for(Job& job);
  void lead(std::unique_lock<std::mutex>& lock);
  void wake_leader();
  bool may_lead() const noexcept { return !waiting_.empty() && !free_.empty(); }
  std::vector<Job*> take();
  static bool together(const Job& first, const Job& other);
  static void answer(const std::vector<Job*>& jobs, Lane& lane);
  static void answer_one(Job& job, Lane& lane);

  Options options_;
  mutable std::mutex mutex_;
  std::deque<Job*> waiting_;
  std::vector<std::unique_ptr<Lane>> free_;
  std::uint64_t batches_ = 0, rows_ = 0;
};

}  // namespace glissade::apps
