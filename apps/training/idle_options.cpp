#include "apps/config/idle_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <glissade/model.h>
#include <glissade/pipeline.h>

#include "apps/training/train_options.h"

namespace glissade::apps {
namespace {

/// A run that is about to begin, and the questions that the rules below ask of it.
struct Situation {
  const TrainOptions& options;
  const Model& model;
  bool text;

  const RunSettings& settings() const noexcept { return options.settings; }
  const EarlyStopState& watch() const noexcept { return settings().notes.watch; }
  bool evaluates() const noexcept {
    const TrainingFiles& files = options.files;
    return files.has_validation() || !files.test.empty();
  }
  bool tests_each_epoch() const noexcept { return !options.files.has_validation(); }
  bool weighs_paths() const noexcept {
    const Config& config = model.config();
    return config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0;
  }
  bool stopped_early() const noexcept {
    const MonitorSettings& monitor = settings().monitor;
    return !monitor.metric.empty() && watch().metric == monitor.metric && watch().since_best >= monitor.patience;
  }
  bool evaluates_last_alone() const noexcept {
    const std::uint32_t every = settings().eval_every, epochs = model.config().training.epochs, done = model.epochs_done();
    return epochs > 0 && (epochs - 1) / every == std::min(done, epochs - 1) / every;
  }
  bool all_trained() const noexcept { return model.epochs_done() >= model.config().training.epochs; }
  /// Whether every epoch that is left is one of every so many-th, or the last.
  bool skips_none(std::uint32_t every) const noexcept {
    for (std::uint32_t epoch = model.epochs_done() + 1; epoch < model.config().training.epochs; ++epoch) {
      if (epoch % every != 0) return false;
    }
    return true;
  }
  /// Nothing is trained, evaluated by epochs, or written.
  bool over() const noexcept {
    return options.resumes_model() && !settings().notes.unevaluated && (all_trained() || stopped_early());
  }
};

using S = Situation;
using Rule = IdleRule<S>;

constexpr std::string_view kOver =
    "the run is over, nothing is trained or written; it counts where --resume goes on, with more --epochs or a higher --patience";
constexpr std::string_view kSkipsNone =
    "each epoch that is left is one of these, or the last, which always is; it counts with more epochs";
constexpr std::string_view kNoStates =
    "a running text has no states within an epoch to go on from; --checkpoint-epochs says when its model file is written";
constexpr std::string_view kAlone = "no other process shares the run; it counts under mpirun";
constexpr std::string_view kNoCopies = "running texts have no binary copies; it counts for rows with labels";

constexpr std::string_view kNoCopiesOfFewRecords =
    "records whose rows fit into memory have no binary copies; it counts for larger ones ($GLISSADE_READ_MEMORY), and for rows "
    "of ids";
constexpr bool (*kIsFewRecords)(const S&) = [](const S& s) {
  return s.options.rows_fit_memory && Pipeline::is_pipeline(s.model.data_notes());
};

constexpr std::string_view kNoCopiesOfSequences = "sequences have no binary copies; it counts for rows with labels";

constexpr bool (*kSharesRows)(const S&) = [](const S& s) { return !s.options.is_alone && s.options.distribute == "labels"; };
constexpr std::string_view kSumsTravel = "ranks that share rows out send no gradients of rows; it counts with --distribute data";

constexpr std::string_view kNothingToStopBy =
    "--monitor names the metric of the search alone, and training has nothing to stop by; it counts with --valid or --holdout";

constexpr bool (*kOnlySearches)(const S&) = [](const S& s) {
  return s.options.autotune > 0 && !s.options.resumes_model() && !s.options.files.has_validation();
};
constexpr bool (*kIsOver)(const S&) = [](const S& s) { return s.over(); };
constexpr bool (*kIsSequence)(const S&) = [](const S& s) { return SequenceNotes::of(s.model).has_value(); };
constexpr bool (*kTakesNoPreset)(const S&) = [](const S& s) {
  return s.options.config.names_effort() && s.options.config.preset_name().empty() &&
         (s.options.resumes() || !s.options.from.empty());
};
constexpr bool (*kIsText)(const S&) = [](const S& s) { return s.text; };

/// The one place that says when an option of `train` itself does nothing. Values that ask for nothing, such as --keep 0, do what
/// they say in any case. tests/cli/option_pairs.py compares this with what runs leave behind.
constexpr std::array kRules = {
    Rule{"--test", [](const S& s) { return s.over() && s.tests_each_epoch(); }, kOver},
    Rule{"--valid", kIsOver, kOver},
    Rule{"--label-names", kIsOver, kOver},
    Rule{"--feature-names", kIsOver, kOver},
    Rule{"--label-text", kIsOver, kOver},
    Rule{"--effort", kTakesNoPreset, "no preset is taken, the settings are those of the model; it counts for a new run"},
    Rule{"--effort", kIsText, "a running text takes no preset by itself; it counts for rows with labels"},
    Rule{"--groups", kIsOver, kOver},
    Rule{"--groups", kIsText, "a running text has no rows; it counts for rows with labels"},
    Rule{"--groups", [](const S& s) { return s.options.files.holdout == 0 && !s.weighs_paths(); },
         "nothing is held out and no paths are weighed; it counts with --holdout, fan-in or neighbours"},
    Rule{"--same-things", kIsOver, kOver},
    Rule{"--same-things", kIsText, "a running text has no features; it counts for rows with labels"},
    Rule{"--same-things", [](const S& s) { return s.options.resumes_model(); },
         "a run that goes on has the table that it began with; it counts for a new run"},
    Rule{"--same-things", [](const S& s) { return !s.weighs_paths() || !s.model.config().candidates.exclude_input; },
         "nothing is excluded; it counts with exclude-input on, and fan-in or neighbours above 0"},
    Rule{"--autotune", [](const S& s) { return s.options.autotune > 0 && s.options.resumes_model(); },
         "a run that goes on has its settings; it counts for a new run"},
    Rule{"--name-rows", kIsOver, kOver},
    Rule{"--name-rows", [](const S& s) { return s.text && s.options.name_rows == "on"; },
         "the words of a running text are its labels already; it counts for rows with labels"},
    Rule{"--name-rows", [](const S& s) { return kIsSequence(s) && s.options.name_rows == "on"; },
         "an item's name is no text; it counts for rows with labels"},
    Rule{"--repeated-rows", [](const S& s) { return !s.options.rows_repeat && s.options.repeated_rows == "keep"; },
         "less than a hundredth of the rows say nothing new; it counts where rows are left out otherwise"},
    Rule{"--slim", kIsOver, kOver},
    Rule{"--monitor", [](const S& s) { return s.over() && s.watch().metric != s.settings().monitor.metric; }, kOver},
    Rule{"--patience", [](const S& s) { return s.over() && s.watch().patience != s.settings().monitor.patience; }, kOver},
    Rule{"--min-delta", [](const S& s) { return s.over() && s.watch().min_delta != s.settings().monitor.min_delta; }, kOver},
    Rule{"--patience", kOnlySearches, kNothingToStopBy},
    Rule{"--min-delta", kOnlySearches, kNothingToStopBy},
    Rule{"--keep", [](const S& s) { return s.settings().checkpoints.keep > 0 && s.over(); }, kOver},

    Rule{"--eval-every", [](const S& s) { return s.settings().eval_every > 1 && s.over(); }, kOver},
    Rule{"--eval-every", [](const S& s) { return s.settings().eval_every > 1 && !s.evaluates(); },
         "there is nothing to evaluate on; it counts with --valid, --holdout or --test"},
    Rule{"--eval-every", [](const S& s) { return s.settings().eval_every > 1 && s.skips_none(s.settings().eval_every); },
         kSkipsNone},
    Rule{"--eval-rows", kIsOver, kOver},
    Rule{"--eval-rows", [](const S& s) { return !s.evaluates(); },
         "there is nothing to evaluate on; it counts with --valid, --holdout or --test"},
    Rule{"--eval-rows", [](const S& s) { return !s.settings().monitor.metric.empty(); },
         "--monitor compares epochs on all rows; it counts without it"},
    Rule{"--eval-rows", [](const S& s) { return s.evaluates_last_alone(); },
         "the last epoch is evaluated on all rows, and no other is; it counts with more epochs"},
    Rule{"--checkpoint-epochs", [](const S& s) { return s.settings().checkpoints.epochs > 1 && s.over(); }, kOver},
    Rule{"--checkpoint-epochs",
         [](const S& s) { return s.settings().checkpoints.epochs > 1 && s.skips_none(s.settings().checkpoints.epochs); },
         kSkipsNone},
    Rule{"--checkpoint-minutes", [](const S& s) { return s.settings().checkpoints.minutes > 0 && s.over(); }, kOver},
    Rule{"--checkpoint-minutes", [](const S& s) { return s.settings().checkpoints.minutes > 0 && s.text; }, kNoStates},
    Rule{"--checkpoint-steps", [](const S& s) { return s.settings().checkpoints.steps > 0 && s.over(); }, kOver},
    Rule{"--checkpoint-steps", [](const S& s) { return s.settings().checkpoints.steps > 0 && s.text; }, kNoStates},

    Rule{"--communicate", [](const S& s) { return s.options.is_alone; }, kAlone},
    Rule{"--wire", [](const S& s) { return s.options.is_alone; }, kAlone},
    Rule{"--travel-share", [](const S& s) { return s.options.is_alone; }, kAlone},
    Rule{"--communicate", kSharesRows, kSumsTravel},
    Rule{"--travel-share", kSharesRows, kSumsTravel},
    Rule{"--travel-share", [](const S& s) { return s.options.communicate != "coarse" && s.options.distribute != "labels"; },
         "all gradients travel; it counts with --communicate coarse"},

    Rule{"--no-cache", kIsText, kNoCopies},
    Rule{"--cache-dir", kIsText, kNoCopies},
    Rule{"--no-cache", kIsSequence, kNoCopiesOfSequences},
    Rule{"--cache-dir", kIsSequence, kNoCopiesOfSequences},
    Rule{"--no-cache", kIsFewRecords, kNoCopiesOfFewRecords},
    Rule{"--cache-dir", kIsFewRecords, kNoCopiesOfFewRecords},
};

}  // namespace

void TrainOptions::warn_of_idle(const Model& model, bool text) const {
  apps::warn_of_idle(*parser_, Situation{*this, model, text}, kRules);
}

}  // namespace glissade::apps
