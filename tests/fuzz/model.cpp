// Model files whose checksums are right whatever else is wrong. The first byte chooses between the short form of container.h and
// the bytes of a file, and what the model is loaded for. What loads must predict, and train, without harm.
#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/trainer.h>

#include <algorithm>
#include <vector>

#include "tests/fuzz/container.h"
#include "tests/fuzz/target.h"

namespace {

using namespace glissade;

/// Rows of the first and the last features of a model, one of them empty.
struct Rows {
  explicit Rows(std::uint32_t features, std::uint32_t labels) {
    offsets = {0, 0};
    for (const std::uint32_t id : {0u, 1u, features - 1}) {
      if (id < features && (ids.empty() || ids.back() < id)) ids.push_back(id);
    }
    offsets.push_back(ids.size());
    values.assign(ids.size(), 0.5f);
    label_ids.push_back(labels - 1);
  }
  DatasetView view(std::uint32_t features, std::uint32_t labels) const {
    return {features, labels, {offsets, ids, values}, {label_offsets, label_ids, {}}};
  }
  std::vector<std::uint64_t> offsets, label_offsets = {0, 0, 1};
  std::vector<std::uint32_t> ids, label_ids;
  std::vector<float> values;
};

/// A file may ask for more memory than a fuzzer should take, which is no fault of the reader's.
constexpr std::uint64_t kMostBytes = std::uint64_t{128} << 20;

void use(Model& model, bool train) {
  const std::uint32_t features = model.shape().features, labels = model.shape().labels;
  if (estimate_training_memory(model.config(), model.shape()).total() > kMostBytes) return;
  const Rows rows(features, labels);
  const DatasetView view = rows.view(features, labels);
  for (const Search search : {Search::exact, Search::lsh}) {
    const auto predicted = model.predict(view.features, {.k = 3, .search = search});
    if (!predicted) {
      fuzz::require_one_line(predicted.error());
      continue;
    }
    for (const std::uint32_t label : predicted->labels) {
      fuzz::require(label < labels || label == Predictions::kNoLabel, "a predicted label is one of the model's");
    }
  }
  if (!train) return;
  auto trainer = Trainer::create(model, 2);
  if (!trainer) return fuzz::require_one_line(trainer.error());
  if (const auto step = trainer->train_step(view); !step) fuzz::require_one_line(step.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view input = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(input);
  const bool train = (choice & 2) != 0;
  const fuzz::InMemoryFile file((choice & 1) != 0 ? fuzz::with_checksums(input) : fuzz::container_of(input));
  auto model = Model::load(file.path(), train ? LoadFor::training : LoadFor::inference);
  if (!model) {
    fuzz::require_one_line(model.error());
  } else {
    use(*model, train);
  }
  return 0;
}
