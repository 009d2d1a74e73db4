// Files as they are on disk: plain, packed or an archive by their first bytes, XMC inside; of an archive also a file by name.
#include "datasets/read.h"
#include "tests/datasets/soundness.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glissade;
  fuzz::single_threaded();
  const fuzz::InMemoryFile file(fuzz::as_text(data, size));
  for (const char* const member : {"", ":train.txt"}) {
    const auto result = datasets::read_dataset(file.path() + member, {.use_cache = false});
    if (!result) {
      fuzz::require_one_line(result.error());
    } else {
      fuzz::require(datasets::testing::sound(result->view()), "accepted, but the data set is not sound");
    }
  }
  return 0;
}
