// Vectors in NumPy's .npy: what is accepted is a matrix of finite numbers that lies within the file.
#include <cmath>

#include "datasets/npy.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glissade;
  fuzz::single_threaded();
  const fuzz::InMemoryFile file(fuzz::as_text(data, size));
  const auto result = datasets::read_npy(file.path());
  const auto* read = fuzz::checked(result);
  if (read == nullptr) return 0;
  const DenseRows& rows = read->rows;
  fuzz::require(rows.width > 0 && rows.stride == rows.width && rows.places.empty(),
                "there are columns, one row behind the other");
  fuzz::require(rows.count <= size / (2 * std::size_t{rows.width}), "the file has room for all rows");
  for (std::size_t row = 0; row < rows.count; ++row) {
    for (const float number : rows.row(row)) fuzz::require(std::isfinite(number), "numbers are finite");
  }
  return 0;
}
