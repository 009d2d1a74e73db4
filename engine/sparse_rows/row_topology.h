#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <glissade/config.h>

#include "engine/candidates/sparse_matrix.h"

namespace glissade {

/// The derivative of its loss by the label's logit.
struct LabelGradient {
  std::uint32_t label;
  std::uint32_t place;  ///< the sample's, among those trained on
  float gradient;
};

/// One change of the topology of sparse rows by a policy (engine/topology/policy.h): each row drops its weights nearest 0, and
/// takes up features that it lacks with weight 0. What is taken up has a gradient, summed over the samples; `set` draws among
/// these and not among all features, of which hardly one in a thousand ever meets the label. A row that is shorter than `fan_in`
/// drops nothing and grows by the same share.
struct TopologyChange {
  RowTopology kind;
  double share;          ///< of a row's entries that change places
  std::uint32_t fan_in;  ///< the most entries of a row
  std::uint64_t seed;
};

/// A sample's features and weighted values, by its place; the spans hold until the next call on the same thread.
struct SampleFeatures {
  std::span<const std::uint32_t> ids;
  std::span<const float> values;
};

/// `rows` holds the topology and where the weights started (0: taken up later), `values` the weights in the same order; both are
/// replaced. `gradients` is sorted by label. Labels are independent: the result does not depend on the number of threads.
void change_topology(const TopologyChange& change, std::span<const LabelGradient> gradients, std::size_t features,
                     const std::function<SampleFeatures(std::uint32_t place)>& sample, SparseMatrix& rows,
                     std::vector<float>& values);

}  // namespace glissade
