// Answers of other programs. The first byte says what is known of the data: their rows, their labels, whether these have names.
#include "datasets/answers.h"

#include <algorithm>
#include <vector>

#include "tests/fuzz/target.h"

namespace {

using namespace glissade;

void check(const datasets::Answers& answers, const datasets::AnsweredData& data) {
  fuzz::require(answers.offsets.size() == data.rows + 1 && answers.offsets.front() == 0, "each row has answers, or none");
  fuzz::require(answers.offsets.back() == answers.ids.size() && std::ranges::is_sorted(answers.offsets), "offsets ascend");
  std::uint64_t unknown = 0;
  for (std::size_t row = 0; row < data.rows; ++row) {
    std::vector<std::uint32_t> ids(answers.ids.begin() + static_cast<std::ptrdiff_t>(answers.offsets[row]),
                                   answers.ids.begin() + static_cast<std::ptrdiff_t>(answers.offsets[row + 1]));
    std::ranges::sort(ids);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == datasets::Answers::kUnknown) {
        ++unknown;
        continue;
      }
      fuzz::require(data.labels == 0 || ids[i] < data.labels, "a label is one of the data");
      fuzz::require(i == 0 || ids[i - 1] != ids[i], "a row has a label once");
    }
  }
  fuzz::require(unknown == answers.unknown, "unknown names are counted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(text);
  static const std::vector<std::string> names = {"a", "b c", "7", "a:1", "\"q\""};
  datasets::AnsweredData known;
  known.rows = choice % 4;
  known.path = "data";
  known.names_source = "names";
  if (choice & 4) known.names = &names;
  known.labels = known.names != nullptr ? static_cast<std::uint32_t>(names.size()) : (choice & 8) != 0 ? 9 : 0;
  known.may_be_ids = (choice & 16) != 0;
  const fuzz::InMemoryFile file(text);
  const auto read = datasets::read_answers(file.path(), known);
  if (const auto* answers = fuzz::checked(read)) check(*answers, known);
  return 0;
}
