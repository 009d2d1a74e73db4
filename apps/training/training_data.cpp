#include "apps/training/training_data.h"

#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"
#include "datasets/split.h"

namespace glissade::apps {
namespace {

void train_on_all(TrainingData& data, datasets::Dataset whole, const std::string& path, const datasets::ReadReport& report) {
  data.train = whole.view();
  data.train_pager = whole.pager();
  data.owners.push_back(std::move(whole));
  data.events.push_back({"train", path, data.train, report});
}

void train_on_part(TrainingData& data, const datasets::Dataset& whole, const TrainingFiles& files,
                   const datasets::ReadReport& report, std::uint64_t seed) {
  auto [kept, held_out] = datasets::hold_out(whole.view(), files.holdout, seed);
  data.train = kept.view();
  data.validation = held_out.view();
  data.validation_path = files.train;
  data.owners.push_back(std::move(kept));
  data.owners.push_back(std::move(held_out));
  data.events.push_back({"train", files.train, data.train, report});
  data.events.push_back({"validation", files.train, *data.validation, {}});
}

}  // namespace

Result<TrainingData> read_training_data(const TrainingFiles& files, const DataOptions& options, std::uint64_t seed, bool quiet) {
  TrainingData data;
  datasets::ReadReport report;
  auto train = options.read(files.train, quiet ? "" : "training data", &report);
  if (!train) return train.error();
  if (files.holdout == 0) {
    train_on_all(data, std::move(*train), files.train, report);
  } else {
    train_on_part(data, *train, files, report, seed);
    if (!quiet)
      note(fmt::format("{} rows to train on, {} held out to evaluate on", grouped(data.train.size()),
                       grouped(data.validation->size())));
  }
  if (data.train.size() == 0)
    return runtime_error(fmt::format("{} holds no rows to train on; give it some", datasets::quoted(files.train)));
  if (!files.valid.empty()) {
    auto valid = options.read(files.valid, quiet ? "" : "validation data", &report);
    if (!valid) return valid.error();
    data.validation = valid->view();
    data.validation_path = files.valid;
    data.owners.push_back(std::move(*valid));
    data.events.push_back({"validation", files.valid, *data.validation, report});
  }
  if (files.test.empty()) return data;
  auto test = options.read(files.test, quiet ? "" : "test data", &report);
  if (!test) return test.error();
  data.events.push_back({"test", files.test, test->view(), report});
  if (data.validation) {
    data.test = test->view();
  } else {
    data.validation = test->view();
    data.validation_pager = test->pager();
    data.validation_path = files.test;
  }
  data.owners.push_back(std::move(*test));
  return data;
}

}  // namespace glissade::apps
