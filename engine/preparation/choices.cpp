#include <utility>

#include <fmt/format.h>

#include <glissade/options.h>
#include <glissade/preparation.h>
#include <glissade/tuning.h>

namespace glissade {

Result<std::string> settle_tables(Config& config, const Shape& shape, bool same_things, std::uint32_t ranks) {
  if (auto valid = validate(config, shape, same_things); !valid) return valid.error();
  std::string tuned = tune_tables(config, shape);
  if (auto enough = check_memory(estimate_training_memory(config, shape, ranks)); !enough) return enough.error();
  return tuned;
}

std::string settle_weighting(ResolvedConfig& asked, bool has_former, DataProfile data, bool has_words) {
  FeatureWeighting& weighting = asked.config.network.weighting;
  if (!has_former && !asked.names("weighting")) weighting = FeatureWeighting::automatic;
  if (weighting != FeatureWeighting::automatic) return "";
  // Where ids tell nothing, whoever asks for exclude-input says that features and labels are the same things.
  data.same_things |= asked.config.candidates.exclude_input;
  // Numbers among the words hide that these are counts.
  const WeightingChoice choice =
      has_words ? WeightingChoice{FeatureWeighting::tf_idf, "features are words, which get log and idf, rows length 1"}
                : choose_weighting(data);
  weighting = choice.weighting;
  const bool given = weighting == FeatureWeighting::given;
  return fmt::format("weighting {}: {}{}", option_text(asked.config, "weighting"), choice.reason,
                     given ? "" : "; --weighting given takes values as they are");
}

PresetChoice history_preset() { return {"next-item", "the rows are items in the order of time"}; }

PresetChoice set_preset() { return {"items", "the rows are items of sets"}; }

bool settle_exclusion(ResolvedConfig& asked) noexcept {
  if (asked.names("exclude-input")) return false;
  asked.config.candidates.exclude_input = true;
  return true;
}

void settle_history_weighting(Config& config) noexcept {
  if (config.network.weighting == FeatureWeighting::automatic) config.network.weighting = FeatureWeighting::given;
}

NamesAsRows names_as_rows(const NameFeatures& names, const DatasetView& data, const RowPager* pager, bool always) {
  NamesAsRows found{names.labels(), name_evidence(names, data, pager), {}};
  if (always || found.evidence.tells()) found.rows = name_rows(names, data, pager);
  return found;
}

}  // namespace glissade
