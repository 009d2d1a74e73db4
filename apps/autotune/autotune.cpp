#include "apps/autotune/autotune.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <glissade/autotune.h>
#include <glissade/options.h>

#include "apps/autotune/search.h"
#include "apps/autotune/tuning_rows.h"
#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/content_hash.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

/// Options that a model file keeps: the others concern the machine, and may be others when a search goes on.
std::vector<Setting> of_the_model(const std::vector<Setting>& settings) {
  std::vector<Setting> kept;
  for (const Setting& setting : settings) {
    const auto option = std::ranges::find_if(options(), [&](const Option& one) { return one.is_called(setting.name); });
    if (option == options().end() || option->stored) kept.push_back({setting.name, setting.text, ""});
  }
  return kept;
}

bool are_equal(const std::vector<Setting>& one, const std::vector<Setting>& other) {
  return std::ranges::equal(one, other, [](const Setting& a, const Setting& b) { return a.name == b.name && a.text == b.text; });
}

Error other_than(const TrainOptions& options, std::string_view what) {
  return usage_error(
      fmt::format("--resume: the search {} was begun with other {}; leave them out, or start it anew without --resume",
                  datasets::quoted(SearchState::path_for(options.model)), what));
}

std::uint64_t content_of_data(const TrainOptions& options, const TrainingData& data) {
  const std::vector<std::uint64_t> all = {fingerprint(data.train), content_of(data.relations.groups),
                                          options.files.has_validation() ? fingerprint(*data.validation) : 0};
  return content_of(all);
}

SearchScope scope_of(const AutotuneStart& start, const DataProfile& profile) {
  SearchScope scope;
  scope.preset = start.chosen_preset;
  scope.values = profile.values;
  for (const Option& option : options()) {
    if (std::ranges::any_of(start.usual.named, [&](const std::string& name) { return option.is_called(name); }))
      scope.fixed.emplace_back(option.name);
  }
  // With values as they are given, labels among the features would win on any rows that are held out.
  if (profile.label_features != 0) scope.fixed.emplace_back("weighting");
  return scope;
}

/// A preset of its own keeps what the data chose: the weighting.
Result<ConfigSource::Resolved> resolved(const TrainOptions& options, const AutotuneStart& start, const Candidate& candidate) {
  ConfigSource::Resolved asked = start.usual;
  if (!candidate.preset.empty()) {
    auto other = options.config.resolve_from(candidate.preset);
    if (!other) return other;
    asked = std::move(*other);
    asked.config.network.weighting = start.usual.config.network.weighting;
  }
  for (const auto& [name, text] : candidate.settings) {
    if (auto done = set_option(asked.config, name, text); !done) return done.error();
  }
  return asked;
}

Result<void> begin(const TrainOptions& options, const AutotuneStart& start, const TrainingData& data, SearchState& state) {
  const std::uint64_t content = content_of_data(options, data);
  const std::string config = to_text(start.usual.config);
  if (options.goes_on_searching) {
    if (state.data != content) {
      return runtime_error(
          fmt::format("--resume: the search {} was begun with other rows; give those, or start it anew without "
                      "--resume",
                      datasets::quoted(SearchState::path_for(options.model))));
    }
    if (state.config != config) return other_than(options, "options");
    return {};
  }
  auto settings = options.config.given_settings();
  if (!settings) return settings.error();
  state.minutes = options.autotune;
  state.monitor = options.settings.monitor.metric;
  state.patience = options.settings.monitor.patience;
  state.min_delta = options.settings.monitor.min_delta;
  state.holdout = options.files.holdout;
  state.holdout_last = options.files.holdout_last;
  state.preset = options.config.preset_name();
  state.settings = of_the_model(*settings);
  state.config = config;
  state.data = content;
  return {};
}

Result<Model> model_to_try(const Config& config, const TuningData& data) {
  const DatasetView& rows = data.rows.train;
  const bool excludes = config.candidates.exclude_input;
  auto model = Model::create(config, {rows.feature_count, rows.label_count, rows.vectors.width},
                             excludes ? data.rows.relations.feature_labels : std::vector<std::uint32_t>());
  if (!model || !data.names.both()) return model;
  if (auto named = model->set_label_names({data.names.labels.begin(), data.names.labels.end()}); !named) return named.error();
  if (auto named = model->set_feature_names({data.names.features.begin(), data.names.features.end()}); !named)
    return named.error();
  return model;
}

void tell_choice(const SearchResult& result) {
  note("autotune: " + result.how_sure);
  const std::string time = result.seconds > 0 ? fmt::format(", about {}", duration_text(result.seconds)) : "";
  note(fmt::format("autotune: training on all rows{}; {}", time,
                   result.best.is_usual() ? "the same without a search: leave --autotune out"
                                          : "the same without a search, instead of --autotune: " + command_line(result.best)));
}

}  // namespace

Result<void> settle_search(const SearchState& state, TrainOptions& options) {
  if (options.autotune > 0 && options.autotune != state.minutes) {
    return usage_error(
        fmt::format("--resume: the search {} is one of {} minutes, not {}; leave --autotune out, or start it anew "
                    "without --resume",
                    datasets::quoted(SearchState::path_for(options.model)), state.minutes, options.autotune));
  }
  const bool other_rows = (options.names_holdout() && options.files.holdout != state.holdout) ||
                          (options.sequence.names_held_back() && options.files.holdout_last != state.holdout_last) ||
                          (state.holdout > 0 && !options.files.valid.empty());
  if (other_rows) return other_than(options, "rows to validate on");
  MonitorSettings& monitor = options.settings.monitor;
  if (!monitor.metric.empty() && monitor.metric != state.monitor) return other_than(options, "options");
  auto settings = options.config.given_settings();
  if (!settings) return settings.error();
  const std::vector<Setting> given = of_the_model(*settings);
  if (given.empty() && options.config.preset_name().empty()) {
    options.config.stand_in(state.preset, state.settings);
  } else if (!are_equal(given, state.settings) || options.config.preset_name() != state.preset) {
    return other_than(options, "options");
  }
  options.autotune = state.minutes;
  options.files.holdout = state.holdout;
  options.files.holdout_last = options.sequence.held_back = state.holdout_last;
  monitor.metric = state.monitor;
  if (!options.names_patience()) monitor.patience = state.patience;
  if (!options.names_min_delta()) monitor.min_delta = state.min_delta;
  options.goes_on_searching = true;
  return {};
}

Result<ConfigSource::Resolved> autotune(const TrainOptions& options, const AutotuneStart& start, const TuningData& data,
                                        SearchState state, EventLog& log) {
  if (auto begun = begin(options, start, data.rows, state); !begun) return begun.error();
  SearchTask task;
  task.candidates = candidates(start.usual.config, scope_of(start, data.profile));
  if (task.candidates.empty())
    return usage_error(
        "--autotune: all options that it tries are given, so there is nothing to search; leave it or some of them out");
  task.metric = state.monitor.empty() ? "p@1" : state.monitor;
  task.path = SearchState::path_for(options.model);
  task.quiet = options.settings.quiet;
  task.config_of = [&](const Candidate& candidate) -> Result<Config> {
    auto asked = resolved(options, start, candidate);
    if (!asked) return asked.error();
    return asked->config;
  };
  task.make_model = [&](const Config& config) { return model_to_try(config, data); };
  task.label_words = data.rows.label_words();
  InterruptGuard::nothing_to_save_while("trying settings", state.trials.empty() ? options.settings.nothing_yet : kTriedIsSaved);
  TuningRows rows(data.rows, options.files.has_validation(), start.usual.config.run.seed);
  if (!rows.suffice()) {
    return usage_error(
        fmt::format("--autotune: {} rows of {} are too few to hold labelled ones out; give --valid FILE, or leave "
                    "--autotune out",
                    grouped(data.rows.train.size() - data.rows.train.added), datasets::quoted(options.files.train)));
  }
  auto result = Search(task, rows, state, log).run();
  if (!result) return result.error();
  if (!task.quiet) tell_choice(*result);
  return resolved(options, start, result->best);
}

}  // namespace glissade::apps
