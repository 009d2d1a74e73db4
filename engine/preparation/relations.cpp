#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <glissade/options.h>
#include <glissade/preparation.h>

namespace glissade {
namespace {

constexpr std::uint32_t kTwice = 0xffffffffu;

/// Where each name stands; kTwice for those that stand twice.
std::unordered_map<std::string_view, std::uint32_t> places_of(std::span<const std::string> names) {
  std::unordered_map<std::string_view, std::uint32_t> places;
  for (std::uint32_t place = 0; place < names.size(); ++place) {
    if (names[place].empty()) continue;
    const auto [entry, is_new] = places.try_emplace(names[place], place);
    if (!is_new) entry->second = kTwice;
  }
  return places;
}

}  // namespace

bool finds_siblings(const Config& config) noexcept {
  const bool weighs_paths = config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0;
  return weighs_paths && config.candidates.sibling_rows == SiblingRows::find;
}

bool may_find_siblings(const ResolvedConfig& asked) noexcept {
  const auto is_off = [&](std::string_view option, std::uint32_t value) { return asked.names(option) && value == 0; };
  if (is_off("fan-in", asked.config.sparse_rows.fan_in) && is_off("neighbours", asked.config.candidates.neighbours)) return false;
  return !asked.names("sibling-rows") || asked.config.candidates.sibling_rows == SiblingRows::find;
}

std::vector<std::uint32_t> same_names(std::span<const std::string> labels, std::span<const std::string> features) {
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

void relate_names(const ResolvedConfig& asked, const DatasetView& data, std::span<const std::string> labels,
                  std::span<const std::string> features, RowRelations& relations) {
  if (relations.same_ids || !relations.feature_labels.empty()) return;
  if (labels.empty() || features.empty()) return;
  std::vector<std::uint32_t> table = same_names(labels, features);
  if (table.empty()) return;
  if (asked.config.candidates.exclude_input || choose_preset(data, table).preset == "items")
    set_same_things(relations, std::move(table));
}

void add_lone_rows(std::vector<std::uint64_t>& groups, std::size_t count) {
  const std::uint64_t last = *std::ranges::max_element(groups);
  for (std::uint64_t i = 1; i <= count; ++i) groups.push_back(last + i);
}

}  // namespace glissade
