#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "datasets/dataset.h"
#include "datasets/read.h"

namespace glissade::datasets {

struct ParseOptions {
  Format format = Format::xmc;
  IdBase id_base = IdBase::detect;
  std::size_t chunk_bytes = std::size_t{1} << 20;  ///< text per parallel task; results do not depend on it
  /// XMC: the header is "samples columns", and rows have no labels (one file of a pair, see xmc_pair.h).
  bool columns_only = false;
};

/// Parses a whole data set from memory, in parallel; `path` is for messages only. The text need not end in a newline. Whatever
/// the threads do, the error reported is the first in the text.
Result<Dataset> parse_dataset(std::string_view text, const std::string& path, const ParseOptions& options);

}  // namespace glissade::datasets
