// Sequences of items, and the rows that are made of them. The first byte chooses the reader and the rules.
#include "datasets/corpus.h"
#include "datasets/next_item_rows.h"
#include "datasets/sequences.h"
#include "tests/fuzz/target.h"

namespace {

using namespace glissade;
using fuzz::checked;

void check_sequences(const datasets::Sequences& s, bool known) {
  fuzz::require(s.offsets.front() == 0 && s.offsets.back() == s.items.size(), "offsets reach from the first item to the last");
  fuzz::require(s.groups.size() == s.size(), "each line has a group");
  std::uint64_t unknown = 0;
  for (std::size_t i = 0; i < s.size(); ++i) fuzz::require(s.offsets[i] <= s.offsets[i + 1], "offsets ascend");
  for (const std::uint32_t item : s.items) {
    fuzz::require(item < s.names.size() + (known ? 1 : 0), "an item has a name");
    unknown += item == s.names.size() ? 1 : 0;
  }
  fuzz::require(unknown == s.unknown, "unknown items are counted");
  for (const std::string& name : s.names) fuzz::require(datasets::utf8_end(name) == name.size(), "names are UTF-8");
}

void check_rows(const Result<datasets::NextItemRows>& made, std::size_t items) {
  const auto* rows = checked(made);
  if (rows == nullptr) return;
  const DatasetView& view = rows->data.view();
  fuzz::require(view.size() > 0 && view.feature_count == 2 * items, "there are rows, with two features an item");
  for (std::size_t row = 0; row < view.size(); ++row) {
    const auto ids = view.features.row_ids(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      fuzz::require(ids[i] < view.feature_count && (i == 0 || ids[i - 1] < ids[i]), "features ascend below D");
    }
    fuzz::require(view.labels.row_ids(row).size() == 1 && view.labels.row_ids(row)[0] < view.label_count, "one label below L");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(text);
  const fuzz::InMemoryFile file(text);
  const bool known = choice % 4 == 3;
  const auto read = known ? datasets::read_sequences(file.path(), std::vector<std::string>{"a", "b", "7"}, choice % 8 == 7)
                          : datasets::read_sequences(file.path(), static_cast<datasets::LineKey>(choice % 4));
  const auto* sequences = checked(read);
  if (sequences == nullptr) return 0;
  check_sequences(*sequences, known);
  const datasets::HistoryRules rules{0.5, 1u + choice / 32u};
  check_rows(datasets::last_rows(*sequences, rules, 1u + choice / 128u, file.path()), sequences->names.size());
  if (!known) check_rows(datasets::prefix_rows(*sequences, rules, choice / 64u, file.path()), sequences->names.size());
  return 0;
}
