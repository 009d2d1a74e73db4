// Bodies of requests, as `glissade serve` gets them from anybody. The first byte chooses the model and the route. What is
// accepted fits the model.
#include <cmath>

#include <glissade/model.h>
#include <glissade/pipeline.h>

#include "apps/input/record_options.h"
#include "apps/input/sequence_options.h"
#include "apps/serve/requests.h"
#include "tests/fuzz/target.h"

namespace {

using namespace glissade;
using apps::InputRows;

constexpr std::uint8_t kTakesVectors = 72;  ///< first bytes from here on choose the model that takes vectors

const std::vector<std::string> kLabels = {"a", "b", "c d", "e"};

Model model_of(std::uint32_t features, std::vector<std::string> feature_names, std::string notes,
               std::uint32_t vector_width = 0) {
  Config config;
  config.network.hidden = {4};
  auto model = Model::create(config, {features, static_cast<std::uint32_t>(kLabels.size()), vector_width});
  fuzz::require(model.ok() && model->set_label_names(kLabels).ok() && model->set_feature_names(std::move(feature_names)).ok(),
                "a small model can be made");
  model->set_data_notes(std::move(notes));
  return std::move(*model);
}

apps::ServedModel served(Model model) {
  auto facts = apps::ModelFacts::of(model);
  fuzz::require(facts.ok(), "what is known of a small model");
  return {Snapshot::of(std::move(model)), std::move(*facts)};
}

apps::ServedModel model_of_texts(std::uint32_t vector_width = 0) {
  apps::RecordNotes notes;
  notes.columns.features.columns = {
      {"t", ColumnKind::text, 0, 1}, {"c", ColumnKind::categories, 0, 1}, {"n", ColumnKind::numbers, 0, 1}};
  return served(model_of(5, {"red", "blue", "hat", "c=x", "n="}, notes.text(), vector_width));
}

apps::ServedModel model_of_items() { return served(model_of(8, {}, apps::SequenceNotes().text())); }
apps::ServedModel model_of_ids() { return served(model_of(20, {}, "format libsvm\nid-base one\n")); }

void check_rows(const InputRows& rows, const apps::ServedModel& model) {
  const std::uint32_t features = model.snapshot.shape().features;
  fuzz::require(rows.offsets.back() == rows.ids.size() && rows.ids.size() == rows.values.size() &&
                    rows.seen_offsets.size() == rows.offsets.size() && rows.seen_offsets.back() == rows.seen.size(),
                "rows fit together");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::uint64_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i)
      fuzz::require(rows.ids[i] < features && (i == rows.offsets[row] || rows.ids[i - 1] < rows.ids[i]),
                    "features ascend below their number");
  }
  const std::uint32_t width = model.snapshot.shape().vector_width;
  fuzz::require(rows.vectors.size() == rows.size() * width && (rows.size() == 0 || rows.vector_width == width),
                "each row has a vector where the model takes some");
  for (const float number : rows.vectors) fuzz::require(std::isfinite(number), "numbers of vectors are finite");
  for (const std::uint32_t label : rows.seen) fuzz::require(label < kLabels.size(), "items are labels");
}

void check_predict(std::string_view body, const apps::ServedModel& model) {
  const auto request = apps::read_predict(body, model);
  const auto* read = fuzz::checked(request);
  if (read == nullptr) return;
  check_rows(read->rows, model);
  fuzz::require(read->k >= 1 && read->k <= 1000 && (!read->filter || read->filter->permitted() > 0),
                "there is something to answer");
}

void check_score(std::string_view body, const apps::ServedModel& model) {
  const auto request = apps::read_score(body, model);
  const auto* read = fuzz::checked(request);
  if (read == nullptr) return;
  check_rows(read->rows, model);
  fuzz::require(read->offsets.size() == read->rows.size() + 1 && read->offsets.back() == read->candidates.size(),
                "each row has its candidates");
  for (const std::uint32_t label : read->candidates) fuzz::require(label < kLabels.size(), "candidates are labels");
}

void check_learn(std::string_view body, const apps::ServedModel& model) {
  const auto request = apps::read_learn(body, model);
  const auto* read = fuzz::checked(request);
  if (read == nullptr) return;
  check_rows(read->rows, model);
  fuzz::require(read->labels.size() == read->rows.size(), "each event has its labels");
  for (const auto& labels : read->labels) {
    fuzz::require(!labels.ids.empty() || !labels.names.empty(), "an event has labels");
    for (const std::uint32_t label : labels.ids) fuzz::require(label < kLabels.size(), "numbers of labels are labels");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  static const apps::ServedModel models[] = {model_of_texts(), model_of_items(), model_of_ids(), model_of_texts(2)};
  std::string_view body = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(body);
  const apps::ServedModel& model = models[choice < kTakesVectors ? choice % 3 : 3];
  switch (choice / 3 % 3) {
    case 0: check_predict(body, model); break;
    case 1: check_score(body, model); break;
    default: check_learn(body, model);
  }
  return 0;
}
