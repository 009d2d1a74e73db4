// Files as they are on disk: plain, gzip, Zstandard or zip by their first bytes, XMC inside.
#include "datasets/read.h"
#include "tests/datasets/soundness.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glissade;
  fuzz::single_threaded();
  const fuzz::InMemoryFile file(fuzz::as_text(data, size));
  const auto result = datasets::read_dataset(file.path(), {.use_cache = false});
  if (!result) {
    fuzz::require_one_line(result.error());
  } else {
    fuzz::require(datasets::testing::sound(result->view()), "accepted, but the data set is not sound");
  }
  return 0;
}
