#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <glissade/views.h>

#include "engine/features/feature_transform.h"
#include "engine/layers/network.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// A SimHash code of `bits` bits for what the last hidden layer says of each sample, without what all samples share (the mean of
/// the first `batch` of them). Costs a forward pass over the data. Stopped by the monitor, the result is incomplete. Values as
/// given without `transform`.
std::vector<std::uint32_t> hidden_codes(const Network& network, const DatasetView& data, std::size_t batch, std::uint32_t bits,
                                        std::uint64_t seed, WorkMonitor& monitor = WorkMonitor::silent(),
                                        const FeatureTransform* transform = nullptr);

/// shuffle(), then samples that the network finds similar side by side in groups of an eighth of a batch (after NGAME, Dahiya et
/// al. 2023, which clusters them): the labels of one are hard negatives for the others.
void group_similar(std::vector<std::uint32_t>& order, const Network& network, const DatasetView& data, std::size_t batch,
                   std::uint64_t seed, WorkMonitor& monitor = WorkMonitor::silent(), const FeatureTransform* transform = nullptr);

}  // namespace glissade
