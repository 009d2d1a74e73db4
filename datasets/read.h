#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>

#include "datasets/dataset.h"
#include "datasets/format.h"

namespace glissade::datasets {

struct ReadOptions {
  Format format = Format::xmc;
  bool use_cache = true;             ///< load from / write to the binary cache
  std::string cache_directory = {};  ///< empty: $GLISSADE_CACHE, else $XDG_CACHE_HOME/glissade, else ~/.cache/glissade
  IdBase id_base = IdBase::detect;   ///< libsvm only
};

/// What reading cost, for reports that separate it from training.
struct ReadReport {
  std::string labels_path;  ///< of a pair of files; else ""
  bool from_cache = false;
  std::uint64_t file_bytes = 0;  ///< as on disk
  std::uint64_t text_bytes = 0;  ///< after decompression (0 from the cache)
  double decompress_seconds = 0;
  double parse_seconds = 0;  ///< on all threads, wall time
  double total_seconds = 0;
  ReadFacts facts;
};

/// Reads a data set: XMC ("N D L", then "l1,l2 f:v f:v", ids from 0, labels may be missing) or multi-label libsvm (no header,
/// "l1,l2 f:v", feature ids from 1 by convention, D and L from the largest id), plain, .gz, .zst, .bz2 or .xz (told by content,
/// not by name). XMC may be a pair of files, one of features and one of labels, told by their names (xmc_pair.h). Parses in
/// parallel with oneTBB. Ids of a row come out in ascending order, whatever their order in the file. An empty line is a sample
/// without features and labels, except at the end, where it is ignored unless the header counts it. Comments
/// ('#' to the end of the line), 'qid:N' and a UTF-8 byte-order mark are skipped, values of a feature that a row names twice are
/// added up, a label named twice counts once: ReadReport counts each. Labels may be written 7, +7, 7.0 or 7e0.
/// Bad input gives one error naming 'file':line, the value and the remedy, always the first in the file; the file is never
/// changed. A cache that cannot be written does not fail the read.
Result<Dataset> read_dataset(const std::string& path, const ReadOptions& options = {}, ReadReport* report = nullptr);

}  // namespace glissade::datasets
