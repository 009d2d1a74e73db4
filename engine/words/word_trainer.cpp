#include <glissade/words.h>

#include <fmt/format.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/batches/fingerprint.h"
#include "engine/batches/sample_order.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/progress/stopwatch.h"
#include "engine/training/arena.h"
#include "engine/training/correction.h"
#include "engine/training/learning_rate.h"
#include "engine/training/step.h"
#include "engine/words/context_batch.h"
#include "engine/words/skip_gram.h"
#include "hashing/parallel.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

enum Stream : std::uint64_t { kStartStream = 31, kEpochStream = 32, kOrderStream = 33 };

constexpr double kProgressSeconds = 0.2;
/// Tokens that one thread takes at a time, with one learning rate. Windows do not reach over the ends: 5 words of 16,384.
constexpr std::size_t kBlock = std::size_t{1} << 14;
/// Words in a row that share a batch of the other losses: runs from all over the text make it up.
constexpr std::size_t kRun = 32;

/// A short text of frequent words may lose all of them to subsampling, or have none beside another.
Error nothing_learned() {
  return runtime_error("no pair of words was left to learn from in an epoch; use a longer text, or subsampling 0");
}

}  // namespace

/// Counts, and passes on, what has been done in an epoch; from any thread.
class EpochProgress {
 public:
  EpochProgress(std::uint32_t epoch, std::uint64_t all, const std::function<bool(const Progress&)>& callback)
      : callback_(callback) {
    progress_.epoch = epoch;
    progress_.samples_total = all;
  }

  /// `fill` completes the numbers of the report when one is due.
  template <class Fill>
  void add(std::uint64_t samples, const Fill& fill) {
    done_.fetch_add(samples, std::memory_order_relaxed);
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!callback_ || !lock.owns_lock()) return;
    const double seconds = watch_.seconds();
    if (seconds < next_) return;
    next_ = seconds + kProgressSeconds;
    progress_.samples_done = done_.load(std::memory_order_relaxed);
    progress_.seconds = seconds;
    progress_.samples_per_second = static_cast<double>(progress_.samples_done) / std::max(seconds, 1e-9);
    fill(progress_);
    if (!callback_(progress_)) stop();
  }

  // Relaxed: a thread that sees it late does one more block.
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }
  double seconds() const noexcept { return watch_.seconds(); }

 private:
  const std::function<bool(const Progress&)>& callback_;
  Stopwatch watch_;
  std::mutex mutex_;
  Progress progress_;
  double next_ = kProgressSeconds;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> stopped_{false};
};

class WordTrainer::Impl {
 public:
  Impl(Model::Impl& model, const TextView& text)
      : model_(model),
        text_(text),
        subsampling_(text.counts, model.config.words.subsampling),
        arena_(arena_threads(model.config.run.threads)) {
    model_.label_counts.assign(text.counts.begin(), text.counts.end());
    model_.training_samples = text.tokens.size();
    model_.data_fingerprint = text_fingerprint(text.tokens);
    arena_.execute([&] { prepare(); });
  }

  Result<EpochReport> train_epoch(const std::function<bool(const Progress&)>& on_progress);

 private:
  bool sampled() const noexcept { return model_.config.network.loss == LossKind::ns; }
  void prepare();
  void negative_sampling(EpochProgress& progress, EpochReport& report);
  void steps(EpochProgress& progress, EpochReport& report);
  void one_step(std::uint64_t done, EpochReport& report);
  std::optional<Error> check_finite(double loss) const;
  /// For the token behind that many of an epoch; steps count from 1.
  double rate(std::uint64_t tokens) const noexcept {
    return learning_rate(model_.config, before() + tokens + 1,
                         model_.config.training.epochs * std::uint64_t{text_.tokens.size()});
  }
  std::uint64_t before() const noexcept { return model_.epochs_done * std::uint64_t{text_.tokens.size()}; }
  std::uint64_t epoch_seed() const noexcept { return hashing::derive(model_.config.run.seed, kEpochStream, model_.epochs_done); }

  Model::Impl& model_;
  TextView text_;
  Subsampling subsampling_;
  tbb::task_arena arena_;
  std::optional<Error> error_;
  // loss ns
  std::optional<AliasTable> negatives_;
  std::vector<std::unique_ptr<SkipGram>> workers_;
  // the other losses
  std::unique_ptr<TrainingStep> step_;
  std::optional<ContextBatch> batch_;
  std::vector<std::uint32_t> rows_;
  std::uint64_t active_rows_ = 0, hits_ = 0, probed_ = 0;
};

void WordTrainer::Impl::prepare() {
  const Config& config = model_.config;
  if (!sampled()) {
    step_ = std::make_unique<TrainingStep>(model_);
    batch_.emplace(text_, config.words.window);
    return;
  }
  if (model_.step == 0 && model_.taken_labels.empty()) {
    // As word2vec: small vectors, and output rows of 0, from which the first step of a word depends on its contexts alone.
    ParameterRows& rows = model_.network.input.rows;
    rows.randomize(0.5 / static_cast<double>(rows.width()), hashing::derive(config.run.seed, kStartStream));
    std::fill_n(model_.network.output.weights.data(), model_.network.output.weights.size(), 0.f);
  }
  negatives_.emplace(text_.counts, config.active_set.frequency_power);
  // Several threads change the same rows without waiting for each other.
  const std::size_t workers = config.run.deterministic ? 1 : hashing::worker_count((text_.tokens.size() + kBlock - 1) / kBlock);
  for (std::size_t i = 0; i < workers; ++i)
    workers_.push_back(std::make_unique<SkipGram>(SkipGram::Shared{config, text_, subsampling_, *negatives_}, model_.network));
}

std::optional<Error> WordTrainer::Impl::check_finite(double loss) const {
  if (std::isfinite(loss)) return std::nullopt;
  return runtime_error(fmt::format("the loss is no longer a finite number in epoch {}; use a lower learning rate than {}",
                                   model_.epochs_done + 1, model_.config.optimizer.learning_rate));
}

void WordTrainer::Impl::negative_sampling(EpochProgress& progress, EpochReport& report) {
  const std::size_t blocks = (text_.tokens.size() + kBlock - 1) / kBlock;
  std::vector<SkipGram::Report> parts(blocks);
  const auto train = [&](std::size_t worker, std::size_t block) {
    const std::size_t first = block * kBlock, last = std::min(first + kBlock, text_.tokens.size());
    SkipGram::Report& part = parts[block];
    part = workers_[worker]->train(first, last, hashing::derive(epoch_seed(), block), static_cast<float>(rate(first)));
    if (!std::isfinite(part.loss)) progress.stop();
    progress.add(last - first, [&](Progress& now) {
      now.loss = part.loss / static_cast<double>(std::max<std::uint64_t>(1, part.pairs));
      now.precision_at_1 = static_cast<double>(part.hits) / static_cast<double>(std::max<std::uint64_t>(1, part.centres));
      now.active_share = (1.0 + model_.config.words.negatives) / static_cast<double>(model_.shape.labels);
    });
  };
  hashing::for_chunks(blocks, 1, workers_.size(), [&](std::size_t worker, std::size_t block, std::size_t) {
    if (!progress.stopped()) train(worker, block);
  });
  SkipGram::Report total;
  for (const SkipGram::Report& part : parts) {
    total.loss += part.loss;
    total.pairs += part.pairs;
    total.centres += part.centres;
    total.hits += part.hits;
  }
  error_ = check_finite(total.loss);
  if (!error_ && total.pairs == 0 && !progress.stopped()) error_ = nothing_learned();
  model_.step += blocks;
  model_.drop_index();
  report.steps = blocks;
  report.loss = total.loss / static_cast<double>(std::max<std::uint64_t>(1, total.pairs));
  report.precision_at_1 = static_cast<double>(total.hits) / static_cast<double>(std::max<std::uint64_t>(1, total.centres));
  report.active_share = (1.0 + model_.config.words.negatives) / static_cast<double>(model_.shape.labels);
}

void WordTrainer::Impl::one_step(std::uint64_t done, EpochReport& report) {
  const std::uint64_t all = model_.config.training.epochs * std::uint64_t{text_.tokens.size()};
  rows_.resize(batch_->size());
  std::iota(rows_.begin(), rows_.end(), 0u);
  const auto step =
      step_->run(batch_->view(), {rows_,
                                  {},
                                  rate(done),
                                  correction_strength(model_.config, before() + done, all),
                                  false,
                                  static_cast<double>(before() + done) / static_cast<double>(std::max<std::uint64_t>(1, all))});
  if (!step.ok) error_ = runtime_error("out of memory in a matrix product; use a smaller batch");
  if (!error_) error_ = check_finite(step.output.loss);
  ++report.steps;
  report.samples += rows_.size();
  report.loss += step.output.loss;
  report.phases += step.phases;
  report.rows_touched_share += static_cast<double>(step.output.rows_touched) / model_.shape.labels;
  report.features_touched_share += static_cast<double>(step.features_touched) / model_.shape.features;
  report.rows_rehashed += step.rows_rehashed;
  active_rows_ += step.output.active_rows;
  hits_ += step.output.hits;
  probed_ += step.output.probed;
}

void WordTrainer::Impl::steps(EpochProgress& progress, EpochReport& report) {
  const std::size_t size = text_.tokens.size();
  const auto per = [](double sum, std::uint64_t count) { return sum / static_cast<double>(std::max<std::uint64_t>(1, count)); };
  std::vector<std::uint32_t> order;
  shuffle(order, (size + kRun - 1) / kRun, hashing::derive(model_.config.run.seed, kOrderStream, model_.epochs_done));
  report.phases[Phase::rehash] += step_->begin_epoch(static_cast<std::uint64_t>(subsampling_.expected()));
  active_rows_ = hits_ = probed_ = 0;
  batch_->clear();
  std::uint64_t done = 0, since = 0;
  for (std::size_t run = 0; run < order.size() && !error_ && !progress.stopped(); ++run) {
    const std::size_t first = order[run] * kRun, last = std::min(first + kRun, size);
    {
      const PhaseWatch watch(report.phases, Phase::gather);
      for (std::size_t place = first; place < last; ++place) batch_->add(place, &subsampling_, epoch_seed());
    }
    done += last - first;
    since += last - first;
    const bool full = batch_->size() >= model_.config.training.batch || run + 1 == order.size();
    if (!full || batch_->size() == 0) continue;
    one_step(done, report);
    batch_->clear();
    progress.add(std::exchange(since, 0), [&](Progress& now) {
      now.loss = per(report.loss, report.samples);
      now.precision_at_1 = per(static_cast<double>(hits_), probed_);
      now.active_share = per(static_cast<double>(active_rows_), report.samples) / model_.shape.labels;
    });
  }
  if (!error_ && report.steps == 0 && !progress.stopped()) error_ = nothing_learned();
  report.loss = per(report.loss, report.samples);
  report.precision_at_1 = per(static_cast<double>(hits_), probed_);
  report.active_share = per(static_cast<double>(active_rows_), report.samples) / model_.shape.labels;
  report.rows_touched_share = per(report.rows_touched_share, report.steps);
  report.features_touched_share = per(report.features_touched_share, report.steps);
}

Result<EpochReport> WordTrainer::Impl::train_epoch(const std::function<bool(const Progress&)>& on_progress) {
  EpochReport report;
  report.epoch = model_.epochs_done + 1;
  EpochProgress progress(report.epoch, text_.tokens.size(), on_progress);
  error_.reset();
  arena_.execute([&] { sampled() ? negative_sampling(progress, report) : steps(progress, report); });
  if (error_) return *error_;
  report.train_seconds = progress.seconds();
  report.samples = text_.tokens.size();
  report.samples_per_second = static_cast<double>(report.samples) / std::max(report.train_seconds, 1e-9);
  if (!progress.stopped()) {
    model_.epochs_done = report.epoch;
    model_.pass = {};
  }
  return report;
}

WordTrainer::WordTrainer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WordTrainer::WordTrainer(WordTrainer&&) noexcept = default;
WordTrainer& WordTrainer::operator=(WordTrainer&&) noexcept = default;
WordTrainer::~WordTrainer() = default;

Result<WordTrainer> WordTrainer::create(Model& model, const TextView& text) {
  if (!model.trainable()) return usage_error("this model was loaded for inference; load it for training");
  if (model.config().training.accumulate != 1)
    return usage_error("option 'accumulate': words make batches of any size; use a larger batch and accumulate 1");
  if (model.config().training.parts != 1)
    return usage_error("option 'parts': words make batches of any size, and no process shares them; use parts 1");
  if (model.config().schedule.average != 0)
    return usage_error("option 'average': words are not averaged over steps; use average 0");
  const Shape shape = model.shape();
  if (shape.labels != text.counts.size() || shape.features != text.feature_count || text.bags.rows() != text.counts.size()) {
    return usage_error(
        fmt::format("a text of {} words with {} features does not fit a model of {} labels and {} features; use the text "
                    "that it was made for",
                    text.counts.size(), text.feature_count, shape.labels, shape.features));
  }
  const std::uint64_t known = model.data_fingerprint();
  if (model.step() != 0 && known != 0 && known != text_fingerprint(text.tokens)) {
    return runtime_error(fmt::format(
        "the model was trained on another text ({} tokens) than this one ({} tokens); give the text that its training "
        "began with, or start a new run from this model",
        model.training_samples(), text.tokens.size()));
  }
  // A running text has no values to weight; what is stored must say so, or prediction would weight them.
  if (model.step() == 0) impl_of(model).set_weighting(FeatureWeighting::given);
  try {
    return WordTrainer(std::make_unique<Impl>(impl_of(model), text));
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory for the hash tables or step buffers; use fewer tables or a smaller batch");
  }
}

Result<EpochReport> WordTrainer::train_epoch(const std::function<bool(const Progress&)>& on_progress) {
  try {
    return impl_->train_epoch(on_progress);
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while training; use a smaller batch or fewer active rows");
  }
}

}  // namespace glissade
