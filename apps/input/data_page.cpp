#include "apps/input/data_page.h"

#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <glissade/options.h>

#include "apps/config/config_text.h"
#include "apps/console/numbers.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

std::string_view kind_text(const DataProfile& profile) {
  switch (profile.values) {
    case ValueKind::binary: return "all 1";
    case ValueKind::counts: return "counts";
    case ValueKind::normalised: return "weighted, rows of length 1";
    default: return "real numbers";
  }
}

std::string weighting_name(FeatureWeighting weighting) {
  Config config;
  config.network.weighting = weighting;
  return option_text(config, "weighting");
}

std::string part_of(std::uint64_t part, std::uint64_t all) {
  return fmt::format("{} ({} %)", grouped(part), percent(all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all), 1));
}

/// Whether equal ids seem to be one thing: there are far more, or far fewer, meetings than by chance.
std::string ids_text(const DataProfile& profile) {
  const auto met = static_cast<double>(profile.own_ids);
  return fmt::format("{} of the labels looked at are among the ids of their row's features, {:.0f} by chance",
                     grouped(profile.own_ids), profile.own_ids_by_chance) +
         (met == 0 && profile.own_ids_by_chance >= 20 ? ": equal ids may be the same thing" : "");
}

std::string outsized_text(const DataProfile& profile) {
  if (profile.outsized.empty()) return "none";
  const OutsizedFeature& first = profile.outsized.front();
  return fmt::format("{}; feature {} reaches {:.3g}, the median feature {:.3g}", grouped(profile.outsized.size()), first.feature,
                     first.largest, first.typical);
}

}  // namespace

std::string data_page(const std::string& path, const DatasetView& data, const DataProfile& profile) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) { text += fmt::format("{:<22} {}\n", name, value); };
  const WeightingChoice choice = choose_weighting(profile);
  const PresetChoice preset = choose_preset(data);
  line("data", path);
  line("rows", grouped(profile.rows));
  line("  without features", part_of(profile.rows_without_features, profile.rows));
  line("  without labels", part_of(profile.rows_without_labels, profile.rows));
  line("  repeat features", part_of(profile.repeated_inputs, profile.rows));
  line("  repeat all", part_of(profile.repeated_rows, profile.rows));
  line("features", fmt::format("{} in use of {}, {:.1f} a row", grouped(profile.features_used), grouped(data.feature_count),
                               profile.features_per_row));
  line("  values", fmt::format("{}{}", kind_text(profile), profile.negative ? ", some negative" : ""));
  line("  row length", fmt::format("{:.4g} (median)", profile.row_length));
  line("  outsized columns", outsized_text(profile));
  if (profile.label_features != 0) line("  labels among them", grouped(profile.label_features));
  line("labels", fmt::format("{} in use of {}, {:.1f} a row", grouped(profile.labels_used), grouped(data.label_count),
                             profile.labels_per_row));
  line("  with one row", part_of(profile.labels_with_one_row, profile.labels_used));
  line("  head", fmt::format("the most frequent 1 % of the labels are {} % of all", percent(profile.head_share, 1)));
  line("  ids", ids_text(profile));
  line("preset", fmt::format("{} ({})", preset.preset, preset.reason));
  line("weighting", fmt::format("{} ({})", weighting_name(choice.weighting), choice.reason));
  return text;
}

std::string data_json(const std::string& path, const DatasetView& data, const DataProfile& profile) {
  const WeightingChoice choice = choose_weighting(profile);
  const PresetChoice preset = choose_preset(data);
  nlohmann::ordered_json outsized = nlohmann::ordered_json::array();
  for (const OutsizedFeature& one : profile.outsized)
    outsized.push_back({{"feature", one.feature}, {"largest", one.largest}, {"typical", one.typical}});
  const nlohmann::ordered_json json = {{"data", path},
                                       {"rows", profile.rows},
                                       {"rows_without_features", profile.rows_without_features},
                                       {"rows_without_labels", profile.rows_without_labels},
                                       {"repeated_inputs", profile.repeated_inputs},
                                       {"repeated_rows", profile.repeated_rows},
                                       {"features", data.feature_count},
                                       {"features_used", profile.features_used},
                                       {"features_per_row", profile.features_per_row},
                                       {"values", kind_text(profile)},
                                       {"negative", profile.negative},
                                       {"row_length", profile.row_length},
                                       {"outsized", outsized},
                                       {"label_features", profile.label_features},
                                       {"labels", data.label_count},
                                       {"labels_used", profile.labels_used},
                                       {"labels_per_row", profile.labels_per_row},
                                       {"labels_with_one_row", profile.labels_with_one_row},
                                       {"head_share", profile.head_share},
                                       {"own_ids", profile.own_ids},
                                       {"own_ids_by_chance", profile.own_ids_by_chance},
                                       {"preset", preset.preset},
                                       {"weighting", weighting_name(choice.weighting)},
                                       {"weighting_reason", choice.reason}};
  return json.dump() + "\n";
}

std::string data_line(const DataProfile& profile) {
  std::string text = fmt::format("values are {}{}", kind_text(profile), profile.negative ? ", some negative" : "");
  if (profile.repeated_inputs != 0)
    text += fmt::format("; {} rows have the features of one before, {} of them its labels too",
                        part_of(profile.repeated_inputs, profile.rows), grouped(profile.repeated_rows));
  return text + fmt::format("; {} labels have one row", part_of(profile.labels_with_one_row, profile.labels_used));
}

std::string shared_line(const std::string& path, std::uint64_t rows, const SharedRows& shared) {
  if (shared.inputs == 0) return "";
  return fmt::format(
      "{}: {} rows have the features of a row that is trained on, {} of them its labels too; results on them say less",
      datasets::quoted(path), part_of(shared.inputs, rows), grouped(shared.rows));
}

}  // namespace glissade::apps
