#include <glissade/row_relations.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/relations/baskets.h"
#include "engine/relations/complementary.h"
#include "engine/relations/like_items.h"
#include "engine/relations/same_things.h"
#include "engine/relations/sibling_groups.h"
#include "engine/relations/similar_rows.h"

namespace glissade {
namespace {

constexpr std::uint32_t kFirstTables = 4;  ///< whether there are siblings at all
constexpr std::uint32_t kTables = 32;      ///< which they are: of pairs that are alike to a half all but one in 10,000 are met
constexpr std::uint64_t kFirstRows = 1 << 21;

void count_groups(RowRelations& relations) {
  std::vector<std::uint64_t> sorted = relations.groups;
  std::ranges::sort(sorted);
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    if (end - begin == 1) continue;
    ++relations.sibling_groups;
    relations.rows_with_siblings += end - begin;
  }
  if (relations.sibling_groups == 0) relations.groups.clear();
}

std::vector<std::uint64_t> find_siblings(const DatasetView& data) {
  std::vector<SimilarRows> similar;
  const std::uint64_t one_in = 1 + data.size() / kFirstRows;
  for (std::uint32_t table = 0; table < kFirstTables; ++table) add_similar_rows(data, table, one_in, similar);
  if (std::ranges::count(complementary_grades(data, similar), true) == 0) return {};
  for (std::uint32_t table = one_in == 1 ? kFirstTables : 0; table < kTables; ++table) add_similar_rows(data, table, 1, similar);
  const auto complementary = complementary_grades(data, similar);
  return join_siblings(data, std::move(similar), complementary);
}

RowRelations relate(const DatasetView& data, bool same_ids, std::vector<std::uint64_t> groups) {
  RowRelations relations;
  relations.same_ids = same_ids;
  relations.groups = std::move(groups);
  count_groups(relations);
  if (relations.groups.empty() || relations.same_ids) return relations;
  relations.feature_labels = find_same_things(data, relations.groups);
  relations.same_things = static_cast<std::uint64_t>(
      std::ranges::count_if(relations.feature_labels, [](std::uint32_t label) { return label != OwnLabels::kNone; }));
  return relations;
}

}  // namespace

RowRelations relate_rows(const DatasetView& data, std::vector<std::uint64_t> groups) {
  return relate(data, looks_like_items(data), std::move(groups));
}

RowRelations relate_rows(const DatasetView& data) {
  const bool same_ids = looks_like_items(data);
  return relate(data, same_ids, same_ids ? baskets(data, OwnLabels({}, data.label_count)) : find_siblings(data));
}

}  // namespace glissade
