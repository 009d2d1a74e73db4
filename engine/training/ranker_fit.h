#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/model/impl.h"
#include "engine/progress/work_monitor.h"
#include "engine/ranking/linear_ranker.h"

namespace glissade {

/// Whether sample `row` of `data` is kept out of the hidden path's training, so that what the paths say of it can be weighed
/// fairly: up to 10,000 samples, at most 3 %, drawn from the seed; those that `together` has under one number all or none
/// (engine/relations/kept_together.h). Nor is it in the labels' sparse rows; it is among the neighbours, but passed over while
/// the paths are weighed. Rows that are no samples (DatasetView::added) never are kept.
bool is_kept_for_ranking(const Config& config, const DatasetView& data, std::span<const std::uint64_t> together,
                         std::size_t row) noexcept;

/// Weighs the paths by the samples that were kept: by all of them after the last epoch, by a tenth after the others, whose
/// weighing only evaluations and checkpoints see. Fails if a matrix product ran out of memory, or a path says what is no finite
/// number. Stopped by the monitor, the model keeps the weights that it had. Of a model whose rows several ranks have all call
/// this: rank 0 asks the others for what paths say of the samples, deals these out, and all weigh them together.
std::optional<Error> fit_rankers(Model::Impl& impl, const DatasetView& data, std::span<const std::uint64_t> together,
                                 bool last_epoch, WorkMonitor& monitor = WorkMonitor::silent());

/// Weighs the paths anew by all of `rows`, which no path has learned from; the ranker goes on from `before` if it is not empty.
/// Not of a shard. Otherwise as fit_rankers().
std::optional<Error> refit_rankers(Model::Impl& impl, const DatasetView& rows, const Ranker& before,
                                   WorkMonitor& monitor = WorkMonitor::silent());

/// The same from examples at hand, whose co-label features are filled in here. `labels`: how many each example's sample has.
/// `before`: as Ranker::fit() has it. False if the monitor stopped it. Where several ranks have the rows it is collective, each
/// with examples of its own; runtime error of the communication.
Result<bool> fit_rankers_to(Model::Impl& impl, RankingExamples& examples, std::span<const std::uint32_t> labels,
                            WorkMonitor& monitor, const Ranker& before = {});

}  // namespace glissade
