#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <glissade/model.h>
#include <glissade/pipeline.h>
#include <glissade/result.h>

#include "datasets/item_features.h"
#include "datasets/sequences.h"

namespace glissade::apps {

/// Which columns of a table of items say what.
struct ItemColumns {
  std::string key;  ///< the items' names, as the log has them
  PipelineOptions features;
};

/// A table of items (CSV, TSV, JSON lines) as features of them: part of Model::data_notes(), the names of the features behind
/// those of histories in Model::feature_names(). Words and categories that fewer than two of the items trained on have are none.
class ItemTable {
 public:
  /// Features are those of `items`, which are trained on; rows are those of all items of the table. Lines about it go to standard
  /// error unless `quiet`. Error on a record without its key, on a second one of an item, and where `items` get no features.
  static Result<ItemTable> fit(const std::string& path, ItemColumns columns, const std::vector<std::string>& items, bool quiet);
  /// Of a model that has one.
  static Result<std::optional<ItemTable>> of(const Model& model);

  /// Adds the items of another table, by its model's features; those that are known are replaced. Errors as above.
  Result<void> add(const std::string& path, bool quiet);

  /// For Model::data_notes() of a model that is trained on `items` items.
  std::string notes(std::size_t items) const;
  /// Of a table out of a model: the items it was trained on.
  std::size_t items() const noexcept { return items_; }
  const std::vector<std::string>& feature_names() const noexcept { return names_; }
  std::size_t features() const noexcept { return names_.size(); }

  /// `items` and then the items that the table alone has: what the items of a log are to be looked up in.
  std::vector<std::string> looked_up(const std::vector<std::string>& items) const;
  /// The row of an item, or ItemFeatures::kNoRow, in rows().
  std::uint32_t row_of(const std::string& item) const;
  const datasets::ItemFeatures& rows() const noexcept { return *weighed_; }
  /// Gives sequences, whose items were looked up, the features of each, and makes items unknown that are not among the first
  /// `known`. How many of the unknown ones have features.
  std::uint64_t describe(datasets::Sequences& sequences, std::size_t known) const;

 private:
  void take(const std::vector<std::string>& keys, const PipelineRows& counts);
  void weigh();

  ItemColumns columns_;
  std::size_t items_ = 0;
  std::vector<std::string> names_;  ///< of the features
  std::vector<std::string> keys_;   ///< in the order of the rows
  std::unordered_map<std::string, std::uint32_t> row_of_;
  datasets::ItemFeatures counts_;
  std::size_t fitted_rows_ = 0;  ///< how often features come is counted in these; rows that are added are behind them
  std::shared_ptr<const datasets::ItemFeatures> weighed_;
};

}  // namespace glissade::apps
