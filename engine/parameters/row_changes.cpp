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
  std::vector<float> weights;
  std::vector<ScoredConnection> there, lacking;
};

/// Scores of the columns that a row has, and of those that it lacks and that something speaks for.
void score(const RowChanges& changes, const ParameterRows& rows, std::size_t row, const float* gradient, Scores& scores) {
  const std::size_t width = rows.width();
  scores.weights.resize(width);
  rows.read(row, scores.weights.data());
  scores.there.clear();
  scores.lacking.clear();
  const auto connections = rows.connections_of(row);
  const bool whole = rows.is_whole(row), by_chance = changes.policy.grow == TopologyPolicy::Grow::chance;
  const float* const means = rows.gradient_means.empty() ? nullptr : rows.gradient_means.data() + rows.begin(row);
  const std::uint64_t seed = hashing::derive(changes.seed, rows.options().stream);
  const std::uint32_t number = rows.options().owners.row_at(static_cast<std::uint32_t>(row));
  std::size_t next = 0;
  for (std::uint32_t column = 0; column < width; ++column) {
    if (whole || (next < connections.size() && connections[next] == column)) {
      ++next;
      scores.there.push_back({column, changes.policy.keep_score(scores.weights[column], gradient[column])});
      continue;
    }
    const float chance = by_chance ? chance_of(seed, number, column) : 0.f;
    const float speaks = changes.policy.grow_score(gradient[column], means != nullptr ? means[column] : 0.f, chance);
    if (speaks > 0) scores.lacking.push_back({column, speaks});
  }
}

/// Of a whole row those of the best scores are kept; where too few have one, chance fills up.
void fill_by_chance(std::uint64_t seed, const ParameterRows& rows, std::size_t row, std::vector<ScoredConnection>& there) {
  const std::uint32_t number = rows.options().owners.row_at(static_cast<std::uint32_t>(row));
  for (ScoredConnection& one : there) {
    if (one.score == 0) one.score = chance_of(seed, number, one.id) - 1;
  }
}

}  // namespace

RowChanges RowChanges::of(const Config& config, double done, std::uint64_t step) noexcept {
  return {TopologyPolicy::of(config.connections.topology), annealed_share(config.connections.share, done, kChangesEnd),
          config.connections.period, hashing::derive(config.run.seed, kChangeStream, step)};
}

bool RowChanges::is_due(ParameterRows& rows, std::size_t row, const float* gradient) const noexcept {
  using When = TopologyPolicy::When;
  if (policy.when == When::never) return false;
  const std::size_t width = rows.width();
  if (rows.is_whole(row)) return std::any_of(gradient, gradient + width, [](float g) { return g != 0; });
  if (!rows.gradient_means.empty() && share > 0) {
    float* const means = rows.gradient_means.data() + rows.begin(row);
    simd::kernels().scale_f32(kGradientMemory, means, width);
    simd::kernels().axpy_f32(1.f - kGradientMemory, gradient, means, width);
  }
  return ++rows.connection_steps[row] % period == 0 && policy.when == When::repeatedly && share > 0;
}

float RowChanges::change(ParameterRows& rows, std::size_t row, const float* gradient) const {
  static thread_local Scores scores;
  const bool whole = rows.is_whole(row);
  score(*this, rows, row, gradient, scores);
  if (whole) {
    fill_by_chance(hashing::derive(seed, rows.options().stream), rows, row, scores.there);
    keep_best(scores.there, rows.fan_in());
  } else {
    exchange(scores.there, scores.lacking, rows.fan_in(), share);
    if (scores.lacking.empty()) return -1;
  }
  const auto connections = rows.connections_of(row);
  std::size_t count = 0;
  for (const auto* part : {&scores.there, &scores.lacking}) {
    for (const ScoredConnection& one : *part) connections[count++] = static_cast<std::uint16_t>(one.id);
  }
  std::ranges::sort(connections);
  if (whole) rows.connection_steps[row] = 1;
  float dropped = 0;
  std::size_t next = 0;
  for (std::size_t column = 0; column < rows.width(); ++column) {
    if (next < connections.size() && connections[next] == column) {
      ++next;
      continue;
    }
    dropped += scores.weights[column] * scores.weights[column];
    rows.clear_weight(row, column);
  }
  return dropped;
}

}  // namespace glissade
