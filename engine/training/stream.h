#pragma once

#include <cstdint>

#include <glissade/result.h>
#include <glissade/trainer.h>

#include "engine/model/impl.h"

namespace glissade {

/// An error where weighted values need factors that no data set has given yet.
Result<void> check_weighting(const Model::Impl& model);

/// Usage error where the model's config asks for what a stream of batches cannot give.
Result<void> check_stream(const Model::Impl& model, const StreamOptions& options);

/// The learning rate of step `step`, where the stream began behind step `begin`.
double stream_rate(const StreamOptions& options, double usual, std::uint64_t step, std::uint64_t begin) noexcept;

}  // namespace glissade
