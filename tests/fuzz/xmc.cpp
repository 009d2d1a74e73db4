// XMC text: "N D L", then "labels feature:value ...". The first byte chooses how small the pieces are that are parsed side by
// side.
#include <memory>

#include "datasets/parse.h"
#include "tests/datasets/soundness.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glissade;
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::size_t chunk = 1 + std::size_t{fuzz::take_byte(text)};
  // A copy of its own size: what is read beyond the end is seen.
  const auto copy = std::make_unique<char[]>(text.size());
  text.copy(copy.get(), text.size());
  const auto result = datasets::parse_dataset({copy.get(), text.size()}, "t.txt", {datasets::Format::xmc, {}, chunk});
  if (!result) {
    fuzz::require_one_line(result.error());
  } else {
    fuzz::require(datasets::testing::sound(result->view()), "accepted, but the data set is not sound");
  }
  return 0;
}
