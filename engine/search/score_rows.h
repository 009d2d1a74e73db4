#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/search/search.h"

namespace glissade {

/// Scores the rows `ids` (ascending) of one sample and answers with the best of them. `log_others` is the log of the sum of the
/// exponentials of all labels that are not scored, -infinity where they shall count for nothing; the softmaxes read it. Uses
/// buffers of the thread.
void answer_from_rows(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                      std::span<const std::uint32_t> ids, float log_others, const SearchTarget& target);

}  // namespace glissade
