#pragma once

#include <glissade/result.h>
#include <glissade/views.h>

#include <cstdint>
#include <string>

#include "datasets/read.h"

namespace glissade::datasets {

struct WriteReport {
  std::uint64_t text_bytes = 0;
  std::uint64_t file_bytes = 0;  ///< less than the text when compressed
  double seconds = 0;
};

/// Writes a data set as text that read_dataset() reads back to the same ids and bit-identical values: XMC, or libsvm with feature
/// ids from 1 (which keeps no D and L: they come back as the largest ids). Compressed when the path ends in .zst or .gz. The file
/// appears whole or not at all; "-" is standard output. Formats in parallel; memory does not grow with the data set. Fails on a
/// value that is not finite and where the file cannot be written.
Result<WriteReport> write_dataset(const DatasetView& view, const std::string& path, Format format = Format::xmc);

}  // namespace glissade::datasets
