#include "engine/learning/living_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "engine/batches/checked_vectors.h"
#include "engine/inference/candidate_pass.h"
#include "engine/inference/code_rows.h"
#include "engine/inference/search_some.h"
#include "engine/learning/merged_paths.h"
#include "engine/losses/loss.h"
#include "engine/model/access.h"
#include "engine/search/search_coded.h"
#include "engine/serving/given_labels.h"
#include "engine/training/arena.h"
#include "engine/training/ranker_fit.h"
#include "engine/training/soundness.h"
#include "engine/training/stream.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kPiece = 128;         ///< events at once
constexpr std::uint64_t kExampleEvery = 2;  ///< pieces: the events of one are examples for the ranker
constexpr std::size_t kRecent = 2048;       ///< events that output rows are coded by
constexpr std::size_t kSampledRows = 512;   ///< output rows that say what rows are like
constexpr float kNeverBest = 30;            ///< below all biases: a label without events is no answer of the hidden path
constexpr double kUsualRate = 0.1;

}  // namespace

Result<void> LivingModel::check(const Model& model, const LearnerOptions& options) {
  const Model::Impl& impl = impl_of(model);
  if (auto whole = impl.check_whole("a Learner"); !whole) return whole;
  if (impl.config.network.loss == LossKind::ns) return usage_error("word vectors cannot learn from events; use a model of rows");
  if (impl.training_samples == 0 && impl.step == 0)
    return usage_error("the model has not been trained; train it on a data set before it learns from events");
  if (options.batch == 0) return usage_error("LearnerOptions::batch: 0 is out of range; allowed: 1 or more");
  if (!std::isfinite(options.learning_rate))
    return usage_error(fmt::format("LearnerOptions::learning_rate: {} is no number; give one", options.learning_rate));
  if (options.refit_every == 0 && options.keep_examples != 0)
    return usage_error("LearnerOptions::refit_every: 0 is out of range; allowed: 1 or more");
  return check_weighting(impl);
}

LivingModel::LivingModel(Model model, const LearnerOptions& options)
    : model_(std::move(model)),
      impl_(impl_of(model_)),
      options_(options),
      arena_(arena_threads(options.threads != 0 ? options.threads : impl_.config.run.threads)),
      codes_(std::move(impl_.codes)),
      label_names_(impl_.label_names),
      feature_names_(impl_.feature_names),
      examples_(impl_.paths.ranker.empty() ? 0 : options.keep_examples),
      trained_samples_(impl_.paths.neighbours.samples.rows()) {
  impl_.codes = {};
  impl_.label_names.clear();
  impl_.feature_names.clear();
  if (impl_.label_counts.empty()) impl_.label_counts.assign(impl_.shape.labels, 0);
  const ParameterRows& output = impl_.network.output;
  const std::size_t every = std::max<std::size_t>(1, output.rows() / kSampledRows);
  std::vector<float> row(output.width());
  double lengths = 0, biases = 0;
  std::size_t sampled = 0;
  for (std::size_t i = 0; i < output.rows(); i += every, ++sampled) {
    output.read_forward(i, row.data());
    lengths += std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    biases += output.bias[i];
  }
  if (sampled != 0) {
    start_length_ = static_cast<float>(lengths / static_cast<double>(sampled));
    start_bias_ = static_cast<float>(biases / static_cast<double>(sampled));
    unseen_bias_ = *std::min_element(output.bias.data(), output.bias.data() + output.rows()) - kNeverBest;
  }
  make_fresh();
  if (impl_.trainable && options_.learning_rate >= 0) arena_.execute([&] { step_ = std::make_unique<TrainingStep>(impl_); });
}

void LivingModel::make_fresh() {
  fresh_ = std::make_shared<Fresh>();
  row_learning_.reset();
  if (!impl_.paths.label_rows.empty()) {
    impl_.paths.label_rows.changed = ChangedRows(impl_.shape.labels);
    row_learning_ = std::make_unique<RowLearning>(impl_.paths.label_rows, fresh_->rows, impl_.config.sparse_rows.fan_in);
  }
  read_fresh();
}

/// The model itself sees all that there is.
void LivingModel::read_fresh() noexcept {
  RankedPaths& paths = impl_.paths;
  if (!paths.label_rows.empty()) paths.label_rows.fresh = {&fresh_->rows, generation_, impl_.shape.labels};
  if (paths.neighbours.empty()) return;
  paths.neighbours.fresh_samples = &fresh_->neighbours;
  paths.neighbours.fresh = {&fresh_->samples, generation_, paths.neighbours.samples.rows() + fresh_->neighbours.size()};
}

Publisher::Parts LivingModel::begin_generation() {
  read_fresh();
  ++generation_;
  if (shown_changed_) {
    shown_changed_ = false;
    published_shown_ = shown_ && shown_->permitted() != shown_->labels() ? std::make_shared<const LabelFilter>(*shown_) : nullptr;
  }
  return {label_names_, feature_names_, published_shown_, fresh_, codes()};
}

Result<void> LivingModel::check_whole() const {
  if (is_whole_) return {};
  return runtime_error(
      "the learner ran out of memory while it grew and cannot go on; load a model anew, what was published stays good");
}

Result<void> LivingModel::check(const DatasetView& events) const {
  if (auto whole = check_whole(); !whole) return whole;
  constexpr float kMostValue = 1e9f;  // its square, and sums of such, are numbers yet
  if (auto valid = check_view(events, impl_.shape.features, impl_.shape.labels); !valid) return valid;
  if (auto fit = check_vectors(events.vectors, events.size(), impl_.shape.vector_width); !fit) return fit;
  std::vector<float> values;
  const auto first_large = [&] {
    return std::ranges::find_if(values, [](float value) { return !(std::abs(value) <= kMostValue); });
  };
  for (std::size_t row = 0; row < events.size() && !events.features.values.empty(); ++row) {
    const auto ids = events.features.row_ids(row);
    const auto given = events.features.row_values(row);
    values.assign(given.begin(), given.end());
    impl_.transform.apply(ids, values.data());
    const auto large = first_large();
    if (large == values.end()) continue;
    const auto place = static_cast<std::size_t>(large - values.begin());
    return usage_error(
        fmt::format("event {}: feature {} has the value {}; scale the values as in training", row, ids[place], given[place]));
  }
  values.resize(impl_.shape.vector_width);
  for (std::size_t row = 0; row < events.vectors.rows(); ++row) {
    const auto vector = events.vectors.row(row);
    if (vector.empty()) continue;
    impl_.transform.vectors().apply(vector, values.data());
    const auto large = first_large();
    if (large == values.end()) continue;
    const auto place = static_cast<std::size_t>(large - values.begin());
    return usage_error(
        fmt::format("event {}: number {} of its vector is {}; give vectors of the kind that the model was trained on", row, place,
                    vector[place]));
  }
  return {};
}

Result<void> LivingModel::learn(const DatasetView& events, Publisher& publisher) {
  if (auto good = check(events); !good) return good;
  std::optional<Error> error;
  arena_.execute([&] {
    for (std::size_t first = 0; first < events.size() && !error; first += kPiece)
      error = learn_piece(events, first, std::min(kPiece, events.size() - first), publisher);
    if (!error && examples_.most() != 0 && since_fit_ >= options_.refit_every && examples_.size() >= examples_.most() / 4)
      refit();
  });
  forget_oldest();
  if (error) return *error;
  return {};
}

std::optional<Error> LivingModel::learn_piece(const DatasetView& events, std::size_t first, std::size_t count,
                                              Publisher& publisher) {
  DatasetView piece = fitted(events, impl_.shape.features, impl_.shape.labels);
  piece.features.offsets = piece.features.offsets.subspan(first, count + 1);
  piece.labels.offsets = piece.labels.offsets.subspan(first, count + 1);
  piece.vectors = events.vectors.piece(first, count);
  if (!hidden_of(impl_, piece.inputs(), buffers_))
    return runtime_error("out of memory in a matrix product; learn from fewer events");
  if (examples_.most() != 0 && pieces_++ % kExampleEvery == 0) {
    if (auto error = take_examples(piece.labels)) return error;
  }
  for (std::size_t row = 0; row < count; ++row) {
    absorb(row, piece.labels.row_ids(row), publisher);
    if (recent_.size() >= kRecent) recent_.clear();
    recent_.add(piece, row);
    if (!learns_hidden()) continue;
    pending_.add(piece, row);
    if (pending_.size() < options_.batch) continue;
    if (auto error = step_hidden()) return error;
  }
  report_.events += count;
  since_fit_ += count;
  read_fresh();
  report_.waiting = pending_.size();
  return std::nullopt;
}

/// What the paths say of these events before they know of them.
std::optional<Error> LivingModel::take_examples(const SparseRows& labels) {
  const Activations& hidden = buffers_.hidden.back();
  best_.k = HiddenBest::kPerSample;
  best_.labels.assign(labels.rows() * best_.k, Predictions::kNoLabel);
  best_.scores.assign(labels.rows() * best_.k, -std::numeric_limits<float>::infinity());
  SearchSums sums;
  const SearchTarget target{best_, 0, impl_.config.network.loss, false, nullptr, nullptr, &sums};
  if (codes_.empty()) {
    search_exact(impl_.network.output, hidden, target);
  } else {
    search_coded(impl_.network.output, codes_, hidden, target);
  }
  const bool shared = is_softmax(impl_.config.network.loss);
  const HiddenBest best{hidden, best_, shared ? std::span<const float>(sums.log_sums) : std::span<const float>()};
  std::vector<RecentExamples::Example> made(labels.rows());
  find_candidates(impl_, best, buffers_.batch.features(), {}, [&](std::size_t sample, const CandidateSearch& found) {
    made[sample] = example_of(found, labels.row_ids(sample));
  });
  for (RecentExamples::Example& example : made) examples_.add(std::move(example));
  return std::nullopt;
}

/// Row `row` of the batch: as a neighbour, in the rows of its labels, in their counts.
void LivingModel::absorb(std::size_t row, std::span<const std::uint32_t> labels, Publisher& publisher) {
  RankedPaths& paths = impl_.paths;
  const SparseRows& features = buffers_.batch.features();
  const auto ids = features.row_ids(row);
  const auto values = features.row_values(row);
  ids_.resize(ids.size());
  std::iota(ids_.begin(), ids_.end(), 0u);
  std::ranges::sort(ids_, {}, [&](std::uint32_t i) { return ids[i]; });
  values_.resize(ids.size());
  std::ranges::transform(ids_, values_.begin(), [&](std::uint32_t i) { return values[i]; });
  std::ranges::transform(ids_, ids_.begin(), [&](std::uint32_t i) { return ids[i]; });
  if (!paths.neighbours.empty()) {
    paths.neighbours.weights.weigh(ids_, values_, weighted_);
    halves_.resize(weighted_.size());
    simd::kernels().narrow_nearest(weighted_.data(), halves_.data(), weighted_.size());
    const auto sample = static_cast<std::uint32_t>(paths.neighbours.samples.rows() + fresh_->neighbours.size());
    fresh_->neighbours.add(ids_, halves_, labels);
    for (std::size_t j = 0; j < ids_.size(); ++j) fresh_->samples.add(ids_[j], {sample, generation_, widened(halves_[j])});
  }
  if (row_learning_) paths.label_rows.weights.weigh(ids_, values_, weighted_);
  for (const std::uint32_t label : labels) {
    std::uint32_t& count = impl_.label_counts[label];
    if (row_learning_) row_learning_->add(label, count, ids_, weighted_, generation_);
    if (count == 0) start_row(label, buffers_.hidden.back().row(row), publisher);
    ++count;
    publisher.note_label(label);
    see(label);
  }
  ++impl_.training_samples;
  ++kept_events_;
}

/// A label's first event: its output row is what the hidden path makes of that, as long as rows are.
void LivingModel::start_row(std::uint32_t label, const float* hidden, Publisher& publisher) {
  if (!learns_hidden()) return;
  ParameterRows& output = impl_.network.output;
  std::vector<float> row(hidden, hidden + output.width());
  const double length = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
  const float scale = length > 0 ? start_length_ / static_cast<float>(length) : 0.f;
  for (float& value : row) value *= scale;
  output.write(label, row.data());
  output.bias[label] = start_bias_;
  publisher.note_output_row(label);
}

void LivingModel::see(std::uint32_t label) {
  if (waiting_.empty()) return;
  const auto at = waiting_.find(label);
  if (at == waiting_.end() || --at->second != 0) return;
  waiting_.erase(at);
  shown_->permit(label);
  shown_changed_ = true;
}

std::optional<Error> LivingModel::step_hidden() {
  constexpr std::uint64_t kTenth = 10;
  const DatasetView batch = pending_.view(impl_.shape.features, impl_.shape.labels);
  std::vector<std::uint32_t> rows(batch.size());
  std::iota(rows.begin(), rows.end(), 0u);
  counted_ += batch.size();
  if (counted_ * kTenth >= impl_.training_samples) follow_counts();
  const double rate = options_.learning_rate > 0 ? options_.learning_rate : kUsualRate * impl_.config.optimizer.learning_rate;
  const TrainingStep::Report report = step_->run(batch, {rows, {}, rate});
  if (!report.ok) return runtime_error("out of memory in a matrix product; use a smaller batch");
  if (!std::isfinite(report.output.loss)) return not_finite(impl_, batch, rows);
  ++report_.steps;
  pending_.clear();
  return std::nullopt;
}

void LivingModel::follow_counts() {
  counted_ = 0;
  step_->follow_counts();
}

/// Where a quarter more events are kept than are wanted, puts the newest ones, and what rows of labels have beside the model's
/// own entries, into memory of its own. Who reads what was published keeps the old one.
void LivingModel::forget_oldest() {
  constexpr std::size_t kPart = 4;
  const std::size_t wanted = options_.keep_events;
  if (wanted == 0 || kept_events_ <= wanted + wanted / kPart) return;
  try {
    auto newest = std::make_shared<Fresh>();
    const RankedPaths& paths = impl_.paths;
    const std::size_t end = fresh_->neighbours.size();
    for (std::size_t i = end - std::min(end, wanted); i < end; ++i) {
      const SparseRowView row = fresh_->neighbours.row(i);
      const auto sample = static_cast<std::uint32_t>(paths.neighbours.samples.rows() + newest->neighbours.size());
      newest->neighbours.add(row.ids, row.values, fresh_->neighbours.labels(i));
      for (std::size_t j = 0; j < row.ids.size(); ++j)
        newest->samples.add(row.ids[j], {sample, generation_, widened(row.values[j])});
    }
    if (row_learning_) row_learning_->post_again(newest->rows, generation_);
    fresh_ = std::move(newest);
    kept_events_ = wanted;
    read_fresh();
  } catch (const std::bad_alloc&) {  // the old ones stay a while longer
    if (row_learning_) row_learning_->post_to(fresh_->rows);
  }
}

void LivingModel::refit() {
  RankingExamples examples = examples_.examples();
  const auto fitted = fit_rankers_to(impl_, examples, examples_.wanted(), WorkMonitor::silent());
  if (fitted && *fitted) ++report_.fits;
  since_fit_ = 0;
}

/// Until all that follows has grown, too, it is not whole.
void LivingModel::grow(const Shape& shape) {
  is_whole_ = false;
  step_.reset();
  impl_.shape = shape;
  impl_.network.output.grow(shape.labels);
  impl_.network.input.rows.grow(shape.features);
  impl_.transform.grow(shape.features, impl_.training_samples);
  impl_.label_counts.resize(shape.labels, 0);
  if (!impl_.feature_labels.empty()) impl_.feature_labels.resize(shape.features, Model::kNoLabel);
  RankedPaths paths = std::move(impl_.paths);
  paths.grow(shape);
  impl_.set_paths(std::move(paths));
  impl_.drop_index();
  read_fresh();
  if (impl_.trainable && options_.learning_rate >= 0) arena_.execute([&] { step_ = std::make_unique<TrainingStep>(impl_); });
}

namespace {

/// Usage error unless the names can be those of `count` new things beside the `known` ones.
Result<void> check_new_names(const char* what, std::uint32_t count, const std::vector<std::string>& names,
                             const NameIndex& known) {
  if (count == 0) return usage_error(fmt::format("0 new {}s; add one or more", what));
  if (names.size() != (known.size() == 0 ? 0 : count))
    return usage_error(fmt::format("{} names for {} new {}s; give {}", names.size(), count, what,
                                   known.size() == 0 ? "none, the model has no names" : "one name each"));
  std::unordered_set<std::string_view> given;
  for (const std::string& name : names) {
    if (name.find('\n') != std::string::npos)
      return usage_error(fmt::format("a {} name contains a line break; names are single lines", what));
    if (known.find(name) || !given.insert(name).second)
      return usage_error(fmt::format("{} name '{}' is taken; give another one", what, name));
  }
  return {};
}

constexpr std::uint64_t kMostIds = 0xfffffffeu;

}  // namespace

Result<std::uint32_t> LivingModel::add_labels(std::uint32_t count, std::vector<std::string> names, Publisher& publisher) {
  if (auto whole = check_whole(); !whole) return whole.error();
  if (auto good = check_new_names("label", count, names, label_names_); !good) return good.error();
  const std::uint32_t first = impl_.shape.labels;
  if (std::uint64_t{first} + count > kMostIds)
    return usage_error(fmt::format("{} labels are too many", std::uint64_t{first} + count));
  LabelFilter shown = LabelFilter::permitting_all(first + count);
  for (std::uint32_t label = 0; shown_ && label < first; ++label) {
    if (!shown_->permits(label)) shown.forbid(label);
  }
  grow({impl_.shape.features, first + count, impl_.shape.vector_width});
  for (std::uint32_t label = first; label < first + count; ++label) {
    impl_.network.output.bias[label] = unseen_bias_;
    publisher.note_output_row(label);
    if (options_.show_after == 0) continue;
    shown.forbid(label);
    waiting_.emplace(label, options_.show_after);
  }
  for (std::string& name : names) label_names_.add(std::move(name));
  shown_ = std::move(shown);
  shown_changed_ = true;
  is_whole_ = true;
  return first;
}

Result<std::uint32_t> LivingModel::add_features(std::uint32_t count, std::vector<std::string> names) {
  if (auto whole = check_whole(); !whole) return whole.error();
  if (auto good = check_new_names("feature", count, names, feature_names_); !good) return good.error();
  const std::uint32_t first = impl_.shape.features;
  if (std::uint64_t{first} + count > kMostIds)
    return usage_error(fmt::format("{} features are too many", std::uint64_t{first} + count));
  grow({first + count, impl_.shape.labels, impl_.shape.vector_width});
  for (std::string& name : names) feature_names_.add(std::move(name));
  is_whole_ = true;
  return first;
}

Result<void> LivingModel::show(std::span<const std::uint32_t> labels, bool shown) {
  for (const std::uint32_t label : labels) {
    if (label >= impl_.shape.labels)
      return usage_error(fmt::format("label {} does not exist, the model has {}; give one below", label, impl_.shape.labels));
  }
  if (!shown_) shown_ = LabelFilter::permitting_all(impl_.shape.labels);
  for (const std::uint32_t label : labels) {
    if (!shown) {
      shown_->forbid(label);
    } else if (!waiting_.contains(label)) {
      shown_->permit(label);
    }
  }
  shown_changed_ = true;
  return {};
}

Result<void> LivingModel::merge() {
  if (auto whole = check_whole(); !whole) return whole;
  std::optional<Error> error;
  arena_.execute([&] {
    const std::size_t learned = learned_in_model_ + fresh_->neighbours.size();
    const std::size_t kept = options_.keep_events == 0 ? learned : std::min<std::size_t>(learned, options_.keep_events);
    RankedPaths merged = merged_paths(impl_.paths, impl_.shape.features, {trained_samples_, learned - kept});
    is_whole_ = false;
    impl_.set_paths(std::move(merged));
    make_fresh();
    learned_in_model_ = kept;
    kept_events_ = 0;
    ParameterRows& output = impl_.network.output;
    output.with_exact_arrays();
    impl_.network.input.rows.with_exact_arrays();
    impl_.pass = {};
    impl_.data_fingerprint = 0;
    impl_.label_names = label_names_.names();
    impl_.feature_names = feature_names_.names();
    is_whole_ = true;
    error = renew_codes();
  });
  if (error) return *error;
  return {};
}

/// Codes of the output rows as they are now. Without events to ask with there are none of new rows, and the file has none at all.
std::optional<Error> LivingModel::renew_codes() {
  impl_.codes = {};
  if (codes_.empty()) return std::nullopt;
  if (report_.steps == 0 && codes_.rows() == impl_.network.output.rows()) {
    impl_.codes = codes_.shared();
  } else if (recent_.size() != 0) {
    const InputRows asked = recent_.view(impl_.shape.features, impl_.shape.labels).inputs();
    if (auto error = code_output_rows(impl_, asked, WorkMonitor::silent())) return error;
    if (!impl_.codes.empty()) codes_ = impl_.codes.shared();
  }
  return std::nullopt;
}

std::uint64_t LivingModel::memory_bytes() const noexcept {
  return model_.memory_bytes() + fresh_->rows.memory_bytes() + fresh_->samples.memory_bytes() + fresh_->neighbours.memory_bytes();
}

}  // namespace glissade
