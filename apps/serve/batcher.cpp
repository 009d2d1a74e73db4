#include "apps/serve/batcher.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <new>
#include <utility>

namespace glissade::apps {

/// Lies with the thread that waits for it.
struct Batcher::Job {
  const ServedModel* model = nullptr;
  const PredictRequest* predict = nullptr;
  const ScoreRequest* score = nullptr;
  Clock::time_point deadline;
  bool taken = false;  ///< out of the queue
  bool done = false;
  Answer answer = {};
  std::condition_variable ready = {};

  const InputRows& rows() const noexcept { return predict != nullptr ? predict->rows : score->rows; }
};

/// What a lane keeps from batch to batch.
struct Batcher::Lane {
  Workspace workspace;
  InputRows rows;
  Predictions best;
};

namespace {

Query query_of(const PredictRequest& request) {
  Query query;
  query.k = request.k;
  query.probabilities = request.probabilities;
  query.filter = request.filter ? &*request.filter : nullptr;
  return query;
}

void append_rows_of(const PredictRequest& request, InputRows& all) {
  const InputRows& rows = request.rows;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    all.offsets.push_back(all.ids.size() + rows.offsets[row + 1]);
    if (request.exclude_seen) {
      all.seen_offsets.push_back(all.seen.size() + rows.seen_offsets[row + 1]);
    } else {
      all.seen_offsets.push_back(all.seen.size());
    }
  }
  all.ids.insert(all.ids.end(), rows.ids.begin(), rows.ids.end());
  all.values.insert(all.values.end(), rows.values.begin(), rows.values.end());
  if (request.exclude_seen) all.seen.insert(all.seen.end(), rows.seen.begin(), rows.seen.end());
  all.vector_width = rows.vector_width;
  all.vectors.insert(all.vectors.end(), rows.vectors.begin(), rows.vectors.end());
}

}  // namespace

Batcher::Batcher(const Options& options) : options_(options) {
  for (std::uint32_t i = 0; i < options.lanes; ++i) free_.push_back(std::make_unique<Lane>());
}

Batcher::~Batcher() = default;

Batcher::Answer Batcher::predict(const ServedHandle& model, const PredictRequest& request, Clock::time_point deadline) {
  Job job{.model = model.get(), .predict = &request, .deadline = deadline};
  return wait_for(job);
}

Batcher::Answer Batcher::score(const ServedHandle& model, const ScoreRequest& request, Clock::time_point deadline) {
  Job job{.model = model.get(), .score = &request, .deadline = deadline};
  return wait_for(job);
}

Batcher::Answer Batcher::wait_for(Job& job) {
  if (job.rows().size() == 0) return {};
  std::unique_lock lock(mutex_);
  if (free_.empty() && waiting_.size() >= options_.queue) return {.outcome = Outcome::full};
  waiting_.push_back(&job);
  while (!job.taken) {
    if (!free_.empty()) {
      lead(lock);
    } else if (job.ready.wait_until(lock, job.deadline) == std::cv_status::timeout && !job.taken) {
      std::erase(waiting_, &job);
      wake_leader();  // it may have been this one
      return {.outcome = Outcome::late};
    }
  }
  job.ready.wait(lock, [&] { return job.done; });
  return std::move(job.answer);
}

/// Answers what waits longest, and what goes with it, in a lane that is free.
void Batcher::lead(std::unique_lock<std::mutex>& lock) {
  const std::vector<Job*> jobs = take();
  std::unique_ptr<Lane> lane = std::move(free_.back());
  free_.pop_back();
  lock.unlock();
  try {
    answer(jobs, *lane);
  } catch (const std::bad_alloc&) {
    for (Job* job : jobs) job->answer = {.outcome = Outcome::failed, .error = "out of memory; ask for fewer rows at once"};
  } catch (const std::exception& error) {
    for (Job* job : jobs) job->answer = {.outcome = Outcome::failed, .error = error.what()};
  }
  lock.lock();
  free_.push_back(std::move(lane));
  for (Job* job : jobs) {
    job->done = true;
    job->ready.notify_one();  // under the lock: behind it the job may be gone
  }
  wake_leader();
}

/// Whoever waits longest takes a free lane.
void Batcher::wake_leader() {
  if (may_lead()) waiting_.front()->ready.notify_one();
}

bool Batcher::together(const Job& first, const Job& other) {
  return other.predict != nullptr && other.model == first.model && other.predict->k == first.predict->k &&
         other.predict->probabilities == first.predict->probabilities && !other.predict->filter;
}

std::vector<Batcher::Job*> Batcher::take() {
  std::vector<Job*> jobs;
  jobs.reserve(waiting_.size());  // what fails here has taken nothing
  jobs.push_back(waiting_.front());
  waiting_.pop_front();
  const Job& first = *jobs.front();
  std::size_t rows = first.rows().size();
  if (first.predict != nullptr && !first.predict->filter) {
    std::erase_if(waiting_, [&](Job* job) {
      if (rows + job->rows().size() > options_.rows_at_once || !together(first, *job)) return false;
      rows += job->rows().size();
      jobs.push_back(job);
      return true;
    });
  }
  for (Job* job : jobs) job->taken = true;
  ++batches_;
  rows_ += rows;
  return jobs;
}

/// The rows of all in one call. Where that fails, one after the other: only those that cannot be answered shall fail.
void Batcher::answer(const std::vector<Job*>& jobs, Lane& lane) {
  if (jobs.size() == 1) return answer_one(*jobs.front(), lane);
  lane.rows = {};
  bool excludes = false;
  for (const Job* job : jobs) {
    append_rows_of(*job->predict, lane.rows);
    excludes |= job->predict->exclude_seen;
  }
  Query query = query_of(*jobs.front()->predict);
  if (excludes) query.excluded = lane.rows.seen_view();
  if (!jobs.front()->model->snapshot.top_k(lane.rows.inputs(), query, lane.workspace, lane.best)) {
    for (Job* job : jobs) answer_one(*job, lane);
    return;
  }
  std::size_t begin = 0;
  for (Job* job : jobs) {
    const std::size_t end = begin + job->rows().size() * lane.best.k;
    Predictions& own = job->answer.best;
    own.k = lane.best.k;
    own.labels.assign(lane.best.labels.begin() + static_cast<std::ptrdiff_t>(begin),
                      lane.best.labels.begin() + static_cast<std::ptrdiff_t>(end));
    own.scores.assign(lane.best.scores.begin() + static_cast<std::ptrdiff_t>(begin),
                      lane.best.scores.begin() + static_cast<std::ptrdiff_t>(end));
    begin = end;
  }
}

void Batcher::answer_one(Job& job, Lane& lane) {
  Result<void> done;
  if (job.score != nullptr) {
    done = job.model->snapshot.score(job.score->rows.inputs(), job.score->candidate_view(), lane.workspace, job.answer.scores);
  } else {
    Query query = query_of(*job.predict);
    query.deadline = job.deadline;
    if (job.predict->exclude_seen) query.excluded = job.predict->rows.seen_view();
    done = job.model->snapshot.top_k(job.predict->rows.inputs(), query, lane.workspace, job.answer.best);
  }
  if (done) return;
  job.answer.outcome = Clock::now() >= job.deadline ? Outcome::late : Outcome::failed;
  job.answer.error = done.error().message;
}

std::size_t Batcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::uint64_t Batcher::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

std::uint64_t Batcher::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

}  // namespace glissade::apps
