#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <glissade/views.h>

#include "engine/features/feature_transform.h"
#include "engine/layers/network.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// Sets every output row to the mean of its label's samples in the last hidden layer, less the mean of all samples, at the length
/// `length`; its bias makes the score that of the centred sample. Labels without samples keep what they have. A nearest-centroid
/// classifier (Rocchio 1971) under random features, before any step of training. Costs a forward pass over the samples `rows` of
/// `data` and for its time 4 bytes per output row and unit. A function of network and data, for any number of threads. Labels
/// marked in `kept` (empty: none) keep what they have, too. False if oneDNN failed. Stopped by the monitor, some rows are set.
/// Values as given without `transform`. `shards`: of a network of which this rank has some rows alone; then it is collective, and
/// `data` has the labels of all ranks.
bool start_from_centroids(Network& network, const DatasetView& data, std::span<const std::uint32_t> rows, std::size_t batch,
                          double length, const std::vector<bool>& kept = {}, WorkMonitor& monitor = WorkMonitor::silent(),
                          const FeatureTransform* transform = nullptr, InputShards* shards = nullptr);

}  // namespace glissade
