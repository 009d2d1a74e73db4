#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/batches/label_share.h"
#include "engine/candidates/feature_weights.h"
#include "engine/communication/shared_work.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// Features of a label's sum that weights are learned with, the largest.
inline constexpr std::uint32_t kLearningFanIn = 256;

/// Learns how much each feature counts when samples are compared with the sums of a label's samples: a diagonal metric, the same
/// for all labels, so that it helps labels of two samples as well as those of thousands. The logit of a label is
/// kSharpness * sum over f of exp(2 a_f) x_f c_f, with x the sample and c the label's sum without that sample; each label of a
/// sample against the labels most like it that are none, Adagrad on a. Returns exp(a) of each feature: the sample's weight is to
/// be multiplied by it, and the label's, too.
///
/// `rows`: samples that labels' sums are made from; config.candidates.weight_samples of them are learned from. The result does
/// not depend on the number of threads. Stopped by the monitor, or with an error of the communication, it is not to be used.
/// Ranks that share the labels out learn together and have the same factors.
std::vector<float> learn_weights(const Config& config, const LabelShare& labels, std::span<const std::uint32_t> rows,
                                 const FeatureWeights& weights, WorkMonitor& monitor = WorkMonitor::silent(),
                                 SharedWork& work = SharedWork::alone());

/// What learn_weights() follows: the derivatives by a of the loss of one sample, by its place in `rows`, at a = `logs`, one per
/// feature. All of `rows` make the labels' sums.
std::vector<float> weight_gradient_at(const Config& config, const DatasetView& data, std::span<const std::uint32_t> rows,
                                      const FeatureWeights& weights, std::uint32_t place, std::span<const float> logs);

}  // namespace glissade
