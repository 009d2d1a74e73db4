#include "tests/engine/reference.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/model/sections.h"

namespace glissade::test {

ReferenceNetwork::ReferenceNetwork(const Network& network) : active_units_(network.active_units(network.dense.size())) {
  for_each_layer(network, [&](std::uint32_t, const ParameterRows& rows) {
    Block block{rows.rows(), rows.width(), {}, {}};
    std::vector<float> values(rows.width());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      rows.read(row, values.data());
      block.weights.insert(block.weights.end(), values.begin(), values.end());
    }
    block.bias.assign(rows.bias.data(), rows.bias.data() + rows.bias.size());
    blocks.push_back(std::move(block));
  });
}

ReferenceNetwork::Hidden ReferenceNetwork::hidden(const SparseRows& x, const Hidden& factors) const {
  const std::size_t layers = blocks.size() - 2;
  Hidden out(layers);
  nearest_kink_ = 1e9;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const std::size_t width = layer == 0 ? blocks[0].width : blocks[1 + layer].rows;
    out[layer].resize(x.rows() * width);
    for (std::size_t sample = 0; sample < x.rows(); ++sample) {
      for (std::size_t unit = 0; unit < width; ++unit) {
        double sum = 0;
        if (layer == 0) {
          sum = blocks[1].weights[unit];
          for (std::size_t j = 0; j < x.row_ids(sample).size(); ++j) {
            sum += double{x.row_values(sample)[j]} * blocks[0].weights[x.row_ids(sample)[j] * width + unit];
          }
        } else {
          const Block& block = blocks[1 + layer];
          sum = block.bias[unit];
          for (std::size_t j = 0; j < block.width; ++j)
            sum += block.weights[unit * block.width + j] * out[layer - 1][sample * block.width + j];
        }
        nearest_kink_ = std::min(nearest_kink_, std::abs(sum));
        out[layer][sample * width + unit] = std::max(sum, 0.0);
      }
      double* const units = out[layer].data() + sample * width;
      if (layer + 1 == layers && active_units_ != 0) keep_winners(units, width);
      for (std::size_t unit = 0; unit < width && !factors.empty(); ++unit) units[unit] *= factors[layer][sample * width + unit];
    }
  }
  return out;
}

void ReferenceNetwork::keep_winners(double* units, std::size_t width) const {
  std::vector<double> sorted(units, units + width);
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double least = sorted[active_units_ - 1];
  if (least > 0) nearest_kink_ = std::min(nearest_kink_, least - sorted[active_units_]);
  for (std::size_t unit = 0; unit < width; ++unit) units[unit] = units[unit] >= least ? units[unit] : 0;
}

double ReferenceNetwork::logit(std::size_t row, const double* h) const {
  const Block& output = blocks.back();
  double sum = output.bias[row];
  for (std::size_t j = 0; j < output.width; ++j) sum += output.weights[row * output.width + j] * h[j];
  return sum;
}

double ReferenceNetwork::loss(const DatasetView& data, const std::vector<ReferenceSet>& sets, const Hidden& factors,
                              LossKind kind) const {
  const Hidden activations = hidden(data.features, factors);
  double total = 0;
  for (std::size_t sample = 0; sample < data.size(); ++sample) {
    total +=
        sample_loss(sets[sample], data.labels.row_ids(sample), activations.back().data() + sample * blocks.back().width, kind);
  }
  return total / static_cast<double>(data.size());
}

double ReferenceNetwork::sample_loss(const ReferenceSet& set, std::span<const std::uint32_t> labels, const double* h,
                                     LossKind kind) const {
  if (kind != LossKind::bce && labels.empty()) return 0;
  double sum = 0;
  for (std::size_t j = 0; j < set.ids.size(); ++j) {
    if (kind == LossKind::decoupled && std::ranges::find(labels, set.ids[j]) != labels.end()) continue;
    const bool weighted = j >= set.exact && !set.log_weights.empty();
    const double weight = weighted ? std::exp(double{set.log_weights[j - set.exact]}) : 1.0;
    const double e = std::exp(logit(set.ids[j], h));
    sum += weight * (kind == LossKind::bce ? std::log1p(e) : e);
  }
  double targets = 0, apart = 0;
  for (const std::uint32_t label : labels) {
    const double z = logit(label, h);
    targets += z;
    apart += std::log(sum + std::exp(z)) - z;
  }
  if (kind == LossKind::bce) return sum - targets;
  const auto count = static_cast<double>(labels.size());
  return kind == LossKind::decoupled ? apart / count : std::log(sum) - targets / count;
}

}  // namespace glissade::test
