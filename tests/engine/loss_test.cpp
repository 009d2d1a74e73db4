// Losses alone, against doubles: value and gradient of one row of logits, whole and in pieces.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/losses/set_sums.h"
#include "hashing/seeds.h"

namespace glissade::test {
namespace {

struct Row {
  std::vector<float> z;
  std::vector<std::uint32_t> positions;
  std::size_t exact;
  std::vector<float> log_weights;    ///< of z[exact], ...
  std::vector<float> label_weights;  ///< of positions; empty: 1 each
};

Row random_row(std::size_t size, std::size_t labels, std::size_t exact, float log_weight, std::uint64_t seed) {
  hashing::Random random(seed);
  Row row{{}, {}, exact, {}, {}};
  // Runs of equal weights, as uniform draws have, and different ones.
  for (std::size_t j = exact; j < size; ++j) row.log_weights.push_back(log_weight + static_cast<float>(j / 5 % 3));
  for (std::size_t j = 0; j < size; ++j) row.z.push_back(static_cast<float>(8 * random.unit() - 4));
  for (std::uint32_t j = 0; j < labels; ++j) row.positions.push_back(2 * j);
  return row;
}

double reference(LossKind kind, const Row& row, const std::vector<double>& z) {
  const auto weight = [&](std::size_t i) { return row.label_weights.empty() ? 1.0 : double{row.label_weights[i]}; };
  double sum = 0, targets = 0;
  for (std::size_t j = 0; j < z.size(); ++j) {
    const double stands_for = j < row.exact ? 1.0 : std::exp(double{row.log_weights[j - row.exact]});
    if (kind == LossKind::decoupled && std::ranges::find(row.positions, j) != row.positions.end()) continue;
    sum += stands_for * (kind == LossKind::bce ? std::log1p(std::exp(z[j])) : std::exp(z[j]));
  }
  if (kind == LossKind::decoupled) {
    double mean = 0;
    for (std::size_t i = 0; i < row.positions.size(); ++i) {
      const double value = z[row.positions[i]];
      mean += weight(i) * (std::log(sum + std::exp(value)) - value) / static_cast<double>(row.positions.size());
    }
    return mean;
  }
  double weights = 0;
  for (std::size_t i = 0; i < row.positions.size(); ++i) {
    targets += weight(i) * z[row.positions[i]];
    weights += weight(i);
  }
  if (kind == LossKind::bce) {
    // weight * (softplus(z) - z) for a label, of which `sum` has one softplus(z) already.
    for (std::size_t i = 0; i < row.positions.size(); ++i) sum += (weight(i) - 1) * std::log1p(std::exp(z[row.positions[i]]));
    return sum - targets;
  }
  return row.positions.empty() ? 0.0 : (weights * std::log(sum) - targets) / static_cast<double>(row.positions.size());
}

/// Loss and gradient by the engine, in pieces of `piece` entries.
double engine(LossKind kind, const Row& row, std::size_t piece, float scale, std::vector<float>& gradient) {
  const Loss loss(kind);
  std::vector<float> weights_here;
  const auto part_of = [&](std::vector<float>& z, std::size_t first, std::vector<std::uint32_t>& here) {
    const std::size_t size = std::min(piece, z.size() - first);
    here.clear();
    weights_here.clear();
    for (std::size_t i = 0; i < row.positions.size(); ++i) {
      if (row.positions[i] < first || row.positions[i] >= first + size) continue;
      here.push_back(static_cast<std::uint32_t>(row.positions[i] - first));
      if (!row.label_weights.empty()) weights_here.push_back(row.label_weights[i]);
    }
    const std::size_t exact = std::min(size, row.exact - std::min(row.exact, first));
    const auto weights =
        exact == size ? std::span<const float>() : std::span(row.log_weights).subspan(first + exact - row.exact, size - exact);
    const LogitRow part{z.data() + first, size, here, row.positions.size(), exact, weights, weights_here};
    loss.weigh(part);
    return part;
  };
  std::vector<std::uint32_t> here;
  std::vector<float> z = row.z;
  const std::vector<std::uint64_t> offsets = {0, row.positions.size()};
  SetSums sums;
  sums.begin({offsets, row.positions, row.label_weights});
  for (std::size_t first = 0; first < z.size(); first += piece) sums.add(loss, 0, part_of(z, first, here));
  double total = 0;
  gradient = row.z;
  for (std::size_t first = 0; first < z.size(); first += piece) {
    const LogitRow part = part_of(gradient, first, here);
    const Loss::RowGradient result =
        part.size == z.size() ? loss.gradient(part, scale) : loss.gradient(part, scale, sums.of(0), first == 0);
    total += result.loss;
    for (std::size_t j = 0; j < part.size; ++j) part.z[j] *= result.factor;
  }
  return total;
}

}  // namespace

TEST_CASE("losses and their gradients match central differences, in one piece and in several", "[unit][levels]") {
  const auto kind = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto labels = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{4});
  const auto exact = GENERATE(std::size_t{10}, std::size_t{37});  // 37: all
  const auto piece = GENERATE(std::size_t{64}, std::size_t{8});
  const bool weighted = GENERATE(false, true);
  Row row = random_row(37, labels, exact, exact == 37 ? 0.f : 2.3f, 11 + labels);
  for (std::size_t i = 0; weighted && i < labels; ++i) row.label_weights.push_back(0.25f + 0.5f * static_cast<float>(i));
  CAPTURE(static_cast<int>(kind), labels, exact, piece, weighted);

  constexpr float kScale = 0.25f;
  std::vector<float> gradient;
  const double loss = engine(kind, row, piece, kScale, gradient);
  std::vector<double> z(row.z.begin(), row.z.end());
  // A weighted logit is rounded to float before the exponential: half an ulp of 8 in the exponent.
  REQUIRE(loss == Approx(reference(kind, row, z)).epsilon(2e-6).margin(1e-7));
  constexpr double kStep = 1e-5;
  for (std::size_t j = 0; j < z.size(); ++j) {
    const double value = z[j];
    z[j] = value + kStep;
    const double above = reference(kind, row, z);
    z[j] = value - kStep;
    const double below = reference(kind, row, z);
    z[j] = value;
    const double slope = kScale * (above - below) / (2 * kStep);
    CAPTURE(j, slope, gradient[j]);
    REQUIRE(std::abs(gradient[j] - slope) <= 3e-6 * std::abs(slope) + 1e-7);
  }
}

TEST_CASE("extreme logits keep losses finite where the exact value is", "[unit][levels]") {
  for (const auto kind : {LossKind::softmax, LossKind::decoupled, LossKind::bce}) {
    Row row{{80.f, -90.f, 0.f, 85.f}, {0, 1}, 4, {}, {}};
    std::vector<float> gradient;
    const double loss = engine(kind, row, 64, 1.f, gradient);
    std::vector<double> z(row.z.begin(), row.z.end());
    REQUIRE(loss == Approx(reference(kind, row, z)).epsilon(1e-5));
    for (const float g : gradient) REQUIRE(std::isfinite(g));
  }
}

TEST_CASE("bce with label weights has a minimum: pushing a logit up never earns more than nothing", "[unit][levels]") {
  for (const float weight : {0.5f, 1.f, 3.f, 40.f}) {
    double last = 1e300;
    for (const float logit : {-20.f, 0.f, 5.f, 30.f, 1e4f}) {
      const Row row{{logit, -1.f}, {0}, 2, {}, {weight}};
      std::vector<float> gradient;
      const double loss = engine(LossKind::bce, row, 64, 1.f, gradient);
      CAPTURE(weight, logit, loss);
      CHECK(loss >= 0);
      CHECK(loss <= last + 1e-3);  // the kernel sums in floats
      CHECK(gradient[0] <= 0);
      CHECK(gradient[0] >= -weight);
      last = loss;
    }
  }
}

TEST_CASE("a NaN or an infinity among the logits is in the loss, in one piece and in several", "[unit][levels]") {
  const auto kind = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto piece = GENERATE(std::size_t{64}, std::size_t{8});
  const bool weighted = GENERATE(false, true);
  for (const float value : {std::nanf(""), INFINITY}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{20}, std::size_t{36}}) {
      Row row = random_row(37, 2, 10, 1.5f, 3);
      if (weighted) row.label_weights = {0.5f, 2.f};
      row.z[at] = value;
      // A label that is infinitely likely is none to worry about: its loss is 0, and its logit stops the next forward pass.
      if (std::isinf(value) && at == 0 && kind == LossKind::decoupled) continue;
      std::vector<float> gradient;
      CAPTURE(static_cast<int>(kind), piece, weighted, value, at);
      CHECK_FALSE(std::isfinite(engine(kind, row, piece, 1.f, gradient)));
    }
    // All of them, as of weights that have diverged.
    Row row = random_row(37, 2, 37, 0.f, 3);
    std::ranges::fill(row.z, value);
    std::vector<float> gradient;
    CHECK_FALSE(std::isfinite(engine(kind, row, piece, 1.f, gradient)));
  }
}

TEST_CASE("log_add adds in the exponent", "[unit]") {
  REQUIRE(log_add(1.f, 2.f) == Approx(std::log(std::exp(1.0) + std::exp(2.0))).epsilon(1e-6));
  REQUIRE(log_add(2.f, 1.f) == log_add(1.f, 2.f));
  REQUIRE(log_add(-INFINITY, 3.f) == 3.f);
  REQUIRE(log_add(3.f, -INFINITY) == 3.f);
  REQUIRE(std::isinf(log_add(-INFINITY, -INFINITY)));
  REQUIRE(log_add(200.f, -200.f) == 200.f);
}

}  // namespace glissade::test
