#pragma once

#include <glissade/result.h>
#include <glissade/views.h>

#include <memory>
#include <string>

namespace glissade::datasets {

/// Vectors of a file, and what keeps their memory.
struct DenseFile {
  DenseRows rows;
  std::shared_ptr<const void> owner;
};

/// Reads NumPy's .npy (numpy.save): a matrix of float32, mapped where it lies, or of float16, a copy in floats; little-endian, in
/// C order, not compressed. All numbers must be finite. Fails with one line naming the file, what is wrong and the remedy.
/// O(size), on all threads of the calling arena.
Result<DenseFile> read_npy(const std::string& path);

}  // namespace glissade::datasets
