#pragma once

#include <optional>

#include <glissade/result.h>

#include "bench/train/arguments.h"
#include "bench/train/json.h"
#include "datasets/dataset.h"

namespace glissade::bench {

/// What a run trains and evaluates on.
struct Data {
  std::optional<datasets::Dataset> train;
  std::optional<datasets::Dataset> test;
  Json reading;  ///< what reading the training file cost
};

/// Reads both files, or splits the one. With `time_text` the training file is parsed even if it is in the cache, so that
/// `reading` is the cost of the text; the cache is filled either way.
Result<Data> load_data(const Arguments& arguments, bool time_text);

/// Rows, D, L and means per row.
Json describe(const DatasetView& view);

}  // namespace glissade::bench
