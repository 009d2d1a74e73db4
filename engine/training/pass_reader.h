#pragma once

#include <cstddef>
#include <memory>

#include <glissade/row_pager.h>

#include "engine/batches/window_reader.h"
#include "engine/model/impl.h"
#include "engine/training/step.h"

namespace glissade {

/// What reads the rows of the pass under way ahead of its steps, those that `step` goes through on this rank, of `rows` in all;
/// null unless blocks are read one after another. All must outlive it, and the pass's order must stay as it is.
std::unique_ptr<WindowReader> pass_reader(const Model::Impl& model, const RowPager* pager, std::size_t rows,
                                          const TrainingStep& step);

}  // namespace glissade
