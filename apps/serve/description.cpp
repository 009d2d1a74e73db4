#include "apps/serve/description.h"

#include <nlohmann/json.hpp>

#include "apps/serve/pages.h"

namespace glissade::apps {
namespace {

using nlohmann::json;

json reference(const char* schema) { return {{"$ref", std::string("#/components/schemas/") + schema}}; }

/// The columns of a model of texts, and no others.
void name_columns(const InputReader& reader, json& record) {
  const json field = record["additionalProperties"];
  for (const std::string& column : reader.columns()) record["properties"][column] = field;
  record["additionalProperties"] = false;
}

/// A vector of that many numbers in each form of an input, or alone.
void ask_for_vectors(std::uint32_t width, json& schemas) {
  const json number = schemas["Features"]["oneOf"][1]["properties"]["values"]["items"];
  schemas["Vector"] = {{"description", "Beside the features of the input."},
                       {"type", "array"},
                       {"items", number},
                       {"minItems", width},
                       {"maxItems", width}};
  schemas["Texts"] = schemas["Texts"]["oneOf"][1];  // a text alone brings none
  const auto ask = [](json& form) {
    form["properties"]["vector"] = reference("Vector");
    form["required"].push_back("vector");
  };
  ask(schemas["Texts"]);
  ask(schemas["Items"]);
  for (json& form : schemas["Features"]["oneOf"]) ask(form);
  json alone = {{"type", "object"}, {"additionalProperties", false}, {"required", json::array()}};
  ask(alone);
  json& input = schemas["Input"];
  if (!input.contains("oneOf")) input = {{"oneOf", {input}}};
  input["oneOf"].push_back(alone);
}

}  // namespace

std::string description_for(const ServedModel& model) {
  json all = json::parse(kOpenApi);
  json& schemas = all["components"]["schemas"];
  json& asked = all["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"];
  const InputReader& reader = *model.facts.reader;
  switch (reader.kind()) {
    case InputReader::Kind::texts:
      name_columns(reader, schemas["Record"]);
      schemas["Input"] = {{"oneOf", {reference("Texts"), reference("Features")}}};
      break;
    case InputReader::Kind::items: schemas["Input"] = {{"oneOf", {reference("Items"), reference("Features")}}}; break;
    case InputReader::Kind::ids: schemas["Input"] = reference("Features"); break;
  }
  if (const std::uint32_t width = model.snapshot.shape().vector_width; width != 0) ask_for_vectors(width, schemas);
  if (reader.kind() != InputReader::Kind::items) asked.erase("exclude_seen");
  if (!model.facts.best_threshold) asked["threshold"] = asked["threshold"]["oneOf"][0];
  return all.dump();
}

}  // namespace glissade::apps
