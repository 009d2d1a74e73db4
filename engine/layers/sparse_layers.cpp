#include "engine/layers/sparse_layers.h"

#include "engine/topology/densities.h"

namespace glissade {

SparseLayerFanIns SparseLayerFanIns::of(const Config& config, const Shape& shape) {
  const std::vector<std::uint32_t>& hidden = config.network.hidden;
  SparseLayerFanIns all;
  all.dense.resize(hidden.size() - 1, 0);
  if (config.connections.density == 1) return all;
  std::vector<LayerSize> sizes;
  std::vector<std::uint32_t*> fan_ins;
  const auto add = [&](SparseLayers which, std::uint64_t rows, std::uint64_t width, std::uint32_t& fan_in) {
    if (config.connections.layers != SparseLayers::all && config.connections.layers != which) return;
    sizes.push_back({rows, width});
    fan_ins.push_back(&fan_in);
  };
  add(SparseLayers::input, shape.features, hidden.front(), all.input);
  if (shape.vector_width != 0) add(SparseLayers::input, hidden.front(), shape.vector_width, all.vectors);
  for (std::size_t i = 1; i < hidden.size(); ++i) add(SparseLayers::hidden, hidden[i], hidden[i - 1], all.dense[i - 1]);
  add(SparseLayers::output, shape.labels, hidden.back(), all.output);
  const std::vector<double> densities = layer_densities(config.connections.rule, config.connections.density, sizes);
  for (std::size_t i = 0; i < sizes.size(); ++i)
    *fan_ins[i] = fan_in_of(densities[i], static_cast<std::uint32_t>(sizes[i].width));
  return all;
}

}  // namespace glissade
