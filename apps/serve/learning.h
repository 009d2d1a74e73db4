#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <glissade/learner.h>
#include <glissade/result.h>

#include "apps/serve/model_holder.h"
#include "apps/serve/requests.h"
#include "datasets/journal.h"
#include "datasets/learned_events.h"

namespace glissade::apps {

/// Learns from events while others answer. One thread learns: it takes the requests that wait, writes them to the journal
/// MODEL.events, learns from them, and publishes. What was acknowledged is in the journal, and is learned again after a crash.
class Learning {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::uint32_t threads = 0;  ///< 0: all that the process may use
    std::uint32_t queue = 256;  ///< requests that wait
    double rate = 0;            ///< LearnerOptions::learning_rate
    std::uint32_t refit = 0;    ///< LearnerOptions::keep_examples
    std::uint32_t keep_events = LearnerOptions{}.keep_events;
    std::uint32_t new_words = 1;  ///< events that have a word before it becomes a feature; 0: words never do
  };
  /// Reads the model and learns what its journal holds. Tells what it found.
  static Result<std::unique_ptr<Learning>> open(const std::string& path, const Options& options);
  /// Ends the thread, once it has done what waits.
  ~Learning();

  /// What answers at first.
  ServedHandle first() const;
  std::optional<FileMark> mark() const noexcept { return mark_; }
  /// Begins to learn. New models go to `models`, which must outlive this.
  void start(ModelHolder& models);

  struct Done {
    int status = 200;  ///< of HTTP
    std::string error = {};
    std::uint64_t events = 0;
    std::uint64_t new_labels = 0;
    std::uint64_t new_words = 0;  ///< words that became features
    std::uint64_t unknown = 0;    ///< what was passed over
  };
  // Each waits until it is done, learn() at most until the deadline if nobody has begun with it. Thread-safe.
  Done learn(LearnRequest request, Clock::time_point deadline);
  /// Writes all that was learned to the model file, and begins a new journal.
  Done save();

  void append_metrics(std::string& text) const;

  static std::string journal_of(const std::string& path) { return path + ".events"; }

 private:
  struct Job;
  Learning(std::string path, const Options& options, Learner learner, ModelFacts facts);

  void work();
  void learn_all(const std::vector<Job*>& jobs);
  std::vector<Job*> acceptable(const std::vector<Job*>& jobs) const;
  datasets::LearnedEvents join(const std::vector<Job*>& jobs);
  void join_words(Job& job, std::size_t row, std::unordered_map<std::string, std::uint32_t>& added, datasets::LearnedEvents& all);
  bool becomes_feature(const std::string& word, std::size_t added);
  Result<void> take_in(const datasets::LearnedEvents& events);
  Done save_now();
  void publish_if_due(bool at_once);
  Done wait_for(Job& job, std::optional<Clock::time_point> deadline);

  std::string path_;
  Options options_;
  std::optional<FileMark> mark_;
  ModelHolder* models_ = nullptr;

  // Of the thread that learns, and of open() before it.
  Learner learner_;
  ModelFacts facts_;
  std::optional<datasets::Journal> journal_;
  std::unordered_map<std::string, std::uint32_t> new_labels_;     ///< those that came since the model was read
  std::unordered_map<std::string, std::uint32_t> new_words_;      ///< likewise, features
  std::unordered_map<std::string, std::uint32_t> waiting_words_;  ///< no features yet: events that had them
  std::size_t most_words_ = 0;                                    ///< that may become features
  Clock::time_point published_ = Clock::now();
  std::uint64_t unpublished_ = 0;  ///< events

  struct Counts {
    std::uint64_t events = 0, new_labels = 0, new_words = 0, saves = 0, publishes = 0, journal_bytes = 0;
    bool broken = false;
  };
  mutable std::mutex mutex_;  ///< of what follows
  std::condition_variable arrived_;
  std::deque<Job*> waiting_;
  Counts counts_;
  std::string broken_;  ///< why nothing can be learned any more
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace glissade::apps
