#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/explain.h>
#include <glissade/model.h>
#include <glissade/snapshot.h>

namespace glissade::apps {

/// What labels and features are called, of a model or of a snapshot; which must outlive it. Features of items are named as labels
/// (datasets/next_item_rows.h): `items` of them, before others, which have names of their own.
class ThingNames {
 public:
  ThingNames(const Model& model, bool items);
  ThingNames(const Snapshot& snapshot, std::uint32_t items) : snapshot_(&snapshot), items_(items) {}

  bool has_labels() const noexcept;
  bool has_features() const noexcept;
  bool are_items() const noexcept { return items_ > 0; }
  std::string label(std::uint32_t label) const;
  std::string feature(std::uint32_t feature) const;

 private:
  std::string_view label_name(std::uint32_t label) const noexcept;
  std::string_view feature_name(std::uint32_t feature) const noexcept;

  const Model* model_ = nullptr;  ///< one of the two
  const Snapshot* snapshot_ = nullptr;
  std::uint32_t items_ = 0;
};

/// Prints why a model's answers are its answers, for people and as JSON. Things are named where the model has names.
class ExplainedRow {
 public:
  explicit ExplainedRow(const ThingNames& names) : names_(names) {}

  /// A block of lines; `row` counts from 1.
  /// `user`: whose row it is, where rows have users.
  std::string text(std::uint64_t row, std::optional<std::string_view> user, const std::vector<LabelReasons>& answers) const;
  /// {"row":1,"answers":[...]}, one line; with a user {"row":1,"user":"anna","answers":[...]}.
  std::string json(std::uint64_t row, std::optional<std::string_view> user, const std::vector<LabelReasons>& answers) const;

  /// Why a label is an answer: {"score":..,"candidate":..,"base":..,"shares":{..},"features":[..],"neighbours":[..]}.
  std::string reasons_json(const LabelReasons& answer) const;

 private:
  void add_features(std::string& text, const LabelReasons& answer) const;
  void add_neighbour(std::string& text, const LabelReasons& answer, const LabelReasons::Neighbour& neighbour) const;

  ThingNames names_;
};

}  // namespace glissade::apps
