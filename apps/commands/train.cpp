#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/run_memory.h>
#include <glissade/runtime.h>
#include <glissade/trainer.h>
#include <glissade/tuning.h>
#include <glissade/words.h>

#include "apps/commands/command.h"
#include "apps/config/config_source.h"
#include "apps/config/threads.h"
#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/data_notes.h"
#include "apps/input/data_options.h"
#include "apps/training/checkpoints.h"
#include "apps/training/early_stop.h"
#include "apps/training/event_log.h"
#include "apps/training/events.h"
#include "apps/training/resume_point.h"
#include "apps/training/run.h"
#include "apps/training/text_data.h"
#include "apps/training/training_data.h"
#include "apps/words/vocabulary.h"
#include "datasets/message.h"
#include "datasets/names.h"

namespace glissade::apps {
namespace {

class Train : public Command {
 public:
  const char* name() const noexcept override { return "train"; }
  const char* summary() const noexcept override { return "Train a model, or go on training one"; }
  void add_options(CLI::App& parser) override;
  Result<int> run() override;

 private:
  /// What a run takes of the machine.
  struct Needs {
    std::uint64_t memory;
    std::uint32_t threads;
  };
  void add_checkpoint_options(CLI::App& parser);
  Result<void> check_arguments() const;
  Result<void> check_run_options() const;
  Result<void> open_resumed();
  Result<Model> make_model(const ConfigSource::Resolved& asked, const TrainingData& data);
  Result<int> train_rows(ConfigSource::Resolved asked, EventLog& log);
  bool reads_text(const ConfigSource::Resolved& asked) const;
  Result<int> train_words(const ConfigSource::Resolved& asked, EventLog& log);
  Result<Model> word_model(const ConfigSource::Resolved& asked, std::unique_ptr<TextData>& text);
  void announce(const Model& model, const std::vector<DataEvent>& data, const Needs& needs, EventLog& log) const;
  Result<Model> new_model(Config config, const Shape& shape) const;
  Result<Model> resumed_model(const ConfigSource::Resolved& asked, const TrainingData& data);
  Result<void> name_parts(Model& model) const;
  void describe(const Model& model, const Needs& needs) const;

  TrainingFiles files_;
  std::string model_;
  std::string label_names_;
  std::string feature_names_;
  std::string log_;
  std::string tensorboard_;
  CLI::Option* resume_option_ = nullptr;
  std::string resume_from_;          ///< the file, if one is gone on from
  std::optional<Model> resumed_;     ///< what is in it, until training takes it over
  std::uint64_t resumed_bytes_ = 0;  ///< that it takes in memory
  bool resume_ = false;
  RunSettings settings_;
  ConfigSource config_;
  DataOptions data_;
};

void Train::add_options(CLI::App& parser) {
  parser.add_option("--train", files_.train, "Training data.")->type_name("FILE");
  parser
      .add_option("--test", files_.test,
                  "Labelled data to evaluate on: at the end of epochs, or beside --valid or --holdout once, at the end of all.")
      ->type_name("FILE");
  parser.add_option("--valid", files_.valid, "Labelled data to evaluate on at the end of epochs, for --monitor.")
      ->type_name("FILE");
  parser
      .add_option("--holdout", files_.holdout,
                  "Instead of --valid: hold this part of the training rows out and evaluate on it; between 0 and 1.")
      ->type_name("SHARE");
  parser
      .add_option("--eval-every", settings_.eval_every,
                  "Epochs from one evaluation to the next; the last is always evaluated. Default 1.")
      ->type_name("N");
  parser
      .add_option("--model", model_,
                  "Model file to write. It is replaced as a whole at the end of each epoch (with --monitor: of each that is the "
                  "best so far); an existing file stays until then. Checkpoints lie beside it, as FILE.checkpoint-STEP.")
      ->type_name("FILE");
  resume_option_ = parser
                       .add_option("--resume", resume_from_,
                                   "Go on from the newest of the model file and its checkpoints that is sound, or from FILE, "
                                   "also in the midst of an epoch. "
                                   "Options of the model need not be given again; if they are, they must be the same.")
                       ->type_name("[FILE]")
                       ->expected(0, 1);
  add_checkpoint_options(parser);
  parser.add_flag("--slim", settings_.slim,
                  "Leave the training state out of the finished model: a smaller file that cannot be trained on.");
  parser.add_option("--label-names", label_names_, "One name per line and label; kept in the model.")->type_name("FILE");
  parser.add_option("--feature-names", feature_names_, "One name per line and feature; kept in the model.")->type_name("FILE");
  parser
      .add_option("--log-json", log_,
                  "One JSON object per line: start, progress, each epoch, done; 'glissade report' draws it. Started anew; "
                  "continued with --resume.")
      ->type_name("FILE");
  parser
      .add_option("--tensorboard", tensorboard_,
                  "Write a TensorBoard event file into this folder: the numbers of --log-json as scalars.")
      ->type_name("DIR");
  parser.add_flag("--quiet", settings_.quiet, "Print nothing but errors.");
  data_.add_options(parser);
  config_.add_options(parser);
}

void Train::add_checkpoint_options(CLI::App& parser) {
  CheckpointSettings& checkpoints = settings_.checkpoints;
  MonitorSettings& monitor = settings_.monitor;
  parser
      .add_option("--checkpoint-minutes", checkpoints.minutes,
                  "Minutes from one checkpoint within an epoch to the next; SIGINT and SIGTERM make one, too. 0 = none by time. "
                  "Default 10.")
      ->type_name("MINUTES");
  parser.add_option("--checkpoint-steps", checkpoints.steps, "Likewise in optimiser steps. Default 0, none.")->type_name("N");
  parser
      .add_option("--checkpoint-epochs", checkpoints.epochs,
                  "Epochs from one writing of the model file to the next; the last is always written. Default 1.")
      ->type_name("N");
  parser
      .add_option("--keep", checkpoints.keep,
                  "Checkpoints to keep, the newest, also of ends of epochs and when training is over. Default 0: one, until "
                  "something newer is there or training is over.")
      ->type_name("K");
  parser
      .add_option(
          "--monitor", monitor.metric,
          "Stop early by this metric: p, ndcg or psp, @ 1, 3 or 5, of --valid, --holdout or --test, or the training's loss. "
          "The model file is then the best epoch's.")
      ->type_name("METRIC");
  parser
      .add_option("--patience", monitor.patience, "With --monitor: evaluations without improvement that end training. Default 3.")
      ->type_name("N");
  parser.add_option("--min-delta", monitor.min_delta, "With --monitor: less than this is no improvement. Default 0.")
      ->type_name("DELTA");
}

/// What CLI11 cannot check.
Result<void> Train::check_run_options() const {
  const CheckpointSettings& checkpoints = settings_.checkpoints;
  const MonitorSettings& monitor = settings_.monitor;
  if (settings_.eval_every == 0) return usage_error("--eval-every: '0' is out of range; allowed: 1 or more");
  if (checkpoints.epochs == 0) return usage_error("--checkpoint-epochs: '0' is out of range; allowed: 1 or more");
  if (!(checkpoints.minutes >= 0 && checkpoints.minutes <= 1e6))
    return usage_error(fmt::format("--checkpoint-minutes: '{}' is out of range; allowed: 0 .. 1000000", checkpoints.minutes));
  if (monitor.patience == 0) return usage_error("--patience: '0' is out of range; allowed: 1 or more");
  if (!(monitor.min_delta >= 0 && monitor.min_delta < 1e6))
    return usage_error(fmt::format("--min-delta: '{}' is out of range; allowed: 0 .. 1000000", monitor.min_delta));
  const auto watched = EarlyStop::create(monitor);
  if (!watched) return watched.error();
  if (watched->needs_evaluation() && files_.test.empty() && files_.valid.empty() && files_.holdout == 0)
    return usage_error(
        fmt::format("--monitor {} needs data to evaluate on; give --valid FILE or --holdout SHARE", monitor.metric));
  return {};
}

Result<void> Train::check_arguments() const {
  if (files_.train.empty() || model_.empty()) return usage_error("train needs --train FILE and --model FILE");
  if (!files_.valid.empty() && files_.holdout != 0)
    return usage_error("--valid and --holdout exclude each other; give one of them");
  if (!(files_.holdout >= 0 && files_.holdout < 1))
    return usage_error(fmt::format("--holdout: '{}' is not between 0 and 1", files_.holdout));
  if (auto ok = check_run_options(); !ok) return ok;
  if (log_ == model_) return usage_error("--log-json and --model name the same file; give each its own");
  const std::vector<std::string> inputs = {files_.train, files_.test, files_.valid, label_names_, feature_names_};
  if (auto once = check_standard_input(inputs); !once) return once;
  if (auto ok = check_not_input(log_, inputs); !ok) return ok;
  return check_replaceable(model_, inputs);
}

std::uint64_t resident_bytes() { return static_cast<std::uint64_t>(resident_memory_mib() * (1 << 20)); }

/// Reads the file that --resume names, or the newest that is sound.
Result<void> Train::open_resumed() {
  const std::uint64_t before = resident_bytes();
  if (resume_from_.empty()) {
    auto found = newest_resume_point(model_, complain);
    if (!found) return found.error();
    resume_from_ = found->path;
    resumed_ = std::move(found->model);
  } else {
    auto model = Model::load(resume_from_, LoadFor::training);
    if (!model) return model.error();
    resumed_ = std::move(*model);
  }
  const std::uint64_t after = resident_bytes();
  resumed_bytes_ = after - std::min(before, after);
  return {};
}

Result<Model> Train::make_model(const ConfigSource::Resolved& asked, const TrainingData& data) {
  const Shape shape{data.train.feature_count, data.train.label_count};
  auto model = resume_ ? resumed_model(asked, data) : new_model(asked.config, shape);
  if (!model) return model;
  if (model->data_notes().empty()) model->set_data_notes(data_notes(data.format, data.id_base));
  if (auto named = name_parts(*model); !named) return named.error();
  return model;
}

Result<Model> Train::new_model(Config config, const Shape& shape) const {
  if (auto valid = validate(config, shape); !valid) return valid.error();
  const std::string tuned = tune_tables(config, shape);
  if (!tuned.empty() && !settings_.quiet) note(tuned);
  if (auto enough = check_memory(estimate_training_memory(config, shape)); !enough) return enough.error();
  return Model::create(config, shape);
}

Result<Model> Train::resumed_model(const ConfigSource::Resolved& asked, const TrainingData& data) {
  const Shape shape = resumed_->shape();
  ConfigSource::Resolved wanted = asked;
  tune_tables(wanted.config, shape);
  if (auto same = check_same(wanted, resumed_->config(), resume_from_); !same) return same.error();
  if (auto fits = check_fits(data.train, files_.train, shape.features, shape.labels); !fits) return fits.error();
  if (resumed_->pass_done() > 0 && resumed_->pass_rows() != data.train.size()) {
    return runtime_error(fmt::format(
        "--resume: {} stands in the midst of an epoch over {} samples, {} has {}; give the data and the --holdout that "
        "it was trained with",
        datasets::quoted(resume_from_), resumed_->pass_rows(), datasets::quoted(files_.train), data.train.size()));
  }
  return std::move(*resumed_);
}

Result<void> Train::name_parts(Model& model) const {
  if (!label_names_.empty()) {
    auto names = datasets::read_names(label_names_, model.shape().labels, "label");
    if (!names) return names.error();
    if (auto done = model.set_label_names(std::move(*names)); !done) return done;
  }
  if (feature_names_.empty()) return {};
  auto names = datasets::read_names(feature_names_, model.shape().features, "feature");
  if (!names) return names.error();
  return model.set_feature_names(std::move(*names));
}

void Train::describe(const Model& model, const Needs& needs) const {
  if (settings_.quiet) return;
  const Config& config = model.config();
  const auto text = [&](std::string_view name) {
    for (const Option& option : options()) {
      if (option.name == name) return option.get(config);
    }
    return std::string();
  };
  const MemoryEstimate need = estimate_training_memory(config, model.shape());
  const double bytes = static_cast<double>(need.weights + need.optimizer_state) / static_cast<double>(model.parameters());
  note(fmt::format(
      "model {} -> {} -> {}: {} parameters of {:.1f} bytes, {}, {}, sampler {}; training needs about {}, {} available",
      grouped(model.shape().features), fmt::join(config.hidden, " -> "), grouped(model.shape().labels),
      grouped(model.parameters()), bytes, text("precision"), text("optimizer"), text("sampler"), bytes_text(needs.memory),
      bytes_text(available_memory())));
  std::string level;
  for (const SimdLevel& one : simd_levels()) {
    if (one.active) level = one.name;
  }
  note(fmt::format("simd {}, {} threads", level, needs.threads));
  if (!resume_) return;
  const std::string within = model.pass_done() > 0 ? fmt::format(", {} samples into the next", grouped(model.pass_done())) : "";
  note(fmt::format("resuming from {}, after epoch {} of {}{}", datasets::quoted(resume_from_), model.epochs_done(), config.epochs,
                   within));
}

Result<int> Train::run() {
  settings_.started = std::chrono::steady_clock::now();
  settings_.model_path = model_;
  resume_ = resume_option_->count() > 0;
  ignore_broken_pipes();
  const InterruptGuard guard(settings_.quiet);
  if (auto ok = check_arguments(); !ok) return ok.error();
  Checkpoints::remove_abandoned(model_);
  const auto asked = config_.resolve();
  if (!asked) return asked.error();
  const ThreadLimit limit(asked->config.threads);
  auto log = EventLog::open(log_);
  if (!log) return log.error();
  if (auto mirrored = log->mirror_to(tensorboard_); !mirrored) return mirrored.error();
  if (resume_) {
    InterruptGuard::nothing_to_save_while("reading the model");
    if (auto opened = open_resumed(); !opened) return opened.error();
  }
  return reads_text(*asked) ? train_words(*asked, *log) : train_rows(*asked, *log);
}

Result<int> Train::train_rows(ConfigSource::Resolved asked, EventLog& log) {
  const auto seed = resumed_ ? resumed_->config().seed : asked.config.seed;  // of the rows that are held out, too
  InterruptGuard::nothing_to_save_while("reading the data");
  ReadSettings reading{seed, settings_.quiet, {}, {}};
  if (resumed_) {
    reading.known_base = known_base(*resumed_, resume_from_);
    reading.shape = resumed_->shape();
  }
  const auto data = read_training_data(files_, data_, reading);
  if (!data) return data.error();
  if (!resume_ && config_.preset_name().empty()) {
    const PresetChoice choice = choose_preset(data->train);
    auto chosen = config_.resolve_from(choice.preset);
    if (!chosen) return chosen.error();
    asked = std::move(*chosen);
    if (!settings_.quiet) note(fmt::format("preset {}: {}", choice.preset, choice.reason));
  }
  InterruptGuard::nothing_to_save_while("making the model");
  const std::uint64_t resident = resident_bytes(), held = resident - std::min(resident, resumed_bytes_);
  auto model = make_model(asked, *data);
  if (!model) return model.error();
  const DataSize size = data_size(model->config(), data->train, data->train_pager != nullptr);
  const std::uint64_t memory = estimate_run_memory(model->config(), model->shape(), size, held).total();
  announce(*model, data->events, {memory, effective_threads(asked.config.threads)}, log);
  auto trainer = Trainer::create(*model, data->train.size());
  if (!trainer) return trainer.error();
  trainer->read_through(data->train_pager);
  settings_.validation_pager = data->validation_pager;
  const auto pass = [&](const PassCallbacks& callbacks) { return trainer->train_epoch(data->train, callbacks); };
  const EvaluationData evaluation{data->validation, data->test};
  return TrainingRun(*model, pass, evaluation, settings_, log).run();
}

void Train::announce(const Model& model, const std::vector<DataEvent>& data, const Needs& needs, EventLog& log) const {
  describe(model, needs);
  if (resume_) {
    log.drop_half_line();
  } else {
    log.restart();
  }
  log.write(start_json(model, data, needs.memory, needs.threads));
}

/// Where nothing is said about it: what a model was trained on before it is trained on again.
bool Train::reads_text(const ConfigSource::Resolved& asked) const {
  const std::string& preset = config_.preset_name();
  const bool named = preset == "text8" || preset == "text8-slide" || asked.config.loss == LossKind::ns;
  if (!resume_ || data_.names_format() || named) return data_.is_text(named);
  return holds_vocabulary(*resumed_);
}

Result<int> Train::train_words(const ConfigSource::Resolved& asked, EventLog& log) {
  if (!label_names_.empty() || !feature_names_.empty())
    return usage_error("--label-names and --feature-names: a running text brings its own names; leave them out");
  std::unique_ptr<TextData> text;
  auto model = word_model(asked, text);
  if (!model) return model.error();
  const std::uint64_t memory = estimate_training_memory(model->config(), model->shape()).total();
  announce(*model, text->events, {memory, effective_threads(asked.config.threads)}, log);
  auto trainer = WordTrainer::create(*model, text->view());
  if (!trainer) return trainer.error();
  const auto pass = [&](const PassCallbacks& callbacks) { return trainer->train_epoch(callbacks.on_progress); };
  const EvaluationData evaluation{text->validation, {}};
  return TrainingRun(*model, pass, evaluation, settings_, log).run();
}

/// Also reads the text, for which a model that goes on being trained says how.
Result<Model> Train::word_model(const ConfigSource::Resolved& asked, std::unique_ptr<TextData>& text) {
  if (resumed_) {
    ConfigSource::Resolved wanted = asked;
    tune_tables(wanted.config, resumed_->shape());
    if (auto same = check_same(wanted, resumed_->config(), resume_from_); !same) return same.error();
  }
  InterruptGuard::nothing_to_save_while("reading the text");
  auto read = read_text_data(files_, resumed_ ? resumed_->config() : asked.config, settings_.quiet);
  if (!read) return read.error();
  text = std::move(*read);
  if (resumed_) {
    if (resumed_->label_names() == text->corpus.words) return std::move(*resumed_);
    return runtime_error(
        fmt::format("--resume: {} was trained on a text with other words than {}; give the same text, or train a new "
                    "model",
                    datasets::quoted(resume_from_), datasets::quoted(files_.train)));
  }
  InterruptGuard::nothing_to_save_while("making the model");
  auto model = new_model(asked.config, text->shape());
  if (!model) return model;
  if (auto named = model->set_label_names(text->corpus.words); !named) return named.error();
  if (auto named = model->set_feature_names(text->subwords.names); !named) return named.error();
  return model;
}

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace glissade::apps
