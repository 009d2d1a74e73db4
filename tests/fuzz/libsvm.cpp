// Multi-label libsvm text. The first byte chooses the base of ids and how small the pieces are that are parsed side by side.
#include <memory>

#include "datasets/parse.h"
#include "tests/datasets/soundness.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glissade;
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(text);
  const datasets::IdBase bases[] = {datasets::IdBase::detect, datasets::IdBase::zero, datasets::IdBase::one};
  const auto copy = std::make_unique<char[]>(text.size());
  text.copy(copy.get(), text.size());
  const datasets::ParseOptions options{datasets::Format::libsvm, bases[choice % 3], 1 + std::size_t{choice} / 3};
  const auto result = datasets::parse_dataset({copy.get(), text.size()}, "t.txt", options);
  if (!result) {
    fuzz::require_one_line(result.error());
  } else {
    fuzz::require(datasets::testing::sound(result->view()), "accepted, but the data set is not sound");
  }
  return 0;
}
