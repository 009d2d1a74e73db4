#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <glissade/model.h>
#include <glissade/pipeline.h>
#include <glissade/result.h>
#include <glissade/snapshot.h>
#include <glissade/views.h>

#include "apps/input/item_table.h"
#include "datasets/next_item_rows.h"

namespace glissade::apps {

/// Rows of features that a request is made of, and their vectors where the model takes some.
struct InputRows {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  std::vector<std::uint64_t> seen_offsets = {0};
  std::vector<std::uint32_t> seen;  ///< the items of each row, as labels
  std::uint64_t unknown = 0;        ///< words, items and features that the model does not know
  bool keeps_words = false;         ///< whether those words are kept, by the names that they would have as features:
  std::vector<std::uint64_t> word_offsets = {0};
  std::vector<std::string> words;
  std::uint32_t vector_width = 0;  ///< 0: the model takes none
  std::vector<float> vectors;      ///< [rows x vector_width]

  std::size_t size() const noexcept { return offsets.size() - 1; }
  SparseRows view() const noexcept { return {offsets, ids, values}; }
  DenseRows vector_view() const noexcept { return {vectors.data(), vector_width, vector_width, size()}; }
  glissade::InputRows inputs() const noexcept { return {view(), vector_view()}; }
  SparseRows seen_view() const noexcept { return {seen_offsets, seen, {}}; }
};

/// Makes rows of the inputs of requests, as the model's training data were read. Immutable; const members are thread-safe.
class InputReader {
 public:
  /// What a model was trained on.
  enum class Kind { ids, texts, items };

  /// Copies what it needs of `model`.
  static Result<std::shared_ptr<const InputReader>> of(const Model& model);

  Kind kind() const noexcept { return kind_; }
  /// Items that a model of items was trained on: a feature each, and in an order a second one as the last of the row.
  std::uint32_t items() const noexcept { return items_; }
  /// The columns of a model of texts.
  const std::vector<std::string>& columns() const noexcept { return columns_; }

  /// Appends one row: {"text":"..."} or {"text":{"column":"..."}}, a text alone, {"items":[...]}, {"features":{"12":0.5}}, or
  /// {"ids":[...],"values":[...]}. With a model that takes vectors each but the text alone has a field "vector":[...] more, which
  /// may be the only one. `what` names it in messages. An error leaves `rows` unusable.
  Result<void> add(const nlohmann::json& input, const Snapshot& snapshot, const std::string& what, InputRows& rows) const;

 private:
  InputReader() = default;
  Result<void> add_features_of(const nlohmann::json& input, const Snapshot& snapshot, const std::string& what,
                               InputRows& rows) const;
  Result<void> add_text(const nlohmann::json& text, const Snapshot& snapshot, const std::string& what, InputRows& rows) const;
  Result<void> add_items(const nlohmann::json& items, const Snapshot& snapshot, const std::string& what, InputRows& rows) const;
  Result<void> add_features(const nlohmann::json& features, const Snapshot& snapshot, const std::string& what,
                            InputRows& rows) const;
  Result<void> add_ids(const nlohmann::json& input, const Snapshot& snapshot, const std::string& what, InputRows& rows) const;

  Kind kind_ = Kind::ids;
  std::vector<std::string> columns_;
  std::vector<std::string> names_;  ///< of the features of texts; the pipeline looks at them
  std::optional<Pipeline> pipeline_;
  datasets::HistoryRules rules_;
  std::optional<ItemTable> table_;
  std::vector<std::uint32_t> item_rows_;  ///< of the table, for each of items_
  std::uint32_t items_ = 0;               ///< that the model was trained on
  std::uint32_t first_id_ = 0;            ///< of a feature in the files that it was trained on
};

/// A label as a request names it: a name, or an id. Nothing where the model does not have it. An error where it is neither.
Result<std::optional<std::uint32_t>> label_of(const nlohmann::json& label, const Snapshot& snapshot, const std::string& what);

/// "a number", "a list": what stands where something else belongs.
std::string kind_of(const nlohmann::json& value);

}  // namespace glissade::apps
