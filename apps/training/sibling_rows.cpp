#include "apps/training/sibling_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <glissade/preparation.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/content_hash.h"
#include "datasets/groups.h"
#include "datasets/same_things.h"

namespace glissade::apps {
namespace {

std::string siblings_text(const RowRelations& relations, const DatasetView& data, bool named) {
  const std::string which = fmt::format("{} of {} rows have siblings, {} groups", grouped(relations.rows_with_siblings),
                                        grouped(data.size()), grouped(relations.sibling_groups));
  if (named) return which + "; whole groups are held out and kept for weighing the paths";
  return fmt::format("{}: {}; whole groups are held out and kept for weighing the paths (--sibling-rows none: rows are)", which,
                     relations.same_ids ? "folds of one basket" : "similar features, and labels that avoid each other");
}

}  // namespace

std::uint64_t content_of(const std::vector<std::uint64_t>& groups) {
  return datasets::content_hash(groups.data(), groups.size() * sizeof(std::uint64_t)).low | 1;
}

Result<RowRelations> relations_of(const DatasetView& data, const std::string& path, const RelationSettings& settings, bool quiet,
                                  const std::vector<bool>& left_out) {
  RowRelations relations;
  if (!settings.groups_file.empty()) {
    auto groups = datasets::read_groups(settings.groups_file, left_out.empty() ? data.size() : left_out.size(), path);
    if (!groups) return groups.error();
    std::size_t row = 0;
    if (!left_out.empty()) std::erase_if(*groups, [&](std::uint64_t) { return left_out[row++]; });
    relations = relate_rows(data, std::move(*groups));
    if (!settings.find) relations.feature_labels.clear();
  } else if (settings.find) {
    relations = relate_rows(data);
  }
  if (!settings.same_things_file.empty()) {
    auto table = datasets::read_same_things(settings.same_things_file, data.label_count, data.feature_count);
    if (!table) return table.error();
    set_same_things(relations, std::move(*table));
  }
  if (!quiet && !relations.groups.empty()) note(siblings_text(relations, data, !settings.groups_file.empty()));
  return relations;
}

}  // namespace glissade::apps
