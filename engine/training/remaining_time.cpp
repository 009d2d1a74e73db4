#include "engine/training/remaining_time.h"

#include <algorithm>
#include <cmath>

#include "engine/config/proposing_paths.h"
#include "engine/ranking/kept_samples.h"
#include "engine/search/coded_rows.h"

namespace glissade {
namespace {

constexpr double kSurely = 0.1;  ///< part of an activity from which on its own speed counts: its begin may be slow
constexpr double kPrior = 1.0;   ///< seconds that the guess before any measurement is worth

/// Seconds per unit on one core, measured once on a server with AVX-512; what matters is how they compare.
constexpr double kInputValue = 0.35e-9;   ///< a feature times a hidden unit, forward, backward and update
constexpr double kOutputValue = 0.06e-9;  ///< an active label times a hidden unit of a sample, likewise
constexpr double kPosting = 2.0e-9;       ///< an entry of an inverted list that is read
constexpr double kRowEntry = 1.2e-9;      ///< an entry of a candidate's sparse row that is met with a sample
constexpr double kCollected = 12e-9;      ///< a feature of a sample that is added to the row of one of its labels
constexpr double kKeptEntry = 25e-9;      ///< an entry of the training samples that is weighed, kept and indexed
constexpr double kWeighed = 1.0e-3;       ///< a sample that was kept apart, apart from its scores
constexpr double kScore = 0.03e-9;        ///< a label times a hidden unit, forward alone
constexpr double kCoded = 100e-9;         ///< a weight of an output row whose codes are learned
constexpr double kRanked = 0.6e-3;        ///< a sample in one of the ranker's trainings
constexpr double kCandidates = 65;        ///< of a sample, while sparse rows or weights are learned

struct Sizes {
  double rows, features, labels, label_count, row_length;
};

Sizes sizes_of(const Config& config, const DatasetView& data) {
  Sizes sizes{static_cast<double>(data.size()), 0, 0, static_cast<double>(data.label_count), 0};
  if (data.size() == 0) return sizes;
  sizes.features = static_cast<double>(data.features.offsets.back() - data.features.offsets.front()) / sizes.rows;
  sizes.labels = static_cast<double>(data.labels.offsets.back() - data.labels.offsets.front()) / sizes.rows;
  const double of_label = sizes.features * sizes.labels * sizes.rows / std::max(1.0, sizes.label_count);
  sizes.row_length = std::min<double>(std::max(1u, config.sparse_rows.fan_in), of_label);
  return sizes;
}

/// Reading the lists of a query, and matching it with the rows that they name.
double finding(const Config& config, const Sizes& s, double budget) {
  const double lists = s.features * s.label_count * s.row_length / std::max(1.0, s.rows);
  return kPosting * std::min(budget, 20 * lists + config.candidates.list_budget / 8.0) + 200 * kRowEntry * s.row_length;
}

double step_cost(const Config& config, const Sizes& s) {
  double cost = kInputValue * s.features * config.network.hidden.front();
  for (std::size_t i = 1; i < config.network.hidden.size(); ++i)
    cost += kOutputValue * config.network.hidden[i - 1] * config.network.hidden[i];
  const double labels =
      config.active_set.sampler == SamplerKind::full
          ? s.label_count
          : std::min<double>(config.active_set.size.of(static_cast<std::uint32_t>(s.label_count)), s.label_count);
  const double slower = config.active_set.scope == Scope::sample && !(config.active_set.sampler == SamplerKind::full) ? 8 : 1;
  return cost + slower * kOutputValue * labels * config.network.hidden.back();
}

}  // namespace

RemainingTime::RemainingTime(const Config& config, const DatasetView& data, int threads, std::uint32_t epochs_done,
                             double pass_share) {
  const Sizes s = sizes_of(config, data);
  const auto add = [&](Activity activity, double cost) { plan_.push_back({activity, cost / std::max(1, threads)}); };
  const bool paths = uses_sparse_paths(config);
  const double kept = paths ? s.rows * share_kept_for_ranking(s.rows) : 0;
  const double hidden_forward = 0.3 * kInputValue * s.features * config.network.hidden.front();
  for (std::uint32_t epoch = epochs_done; epoch < config.training.epochs; ++epoch) {
    const bool midst = epoch == epochs_done && pass_share > 0;
    if (config.training.batches == BatchKind::similar && !midst) add(Activity::grouping, s.rows * hidden_forward);
    if (epoch == 0 && !midst) {
      if (config.network.start == Start::centroids)
        add(Activity::centroids, s.rows * (hidden_forward + s.labels * kScore * config.network.hidden.back()));
      const double collecting = kCollected * s.rows * s.features * s.labels;
      const double sampled = std::min<double>(config.candidates.weight_samples, s.rows);
      if (paths && sampled > 0)
        add(Activity::feature_weights, collecting + sampled * (finding(config, s, config.candidates.list_budget / 4.0) +
                                                               4 * kCandidates * kRowEntry * s.row_length));
      if (config.sparse_rows.fan_in != 0) add(Activity::sparse_rows, collecting);
      if (config.sparse_rows.fan_in != 0 && config.sparse_rows.epochs != 0)
        add(Activity::row_training, s.rows * (finding(config, s, config.candidates.list_budget / 4.0) +
                                              config.sparse_rows.epochs * 2 * kCandidates * kRowEntry * s.row_length));
      if (paths) add(Activity::neighbours, kKeptEntry * s.rows * s.features);
    }
    add(Activity::steps, (midst ? 1 - pass_share : 1.0) * (s.rows - kept) * step_cost(config, s));
    const bool last = epoch + 1 == config.training.epochs;
    if (paths) {
      const double weighed = last ? kept : kept / 10;
      add(Activity::weighing, weighed * (kWeighed + kScore * s.label_count * config.network.hidden.back()));
      add(Activity::ranking, weighed * kRanked);
    }
    const std::uint64_t width = config.network.hidden.back();
    if (last && CodedRows::pays(data.label_count, width))
      add(Activity::coding, kCoded * s.label_count * static_cast<double>(width));
  }
}

void RemainingTime::observe(Activity activity, double share, double seconds) {
  std::size_t next = at_;
  while (next < plan_.size() && plan_[next].activity != activity) ++next;
  if (next == plan_.size()) return;
  if (next == at_ && started_ && share < share_) {  // the same activity, of the next epoch
    while (++next < plan_.size() && plan_[next].activity != activity) {
    }
    if (next == plan_.size()) return;
  }
  if (started_) {
    // What lies between the two moments is the rest of the one before and the begin of this one.
    const double cost =
        next == at_ ? (share - share_) * plan_[at_].cost : (1 - share_) * plan_[at_].cost + share * plan_[next].cost;
    const double took = std::max(0.0, seconds - last_);
    Spent& own = spent_[static_cast<std::size_t>(plan_[at_].activity)];
    own.cost += cost;
    own.seconds += took;
    all_.cost += cost;
    all_.seconds += took;
  }
  started_ = true;
  at_ = next;
  share_ = share;
  last_ = seconds;
}

/// Seconds for a second of the plan.
double RemainingTime::factor(Activity activity) const noexcept {
  const double general = (all_.seconds + kPrior) / (all_.cost + kPrior);
  const Spent& own = spent_[static_cast<std::size_t>(activity)];
  if (own.cost <= 0) return general;
  double whole = 0;
  for (const Item& item : plan_) whole = std::max(whole, item.activity == activity ? item.cost : 0);
  const double trust = std::min(1.0, own.cost / (kSurely * whole));
  return trust * own.seconds / own.cost + (1 - trust) * general;
}

double RemainingTime::seconds_left() const noexcept {
  if (!started_ || at_ >= plan_.size()) return -1;
  double left = (1 - share_) * plan_[at_].cost * factor(plan_[at_].activity);
  for (std::size_t i = at_ + 1; i < plan_.size(); ++i) left += plan_[i].cost * factor(plan_[i].activity);
  return left;
}

}  // namespace glissade
