#pragma once

#include <cstdint>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

namespace glissade {

/// How the rows of a data set relate to each other, and its labels to its features.
struct RowRelations {
  static constexpr std::uint32_t kNoLabel = 0xffffffffu;

  /// DatasetView::groups: siblings have equal numbers. Empty: no row has siblings.
  std::vector<std::uint64_t> groups;
  std::uint64_t sibling_groups = 0;      ///< of more than one row
  std::uint64_t rows_with_siblings = 0;  ///< in these
  /// The table for Model::create(): by feature the label that is the same thing, or kNoLabel. Empty: features and labels are
  /// different things, or the same ones under equal ids.
  std::vector<std::uint32_t> feature_labels;
  std::uint64_t same_things = 0;  ///< labels in that table
  bool same_ids = false;          ///< features and labels are the same things under equal ids
};

/// Finds rows that are parts of one thing whose labels were dealt out among them, as the folds of a basket: features alike,
/// labels that avoid each other, more than chance would explain. Rows that are alike and share labels are no siblings: new rows
/// will have such neighbours, too. Where siblings show that labels are features under other ids, finds which; see
/// engine/relations. Without evidence the result is empty. The view must be legal (check: Trainer::train_epoch).
///
/// A function of the rows alone, for any number of threads. Costs hashes of all features in 4 tables, 32 where there is evidence,
/// and 16 bytes per row; uses the threads of the calling arena. Throws std::bad_alloc.
RowRelations relate_rows(const DatasetView& data);

/// One number for each row of set_rows() (histories.h): equal for parts of one set, and of equal sets. Features that are no items
/// are passed over. In parallel.
std::vector<std::uint64_t> groups_of_sets(const DatasetView& data);

/// relate_rows() with groups that are known already, one number per row: finds same things alone.
RowRelations relate_rows(const DatasetView& data, std::vector<std::uint64_t> groups);

}  // namespace glissade
