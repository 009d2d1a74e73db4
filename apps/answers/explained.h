#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/explain.h>
#include <glissade/model.h>

namespace glissade::apps {

/// Prints why a model's answers are its answers, for people and as JSON. Things are named where the model has names.
class ExplainedRow {
 public:
  /// `items`: features are items of sequences, named as labels (datasets/next_item_rows.h). `model` must outlive it.
  ExplainedRow(const Model& model, bool items) : model_(model), items_(items) {}

  /// A block of lines; `row` counts from 1.
  /// `user`: whose row it is, where rows have users.
  std::string text(std::uint64_t row, std::optional<std::string_view> user, const std::vector<LabelReasons>& answers) const;
  /// {"row":1,"answers":[...]}, one line; with a user {"row":1,"user":"anna","answers":[...]}.
  std::string json(std::uint64_t row, std::optional<std::string_view> user, const std::vector<LabelReasons>& answers) const;

 private:
  std::string label_name(std::uint32_t label) const;
  std::string feature_name(std::uint32_t feature) const;
  bool has_feature_names() const noexcept { return items_ || !model_.feature_names().empty(); }
  void add_features(std::string& text, const LabelReasons& answer) const;
  void add_neighbour(std::string& text, const LabelReasons& answer, const LabelReasons::Neighbour& neighbour) const;

  const Model& model_;
  bool items_;
};

}  // namespace glissade::apps
