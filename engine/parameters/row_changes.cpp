#include "engine/parameters/row_changes.h"

#include <algorithm>
#include <vector>

#include "engine/topology/exchange.h"
#include "engine/topology/schedule.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::uint64_t kChangeStream = 105;
constexpr double kChangesEnd = 0.75;

/// Buffers of a thread.
struct Scores {
  std::vector<float> weights, keep, grow;
  std::vector<ScoredConnection> there, lacking;
  std::vector<std::uint16_t> columns;
};

/// What speaks for each column, summed over the rows of a pattern.
void sum_scores(const TopologyPolicy& policy, const ParameterRows& rows, std::span<const ChangedRow> changed, Scores& scores) {
  const std::size_t width = rows.width();
  scores.weights.resize(width);
  scores.keep.assign(width, 0.f);
  scores.grow.assign(width, 0.f);
  for (const auto& [row, gradient] : changed) {
    const float* const means = rows.gradient_means.empty() ? nullptr : rows.gradient_means.data() + rows.begin(row);
    rows.read(row, scores.weights.data());
    for (std::size_t column = 0; column < width; ++column) {
      const float pull = gradient != nullptr ? gradient[column] : 0.f;
      scores.keep[column] += policy.keep_score(scores.weights[column], pull);
      if (policy.grow != TopologyPolicy::Grow::chance)
        scores.grow[column] += policy.grow_score(pull, means != nullptr ? means[column] : 0.f, 0.f);
    }
  }
}

/// Scores of the columns that a pattern has, and of those that it lacks and that something speaks for.
void score(const RowChanges& changes, const ParameterRows& rows, std::size_t pattern, std::span<const ChangedRow> changed,
           Scores& scores) {
  sum_scores(changes.policy, rows, changed, scores);
  scores.there.clear();
  scores.lacking.clear();
  const auto connections = rows.pattern(pattern);
  const bool whole = rows.is_whole(changed.front().row), by_chance = changes.policy.grow == TopologyPolicy::Grow::chance;
  const std::uint64_t seed = hashing::derive(changes.seed, rows.options().stream);
  const std::uint32_t number = rows.options().owners.row_at(static_cast<std::uint32_t>(pattern));
  std::size_t next = 0;
  for (std::uint32_t column = 0; column < rows.width(); ++column) {
    if (whole || (next < connections.size() && connections[next] == column)) {
      ++next;
      scores.there.push_back({column, scores.keep[column]});
      continue;
    }
    const float speaks = by_chance ? chance_of(seed, number, column) : scores.grow[column];
    if (speaks > 0) scores.lacking.push_back({column, speaks});
  }
}

/// Of whole rows those of the best scores are kept; where too few have one, chance fills up.
void fill_by_chance(std::uint64_t seed, const ParameterRows& rows, std::size_t pattern, std::vector<ScoredConnection>& there) {
  const std::uint32_t number = rows.options().owners.row_at(static_cast<std::uint32_t>(pattern));
  for (ScoredConnection& one : there) {
    if (one.score == 0) one.score = chance_of(seed, number, one.id) - 1;
  }
}

/// Clears the weights of a row that have no connection. Returns their squared length.
float drop_others(ParameterRows& rows, std::size_t row, std::span<const std::uint16_t> connections, std::vector<float>& weights) {
  rows.read(row, weights.data());
  float dropped = 0;
  std::size_t next = 0;
  for (std::size_t column = 0; column < rows.width(); ++column) {
    if (next < connections.size() && connections[next] == column) {
      ++next;
      continue;
    }
    dropped += weights[column] * weights[column];
    rows.clear_weight(row, column);
  }
  return dropped;
}

}  // namespace

RowChanges RowChanges::of(const Config& config, double done, std::uint64_t step) noexcept {
  return {TopologyPolicy::of(config.connections.topology), annealed_share(config.connections.share, done, kChangesEnd),
          config.connections.period, hashing::derive(config.run.seed, kChangeStream, step)};
}

void RowChanges::remember(ParameterRows& rows, std::size_t row, const float* gradient) const noexcept {
  if (rows.gradient_means.empty() || share <= 0) return;
  float* const means = rows.gradient_means.data() + rows.begin(row);
  simd::kernels().scale_f32(kGradientMemory, means, rows.width());
  simd::kernels().axpy_f32(1.f - kGradientMemory, gradient, means, rows.width());
}

bool RowChanges::grows_by_gradient(const ParameterRows& rows, std::size_t row) const noexcept {
  return policy.when == TopologyPolicy::When::repeatedly && policy.grow == TopologyPolicy::Grow::gradient && share > 0 &&
         (rows.connection_steps[row] + 1) % period == 0;
}

bool RowChanges::is_due(ParameterRows& rows, std::size_t row, const float* gradient) const noexcept {
  using When = TopologyPolicy::When;
  if (policy.when == When::never) return false;
  if (rows.is_whole(row)) return std::any_of(gradient, gradient + rows.width(), [](float g) { return g != 0; });
  remember(rows, row, gradient);
  return ++rows.connection_steps[row] % period == 0 && policy.when == When::repeatedly && share > 0;
}

float RowChanges::change(ParameterRows& rows, std::size_t row, const float* gradient) const {
  const ChangedRow changed{static_cast<std::uint32_t>(row), gradient};
  float dropped = 0;
  const bool done = change(rows, row, {&changed, 1}, [&dropped](std::uint32_t, float square) { dropped = square; });
  return done ? dropped : -1;
}

bool RowChanges::change(ParameterRows& rows, std::size_t pattern, std::span<const ChangedRow> changed,
                        const std::function<void(std::uint32_t, float)>& on_dropped) const {
  static thread_local Scores scores;
  const bool whole = rows.is_whole(changed.front().row);
  score(*this, rows, pattern, changed, scores);
  const auto connections = rows.pattern(pattern);
  if (whole) {
    fill_by_chance(hashing::derive(seed, rows.options().stream), rows, pattern, scores.there);
    keep_best(scores.there, connections.size());
  } else {
    exchange(scores.there, scores.lacking, connections.size(), share);
    if (scores.lacking.empty()) return false;
  }
  scores.columns.clear();
  for (const auto* part : {&scores.there, &scores.lacking}) {
    for (const ScoredConnection& one : *part) scores.columns.push_back(static_cast<std::uint16_t>(one.id));
  }
  std::ranges::sort(scores.columns);
  if (rows.is_compact()) {
    on_dropped(changed.front().row, rows.reconnect(changed.front().row, scores.columns));
    return true;
  }
  std::ranges::copy(scores.columns, connections.begin());
  if (whole) rows.connection_steps[pattern] = 1;
  for (const ChangedRow& one : changed) on_dropped(one.row, drop_others(rows, one.row, connections, scores.weights));
  return true;
}

}  // namespace glissade
