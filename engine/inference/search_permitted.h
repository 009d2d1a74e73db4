#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/model/impl.h"
#include "engine/search/search.h"

namespace glissade {

/// Whether so few labels are permitted that to score their rows one by one costs less than to look for the best of all rows.
bool are_few(std::size_t permitted, std::size_t labels) noexcept;

/// Answers each sample with the best of the rows `ids` (ascending). `log_sums`: of all labels' exponentials, by sample; read
/// where `target` wants probabilities of a softmax. In parallel over samples.
void search_permitted(const ParameterRows& rows, const Activations& hidden, std::span<const std::uint32_t> ids,
                      std::span<const float> log_sums, const SearchTarget& target);

/// Without sparse paths: likewise, where log_sums are those of a search `by` tables or codes. A sample of which that search finds
/// no label has no answer.
void search_few(Model::Impl& impl, Search by, const Activations& hidden, std::span<const std::uint32_t> ids,
                const SearchTarget& target);

}  // namespace glissade
