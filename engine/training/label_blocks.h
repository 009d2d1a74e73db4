#pragma once

#include <cstdint>
#include <vector>

#include "engine/parameters/parameter_rows.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// An order of labels in which those with similar rows lie side by side, such that each block of `block` labels is about a
/// cluster. `rows`: a vector for each label, such as the mean of its samples. A function of these, for any number of threads. In
/// parallel; about 200 multiplications a weight. Of no use once `monitor` is stopped.
std::vector<std::uint32_t> similar_side_by_side(const ParameterRows& rows, std::size_t block, WorkMonitor& monitor);

}  // namespace glissade
