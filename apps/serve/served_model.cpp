#include "apps/serve/served_model.h"

#include <utility>

#include <glissade/calibration.h>

#include "apps/input/sequence_options.h"

namespace glissade::apps {

Result<ModelFacts> ModelFacts::of(const Model& model) {
  auto reader = InputReader::of(model);
  if (!reader) return reader.error();
  ModelFacts facts;
  facts.reader = std::move(*reader);
  facts.has_label_names = !model.label_names().empty();
  facts.never_answers_seen = apps::never_answers_seen(model);
  facts.best_threshold = glissade::best_threshold(model);
  return facts;
}

Result<ServedHandle> serve_model(std::shared_ptr<Model> model, std::uint64_t version) {
  auto facts = ModelFacts::of(*model);
  if (!facts) return facts.error();
  return ServedHandle(
      std::make_shared<const ServedModel>(ServedModel{Snapshot::sharing(std::move(model)), std::move(*facts), version}));
}

Result<ServedHandle> load_served(const std::string& path, std::uint64_t version) {
  auto model = Model::load(path);
  if (!model) return model.error();
  auto facts = ModelFacts::of(*model);
  if (!facts) return facts.error();
  return ServedHandle(
      std::make_shared<const ServedModel>(ServedModel{Snapshot::of(std::move(*model)), std::move(*facts), version}));
}

}  // namespace glissade::apps
