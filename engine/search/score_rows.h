#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/search/search.h"

namespace glissade {

/// Scores the rows `ids` of one sample and answers with the best of them, of equal ones the lower. `log_others` is the log of the
/// sum of the exponentials of all labels that are not scored, -infinity where they shall count for nothing; the softmaxes read
/// it. Uses buffers of the thread.
void answer_from_rows(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                      std::span<const std::uint32_t> ids, float log_others, const SearchTarget& target);

/// The log of the sum of the exponentials of a sample's rows `ids` and of all others. Adds to `target.scored`.
float log_sum_of_rows(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                      std::span<const std::uint32_t> ids, float log_others, const SearchTarget& target);

/// Answers with the best of rows `ids`, which the filter permits, where `log_sum`, that of all labels, is known or
/// nobody asks for probabilities. Adds to `target.scored`.
void answer_from_permitted(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                           std::span<const std::uint32_t> ids, float log_sum, const SearchTarget& target);

}  // namespace glissade
