#pragma once

#include <cstdint>
#include <string>

#include <glissade/result.h>

#include "datasets/dataset.h"

namespace glissade::datasets {

enum class Format { xmc, libsvm };

struct ReadOptions {
  Format format = Format::xmc;
  bool use_cache = true;        ///< load from / write to the binary cache
  std::string cache_directory;  ///< empty: $GLISSADE_CACHE, else $XDG_CACHE_HOME/glissade, else ~/.cache/glissade
};

/// What reading cost, for reports that separate it from training.
struct ReadReport {
  bool from_cache = false;
  std::uint64_t file_bytes = 0;  ///< as on disk
  std::uint64_t text_bytes = 0;  ///< after decompression (0 from the cache)
  double decompress_seconds = 0;
  double parse_seconds = 0;  ///< on all threads, wall time
  double total_seconds = 0;
};

/// Reads a data set: XMC ("N D L", then "l1,l2 f:v f:v", ids from 0, labels may be missing) or multi-label libsvm (no header, "l1,l2 f:v",
/// feature ids from 1 by convention, D and L from the largest id), plain, .gz or .zst (told by content, not by name). Parses in parallel with
/// oneTBB. Bad input gives one error naming 'file':line, the value and the remedy; the file is never changed. A cache that cannot be written
/// does not fail the read.
Result<Dataset> read_dataset(const std::string& path, const ReadOptions& options = {}, ReadReport* report = nullptr);

}  // namespace glissade::datasets
