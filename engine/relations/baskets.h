#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <glissade/views.h>

#include "engine/relations/own_labels.h"

namespace glissade {

/// The same for all samples whose features and labels are together the same things, and by chance for no others. Data of items
/// that go with items are made by splitting a basket into what is given and what is asked for, often several times over; such
/// samples tell each other's labels, so what is learned from one must not be judged by another. A feature counts as the label
/// that it is, others as themselves.
std::uint64_t basket_of(const DatasetView& data, std::size_t row, const OwnLabels& own) noexcept;

/// basket_of() of each row. In parallel.
std::vector<std::uint64_t> baskets(const DatasetView& data, const OwnLabels& own);

}  // namespace glissade
