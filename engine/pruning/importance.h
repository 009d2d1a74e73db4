#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/impl.h"

namespace glissade::pruning {

/// How often each feature occurs among the samples that the model knows, or in the sparse rows of its labels where it knows none;
/// empty if it has neither.
std::vector<double> feature_counts(const Model::Impl& model);

/// Steps of rows that occur with these counts (empty: alike). A rare row may be told coarsely: few samples ask it. The square of
/// what rounding is off, times how often it is asked, is the same for all rows at power 0.5. Never more than kWidest times as
/// coarse or fine as the mean one.
std::vector<float> row_steps(const std::vector<double>& counts, std::size_t rows, double step, double power);

}  // namespace glissade::pruning
