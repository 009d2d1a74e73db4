#pragma once

#include <cstddef>
#include <cstdint>

#include <glissade/config.h>
#include <glissade/trainer.h>

#include "engine/model/pass.h"
#include "engine/training/step.h"

namespace glissade {

/// Adds what a step on `samples` samples reports.
void add(PassSums& sums, const TrainingStep::Report& step, std::size_t samples) noexcept;

/// What a callback sees of a pass of `all` samples. The caller fills the activity in.
Progress progress_of(const PassSums& sums, std::uint32_t epoch, std::uint64_t all, std::uint32_t labels);

EpochReport report_of(const PassSums& sums, std::uint32_t epoch, const PhaseSeconds& phases, const Shape& shape);

}  // namespace glissade
