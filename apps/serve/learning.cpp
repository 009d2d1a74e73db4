#include "apps/serve/learning.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/serve/metrics.h"
#include "datasets/content_hash.h"
#include "datasets/mapped_file.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

constexpr auto kPublishEvery = std::chrono::seconds(1);
constexpr std::uint64_t kPublishAfter = 1000;  ///< events
constexpr std::size_t kEventsAtOnce = 4096;
// A feature costs a row of the first layer, so words that anybody may send are bounded: half as many as the model has, or some.
constexpr std::size_t kSomeWords = 10000, kPartOfWords = 2, kMostWaiting = 100000, kLongestWord = 100;

Result<datasets::Hash128> hash_of_file(const std::string& path) {
  const auto file = datasets::MappedFile::open(path);
  if (!file) return file.error();
  return datasets::content_hash(file->bytes().data(), file->bytes().size());
}

/// A rename that is on the disk when this returns. 0 or errno.
int rename_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return errno;
  const std::string folder = std::filesystem::absolute(to).parent_path().string();
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno;
  const int error = ::fsync(directory) == 0 ? 0 : errno;
  ::close(directory);
  return error;
}

/// Removes what a save that was killed has left beside the model file.
void remove_unfinished(const std::string& path) {
  const std::filesystem::path file(path);
  const std::string name = file.filename().string() + ".saving";
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string found = entry.path().filename().string();
    if (found != name && !found.starts_with(name + ".tmp-")) continue;
    if (std::filesystem::remove(entry.path(), error))
      note(fmt::format("{}: removed, a save that did not come to its end has left it", datasets::quoted(entry.path().string())));
  }
}

}  // namespace

struct Learning::Job {
  bool saves = false;
  LearnRequest request = {};
  bool done = false;
  Done answer = {};
  std::condition_variable ready = {};
};

Learning::Learning(std::string path, const Options& options, Learner learner, ModelFacts facts)
    : path_(std::move(path)),
      options_(options),
      learner_(std::move(learner)),
      facts_(std::move(facts)),
      most_words_(std::max<std::size_t>(kSomeWords, learner_.shape().features / kPartOfWords)) {}

Result<std::unique_ptr<Learning>> Learning::open(const std::string& path, const Options& options) {
  const auto mark = FileMark::of(path);
  auto model = Learner::read(path);
  if (!model) return model.error();
  auto facts = ModelFacts::of(*model);
  if (!facts) return facts.error();
  const auto base = hash_of_file(path);
  if (!base) return base.error();
  if (FileMark::of(path) != mark)
    return runtime_error(fmt::format("{} was replaced while it was read; start again", datasets::quoted(path)));
  LearnerOptions how;
  how.threads = options.threads;
  how.learning_rate = options.rate;
  how.keep_examples = options.refit;
  how.keep_events = options.keep_events;
  auto learner = Learner::create(std::move(*model), how);
  if (!learner) return learner.error();
  std::unique_ptr<Learning> learning(new Learning(path, options, std::move(*learner), std::move(*facts)));
  learning->mark_ = mark;
  const std::string journal_path = journal_of(path);
  datasets::Journal::Found found;
  const auto replay = [&](std::string_view record) -> Result<void> {
    const auto events = datasets::learned_events(record);
    if (!events) return events.error();
    return learning->take_in(*events);
  };
  auto journal = datasets::Journal::open(journal_path, *base, replay, &found);
  if (!journal) return journal.error();
  learning->journal_.emplace(std::move(*journal));
  remove_unfinished(path);  // behind the journal's lock: nobody else saves now
  learning->counts_.journal_bytes = learning->journal_->bytes();
  if (found.dropped > 0)
    note(fmt::format("{}: the last {} bytes were no whole record and were dropped; nothing in them was acknowledged",
                     datasets::quoted(journal_path), found.dropped));
  if (found.skipped > 0)
    note(fmt::format("{}: {} records are in the model already", datasets::quoted(journal_path), grouped(found.skipped)));
  if (found.replayed > 0)
    note(fmt::format("{}: learned again from {} events", datasets::quoted(journal_path),
                     grouped(learning->learner_.report().events)));
  if (auto published = learning->learner_.publish(); !published) return published.error();
  return learning;
}

Learning::~Learning() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  arrived_.notify_all();
  if (thread_.joinable()) thread_.join();
}

ServedHandle Learning::first() const {
  const Snapshot snapshot = learner_.current();
  return std::make_shared<const ServedModel>(ServedModel{snapshot, facts_, snapshot.version()});
}

void Learning::start(ModelHolder& models) {
  models_ = &models;
  thread_ = std::thread([this] { work(); });
}

Learning::Done Learning::learn(LearnRequest request, Clock::time_point deadline) {
  Job job;
  job.request = std::move(request);
  return wait_for(job, deadline);
}

Learning::Done Learning::save() {
  Job job;
  job.saves = true;
  return wait_for(job, std::nullopt);
}

Learning::Done Learning::wait_for(Job& job, std::optional<Clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  if (!broken_.empty()) return {.status = 503, .error = broken_};
  if (waiting_.size() >= options_.queue)
    return {.status = 429, .error = "too many requests wait to be learned from; try again, or raise --queue"};
  waiting_.push_back(&job);
  arrived_.notify_one();
  if (deadline) {
    job.ready.wait_until(lock, *deadline, [&] { return job.done; });
    if (!job.done && std::erase(waiting_, &job) > 0)
      return {.status = 503, .error = "not learned within the time limit; send fewer events, or raise --timeout"};
  }
  job.ready.wait(lock, [&] { return job.done; });
  return job.answer;
}

void Learning::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait_for(lock, kPublishEvery / 4, [&] { return ends_ || !waiting_.empty(); });
    if (waiting_.empty() && ends_) return;
    std::vector<Job*> jobs;
    for (std::size_t events = 0; !waiting_.empty() && events < kEventsAtOnce; waiting_.pop_front()) {
      if (waiting_.front()->saves && !jobs.empty()) break;
      jobs.push_back(waiting_.front());
      events += jobs.back()->request.labels.size();
      if (jobs.back()->saves) {
        waiting_.pop_front();
        break;
      }
    }
    const std::string broken = broken_;
    lock.unlock();
    if (!broken.empty()) {
      for (Job* job : jobs) job->answer = {.status = 503, .error = broken};
    } else if (!jobs.empty() && jobs.front()->saves) {
      jobs.front()->answer = save_now();
    } else if (!jobs.empty()) {
      learn_all(jobs);
    }
    publish_if_due(false);
    lock.lock();
    for (Job* job : jobs) {
      job->done = true;
      job->ready.notify_one();  // under the lock: behind it the job may be gone
    }
  }
}

/// The events of all, with labels that are all numbers. Names that come first get the numbers behind the others.
datasets::LearnedEvents Learning::join(const std::vector<Job*>& jobs) {
  datasets::LearnedEvents all;
  std::unordered_map<std::string, std::uint32_t> added, added_words;
  std::uint32_t next = learner_.shape().labels;
  for (Job* job : jobs) {
    const InputRows& rows = job->request.rows;
    job->answer.events = rows.size();
    job->answer.unknown = rows.unknown;
    all.vector_width = rows.vector_width;
    all.vectors.insert(all.vectors.end(), rows.vectors.begin(), rows.vectors.end());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const SparseRows view = rows.view();
      all.feature_ids.insert(all.feature_ids.end(), view.row_ids(row).begin(), view.row_ids(row).end());
      all.feature_values.insert(all.feature_values.end(), view.row_values(row).begin(), view.row_values(row).end());
      join_words(*job, row, added_words, all);
      all.feature_offsets.push_back(all.feature_ids.size());
      std::vector<std::uint32_t> labels = job->request.labels[row].ids;
      for (const std::string& name : job->request.labels[row].names) {
        if (const auto known = new_labels_.find(name); known != new_labels_.end()) {
          labels.push_back(known->second);
          continue;
        }
        const auto [place, is_new] = added.try_emplace(name, next);
        labels.push_back(place->second);
        if (!is_new) continue;
        ++next;
        ++job->answer.new_labels;
        all.new_labels.push_back(name);
      }
      std::ranges::sort(labels);
      labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
      all.label_ids.insert(all.label_ids.end(), labels.begin(), labels.end());
      all.label_offsets.push_back(all.label_ids.size());
    }
  }
  return all;
}

/// The row's words that were unknown when it was read, as far as they are features by now or become some.
void Learning::join_words(Job& job, std::size_t row, std::unordered_map<std::string, std::uint32_t>& added,
                          datasets::LearnedEvents& all) {
  const InputRows& rows = job.request.rows;
  const std::size_t begin = rows.word_offsets[row], end = rows.word_offsets[row + 1];
  std::map<std::string_view, std::uint32_t> counts;
  for (std::size_t i = begin; i < end; ++i) ++counts[rows.words[i]];
  std::vector<std::pair<std::uint32_t, std::uint32_t>> entries;
  for (const auto& [view, count] : counts) {
    const std::string word(view);
    std::uint32_t id = 0;
    if (const auto known = new_words_.find(word); known != new_words_.end()) {
      id = known->second;
    } else if (const auto place = added.find(word); place != added.end()) {
      id = place->second;
    } else if (becomes_feature(word, added.size())) {
      id = learner_.shape().features + static_cast<std::uint32_t>(added.size());
      added.emplace(word, id);
      all.new_features.push_back(word);
      ++job.answer.new_words;
    } else {
      continue;
    }
    entries.emplace_back(id, count);
    job.answer.unknown -= count;
  }
  std::ranges::sort(entries);
  for (const auto& [id, count] : entries) {
    all.feature_ids.push_back(id);
    all.feature_values.push_back(static_cast<float>(count));
  }
}

/// Counts one more event that has the word, which is no feature.
bool Learning::becomes_feature(const std::string& word, std::size_t added) {
  if (options_.new_words == 0 || new_words_.size() + added >= most_words_) return false;
  if (word.size() > kLongestWord || word.find('\n') != std::string::npos) return false;
  if (options_.new_words == 1) return true;
  if (waiting_words_.size() >= kMostWaiting) waiting_words_.clear();
  if (++waiting_words_[word] < options_.new_words) return false;
  waiting_words_.erase(word);
  return true;
}

Result<void> Learning::take_in(const datasets::LearnedEvents& events) {
  if (!events.new_features.empty()) {
    const auto first = learner_.add_features(static_cast<std::uint32_t>(events.new_features.size()), events.new_features);
    if (!first) return first.error();
    for (std::size_t i = 0; i < events.new_features.size(); ++i)
      new_words_.emplace(events.new_features[i], *first + static_cast<std::uint32_t>(i));
  }
  if (!events.new_labels.empty()) {
    const auto first = learner_.add_labels(static_cast<std::uint32_t>(events.new_labels.size()), events.new_labels);
    if (!first) return first.error();
    for (std::size_t i = 0; i < events.new_labels.size(); ++i)
      new_labels_.emplace(events.new_labels[i], *first + static_cast<std::uint32_t>(i));
  }
  const Shape shape = learner_.shape();
  DatasetView view;
  view.feature_count = shape.features;
  view.label_count = shape.labels;
  view.features = events.features();
  view.labels = events.labels();
  view.vectors = events.vector_rows();
  if (auto done = learner_.learn(view); !done) return done;
  unpublished_ += events.size();
  return {};
}

/// Those whose rows can be learned from; the others are told. What the journal holds must be learnable: it is read at each start.
std::vector<Learning::Job*> Learning::acceptable(const std::vector<Job*>& jobs) const {
  const Shape shape = learner_.shape();
  std::vector<Job*> good;
  for (Job* job : jobs) {
    const InputRows& rows = job->request.rows;
    const std::vector<std::uint64_t> none(rows.size() + 1);
    DatasetView view;
    view.feature_count = shape.features;
    view.label_count = shape.labels;
    view.features = rows.view();
    view.labels = {none, {}, {}};
    view.vectors = rows.vector_view();
    if (auto learnable = learner_.check(view); learnable) {
      good.push_back(job);
    } else {
      job->answer = {.status = 400, .error = learnable.error().message};
    }
  }
  return good;
}

void Learning::learn_all(const std::vector<Job*>& jobs) {
  const auto refuse = [&](int status, const std::string& message) {
    for (Job* job : jobs) {
      if (job->answer.status == 200) job->answer = {.status = status, .error = message};
    }
  };
  try {
    const std::vector<Job*> good = acceptable(jobs);
    if (good.empty()) return;
    const datasets::LearnedEvents events = join(good);
    // First on the disk, then learned, then acknowledged.
    if (auto written = journal_->append(datasets::to_bytes(events)); !written) return refuse(503, written.error().message);
    if (auto done = take_in(events); !done) {
      // The journal holds what the model in memory lacks, so numbers of later labels would not agree.
      const std::string message = fmt::format("{}; it is in {} and is learned when the server starts again", done.error().message,
                                              datasets::quoted(journal_of(path_)));
      refuse(503, message);
      complain(message);
      const std::lock_guard lock(mutex_);
      broken_ = message;
      return;
    }
    const std::lock_guard lock(mutex_);
    counts_.events += events.size();
    counts_.new_labels += events.new_labels.size();
    counts_.new_words += events.new_features.size();
    counts_.journal_bytes = journal_->bytes();
  } catch (const std::bad_alloc&) {
    refuse(503, "out of memory; send fewer events at once");
  }
}

Learning::Done Learning::save_now() {
  const std::string beside = path_ + ".saving";
  const auto fail = [&](const Error& error) {
    std::remove(beside.c_str());
    return Done{.status = 503, .error = error.message};
  };
  if (auto saved = learner_.save(beside); !saved) return fail(saved.error());
  const auto content = hash_of_file(beside);
  if (!content) return fail(content.error());
  if (auto told = journal_->will_be_saved_as(*content); !told) return fail(told.error());
  if (const int error = rename_durably(beside, path_); error != 0)
    return fail(runtime_error(
        fmt::format("cannot rename {} to {}: {}", datasets::quoted(beside), datasets::quoted(path_), system::error_text(error))));
  models_->replaced_by_own(FileMark::of(path_));
  // Where this fails the old journal goes on: it knows that the new file holds all that came before.
  if (auto begun = journal_->begin_anew(*content); !begun) complain(begun.error().message);
  unpublished_ = std::max<std::uint64_t>(unpublished_, 1);
  publish_if_due(true);
  const std::lock_guard lock(mutex_);
  ++counts_.saves;
  counts_.journal_bytes = journal_->bytes();
  return {.events = learner_.report().events};
}

void Learning::publish_if_due(bool at_once) {
  if (unpublished_ == 0) return;
  if (!at_once && unpublished_ < kPublishAfter && Clock::now() - published_ < kPublishEvery) return;
  auto snapshot = learner_.publish();
  published_ = Clock::now();
  if (!snapshot) return complain(snapshot.error().message);
  const std::uint64_t version = snapshot->version();
  models_->put(std::make_shared<const ServedModel>(ServedModel{std::move(*snapshot), facts_, version}));
  unpublished_ = 0;
  const std::lock_guard lock(mutex_);
  ++counts_.publishes;
}

void Learning::append_metrics(std::string& text) const {
  Counts counts;
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    counts = counts_;
    counts.broken = !broken_.empty();
    waiting = waiting_.size();
  }
  const auto add = [&text](const char* name, const char* type, const char* help, auto value) {
    append_metric(text, name, type, help, static_cast<double>(value));
  };
  add("learned_events_total", "counter", "Events that were learned from since the start.", counts.events);
  add("new_labels_total", "counter", "Labels that were added since the start.", counts.new_labels);
  add("new_words_total", "counter", "Words that became features since the start.", counts.new_words);
  add("publishes_total", "counter", "Times that what was learned began to answer.", counts.publishes);
  add("saves_total", "counter", "Times that the model file was written.", counts.saves);
  add("journal_bytes", "gauge", "Size of the event log.", counts.journal_bytes);
  add("learn_queue_requests", "gauge", "Requests that wait to be learned from.", waiting);
  add("learning_broken", "gauge", "1: nothing can be learned until the server starts again.", counts.broken ? 1 : 0);
}

}  // namespace glissade::apps
