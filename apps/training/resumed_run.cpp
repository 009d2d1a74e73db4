#include "apps/training/resumed_run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <glissade/runtime.h>
#include <glissade/tuning.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/sequence_options.h"
#include "apps/training/added_names.h"
#include "apps/training/resume_point.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

std::uint64_t resident_bytes() { return static_cast<std::uint64_t>(resident_memory_mib() * (1 << 20)); }

std::string share_text(double share) { return share == 0 ? "no rows" : fmt::format("{} of the rows", share); }

}  // namespace

ResumedRun::ResumedRun(std::string path, Model model, std::uint64_t bytes)
    : path_(std::move(path)), model_(std::move(model)), notes_(RunNotes::parse(model_.run_notes())), bytes_(bytes) {}

Result<ResumedRun> ResumedRun::open(const TrainOptions& options, Communicator& ranks) {
  const std::uint64_t before = resident_bytes();
  const auto taken = [&] {
    const std::uint64_t after = resident_bytes();
    return after - std::min(before, after);
  };
  if (options.resume_from.empty()) {
    auto found = newest_resume_point(options.model, ranks, complain);
    if (!found) return found.error();
    return ResumedRun(std::move(found->path), std::move(found->model), taken());
  }
  auto model = Model::load_shard(ranks, options.resume_from, LoadFor::training);
  if (!model) return model.error();
  return ResumedRun(options.resume_from, std::move(*model), taken());
}

Result<void> ResumedRun::settle(TrainOptions& options) const {
  if (notes_.holdout) {
    const double share = *notes_.holdout;
    if (options.names_holdout() && options.files.holdout != share) {
      return usage_error(
          fmt::format("--resume: {} holds {} out, not {}; leave --holdout out, or start a new run without --resume",
                      datasets::quoted(path_), share_text(share), share_text(options.files.holdout)));
    }
    if (share > 0 && !options.files.valid.empty()) {
      return usage_error(
          fmt::format("--resume: {} holds {} out to evaluate on; leave --valid out, or start a new run without "
                      "--resume",
                      datasets::quoted(path_), share_text(share)));
    }
    options.files.holdout = share;
  }
  if (notes_.holdout_last) {
    std::uint32_t& held_back = options.sequence.held_back;
    if (options.sequence.names_held_back() && held_back != *notes_.holdout_last) {
      return usage_error(fmt::format(
          "--resume: {} holds the last {} items of each sequence out, not {}; leave --holdout-last out, or start a new "
          "run without --resume",
          datasets::quoted(path_), *notes_.holdout_last, held_back));
    }
    held_back = *notes_.holdout_last;
    options.files.holdout_last = held_back;
  }
  if (auto same = settle_split(options); !same) return same;
  if (auto same = settle_names(options); !same) return same;
  if (auto same = settle_repeats(options); !same) return same;
  const EarlyStopState& watch = notes_.watch;
  MonitorSettings& monitor = options.settings.monitor;
  if (watch.metric.empty()) return options.check_monitor();
  if (!monitor.metric.empty() && monitor.metric != watch.metric) {
    return usage_error(
        fmt::format("--resume: {} is the best by {} so far, not by {}; leave --monitor out, or start a new run without "
                    "--resume",
                    datasets::quoted(options.model), watch.metric, monitor.metric));
  }
  monitor.metric = watch.metric;
  // A file of an earlier version does not say how patient the run was.
  if (watch.patience > 0 && !options.names_patience()) monitor.patience = watch.patience;
  if (watch.patience > 0 && !options.names_min_delta()) monitor.min_delta = watch.min_delta;
  return options.check_monitor();
}

Result<void> ResumedRun::settle_split(TrainOptions& options) const {
  if (options.sequence.names_split() && options.files.time_share != notes_.time_share) {
    return usage_error(fmt::format(
        "--resume: {} was trained with {}, not time:{}; leave --split out, or start a new run without --resume",
        datasets::quoted(path_), notes_.time_share > 0 ? fmt::format("--split time:{}", notes_.time_share) : "all events",
        options.files.time_share));
  }
  options.files.time_share = notes_.time_share;
  return {};
}

Result<void> ResumedRun::settle_names(TrainOptions& options) const {
  const bool has = notes_.name_rows > 0, has_texts = notes_.label_text != 0;
  if (has_texts == options.label_text.empty()) {
    return usage_error(fmt::format("--resume: {} was trained {} --label-text; {}, or start a new run without --resume",
                                   datasets::quoted(path_), has_texts ? "with" : "without",
                                   has_texts ? "give the file that its training began with" : "leave it out"));
  }
  const auto wanted = choose_name_rows(options.name_rows);
  if (!wanted) return wanted.error();
  if (*wanted == (has ? NameRowsChoice::off : NameRowsChoice::on)) {
    return usage_error(
        fmt::format("--resume: {} was trained {} rows of labels' names, --name-rows is {}; leave it out, or start a new run "
                    "without --resume",
                    datasets::quoted(path_), has ? "with" : "without", options.name_rows));
  }
  options.name_rows = has ? "on" : "off";
  return {};
}

/// A run of an earlier version has left no rows out.
Result<void> ResumedRun::settle_repeats(TrainOptions& options) const {
  const std::string& was = notes_.repeated_rows;
  if (options.names_repeated_rows()) {
    if (was.empty() || was == options.repeated_rows) return {};
    return usage_error(
        fmt::format("--resume: {} was trained with --repeated-rows {}, not {}; leave it out, or start a new run without --resume",
                    datasets::quoted(path_), was, options.repeated_rows));
  }
  options.repeated_rows = was.empty() ? "keep" : was;
  return {};
}

Result<void> ResumedRun::check_names(const std::vector<std::string>& given, const std::vector<std::string>& known,
                                     const char* option) const {
  if (notes_.name_rows == 0 || given.empty() || given == known) return {};
  return usage_error(
      fmt::format("--resume: {} was trained with rows of other names; leave {} out, or start a new run without --resume",
                  datasets::quoted(path_), option));
}

Result<void> ResumedRun::take(const ConfigSource::Resolved& asked, std::string& note) {
  ConfigSource::Resolved wanted = asked;
  tune_tables(wanted.config, model_.shape());
  // The data chose these where nobody named them.
  if (!asked.names("weighting")) wanted.config.network.weighting = model_.config().network.weighting;
  if (SequenceNotes::of(model_) && !asked.names("exclude-input"))
    wanted.config.candidates.exclude_input = model_.config().candidates.exclude_input;
  if (auto same = check_same(wanted, model_.config(), path_); !same) return same;
  model_.set_machine_options(asked.config);
  const std::uint32_t planned = model_.config().training.epochs, epochs = asked.config.training.epochs;
  if (!asked.names("epochs") || epochs == planned) return {};
  const std::uint32_t begun = model_.epochs_done() + (model_.pass_done() > 0 ? 1 : 0);
  if (epochs < begun) {
    return usage_error(fmt::format("--resume: {} has begun epoch {}, --epochs says {}; give {} or more, or leave it out",
                                   datasets::quoted(path_), begun, epochs, begun));
  }
  if (auto set = model_.set_epochs(epochs); !set) return set;
  note = fmt::format(
      "epochs: {} instead of {} from here on; learning rate and whatever else follows a schedule is that of {} epochs", epochs,
      planned, epochs);
  return {};
}

Error ResumedRun::other_data(const std::string& what) const {
  return runtime_error(
      fmt::format("--resume: {}; give the data that {} was trained on, or start a new run from it on these with "
                  "--from",
                  what, datasets::quoted(path_)));
}

Result<void> ResumedRun::check_data(const TrainingData& data, const TrainingFiles& files) const {
  const std::string file = datasets::quoted(files.train);
  const DatasetView& rows = data.train;
  if (notes_.groups != data.named_groups && model_.data_fingerprint() != 0) {
    return usage_error(fmt::format("--resume: {} was trained {} --groups{}; {}, or start a new run without --resume",
                                   datasets::quoted(path_), notes_.groups == 0 ? "without" : "with",
                                   notes_.groups != 0 && data.named_groups != 0 ? " of other rows" : "",
                                   notes_.groups == 0 ? "leave it out" : "give the file that its training began with"));
  }
  if (notes_.label_text != data.label_texts.content) {
    return usage_error(
        fmt::format("--resume: {} was trained with other texts of labels; give the file of --label-text that its training began "
                    "with, or start a new run without --resume",
                    datasets::quoted(path_)));
  }
  if (auto fits = check_fits(rows, files.train, model_.shape().features, model_.shape().labels); !fits) return fits;
  const std::uint64_t samples = rows.size() - rows.added;
  const std::uint64_t known = model_.pass_done() > 0 ? model_.pass_rows() - notes_.name_rows : model_.training_samples();
  if (known != 0 && known != samples) {
    const std::string held_out = files.holdout > 0 ? fmt::format(" beside the {} held out", files.holdout) : "";
    return other_data(fmt::format("{} was trained on {} rows, {} has {}{}", datasets::quoted(path_), grouped(known), file,
                                  grouped(samples), held_out));
  }
  if (model_.data_fingerprint() != 0 && model_.data_fingerprint() != fingerprint(rows)) {
    if (notes_.rows != 0) {
      return other_data(notes_.rows == unordered(rows)
                            ? fmt::format("{} has the rows of the run, but in another order", file)
                            : fmt::format("{} has as many rows as the run's data, but other ones", file));
    }
    return other_data(fmt::format("{} has as many rows as the run's data, but other ones or in another order", file));
  }
  if (data.is_sequence() && data.item_names != model_.label_names())
    return other_data(fmt::format("{} has other items than the run's sequences", file));
  return check_validation(data.validation, data.validation_path);
}

Result<void> ResumedRun::check_validation(const std::optional<DatasetView>& validation, const std::string& path) const {
  if (notes_.watch.metric.empty() || notes_.validation == 0 || !validation) return {};
  if (notes_.validation == fingerprint(*validation)) return {};
  return runtime_error(
      fmt::format("--resume: the best epoch so far was found with other data than {}; give the --valid or --test of "
                  "the run, or start a new run without --resume",
                  datasets::quoted(path)));
}

Result<void> ResumedRun::check_text(const TextData& text, const TrainingFiles& files) const {
  if (model_.label_names() != text.corpus.words)
    return other_data(fmt::format("{} has other words than the run's text", datasets::quoted(files.train)));
  if (notes_.text != 0 && notes_.text != content(text.corpus.tokens))
    return other_data(fmt::format("{} has the words of the run's text, but in another order", datasets::quoted(files.train)));
  return check_validation(text.validation, text.validation_path);
}

}  // namespace glissade::apps
