#pragma once

#include <glissade/result.h>

#include <string>

#include "datasets/mapped_file.h"

namespace glissade::datasets {

/// A data file as a user names it.
struct Source {
  MappedFile file;
  std::string member = {};  ///< of an archive; "" where none is named
};

/// Opens `path`: a file, "-" for standard input, or 'archive.zip:name' for one file of an archive (zip or tar, packed or not),
/// where no file is called so.
/// Fails as MappedFile::open() does, to which `place` goes.
Result<Source> open_source(const std::string& path, const SpillPlace& place = {});

/// The file on disk that open_source() opens: the archive of 'archive.zip:name', else `path`.
std::string source_file(const std::string& path);

}  // namespace glissade::datasets
