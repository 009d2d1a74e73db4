#include "apps/training/sibling_rows.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/content_hash.h"
#include "datasets/groups.h"
#include "datasets/same_things.h"

namespace glissade::apps {
namespace {

constexpr std::uint32_t kTwice = 0xffffffffu;

/// Where each name stands; kTwice for those that stand twice.
std::unordered_map<std::string_view, std::uint32_t> places_of(const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, std::uint32_t> places;
  for (std::uint32_t place = 0; place < names.size(); ++place) {
    if (names[place].empty()) continue;
    const auto [entry, is_new] = places.try_emplace(names[place], place);
    if (!is_new) entry->second = kTwice;
  }
  return places;
}

std::string siblings_text(const RowRelations& relations, const DatasetView& data, bool named) {
  const std::string which = fmt::format("{} of {} rows have siblings, {} groups", grouped(relations.rows_with_siblings),
                                        grouped(data.size()), grouped(relations.sibling_groups));
  if (named) return which + "; whole groups are held out and kept for weighing the paths";
  return fmt::format("{}: {}; whole groups are held out and kept for weighing the paths (--sibling-rows none: rows are)", which,
                     relations.same_ids ? "folds of one basket" : "similar features, and labels that avoid each other");
}

}  // namespace

bool finds_siblings(const Config& config) noexcept {
  const bool weighs_paths = config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0;
  return weighs_paths && config.candidates.sibling_rows == SiblingRows::find;
}

bool may_find_siblings(const ConfigSource::Resolved& asked) noexcept {
  const auto is_off = [&](std::string_view option, std::uint32_t value) { return asked.names(option) && value == 0; };
  if (is_off("fan-in", asked.config.sparse_rows.fan_in) && is_off("neighbours", asked.config.candidates.neighbours)) return false;
  return !asked.names("sibling-rows") || asked.config.candidates.sibling_rows == SiblingRows::find;
}

std::uint64_t content_of(const std::vector<std::uint64_t>& groups) {
  return datasets::content_hash(groups.data(), groups.size() * sizeof(std::uint64_t)).low | 1;
}

std::vector<std::uint32_t> same_names(const std::vector<std::string>& labels, const std::vector<std::string>& features) {
  const std::unordered_map<std::string_view, std::uint32_t> label_of = places_of(labels), feature_of = places_of(features);
  std::vector<std::uint32_t> table(features.size(), RowRelations::kNoLabel);
  bool any = false;
  for (const auto& [name, label] : label_of) {
    const auto feature = feature_of.find(name);
    if (label == kTwice || feature == feature_of.end() || feature->second == kTwice) continue;
    table[feature->second] = label;
    any = true;
  }
  return any ? table : std::vector<std::uint32_t>();
}

void set_same_things(RowRelations& relations, std::vector<std::uint32_t> feature_labels) {
  relations.feature_labels = std::move(feature_labels);
  relations.same_things = relations.feature_labels.size() -
                          static_cast<std::size_t>(std::ranges::count(relations.feature_labels, RowRelations::kNoLabel));
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
