#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/runtime.h>
#include <glissade/tuning.h>

#include "apps/commands/command.h"
#include "apps/config/config_source.h"
#include "apps/config/threads.h"
#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/data_options.h"
#include "apps/training/event_log.h"
#include "apps/training/events.h"
#include "apps/training/run.h"
#include "apps/training/training_data.h"
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
  Result<void> check_arguments() const;
  Result<Model> make_model(const ConfigSource::Resolved& asked, const TrainingData& data) const;
  Result<Model> new_model(Config config, const Shape& shape) const;
  Result<Model> resumed_model(const ConfigSource::Resolved& asked, const TrainingData& data) const;
  Result<void> name_parts(Model& model) const;
  void describe(const Model& model, const MemoryEstimate& need, std::uint32_t threads) const;

  TrainingFiles files_;
  std::string model_;
  std::string label_names_;
  std::string feature_names_;
  std::string log_;
  bool resume_ = false;
  RunSettings settings_;
  ConfigSource config_;
  DataOptions data_;
};

void Train::add_options(CLI::App& parser) {
  parser.add_option("--train", files_.train, "Training data.")->type_name("FILE");
  parser.add_option("--test", files_.test, "Labelled data to evaluate on at the end of epochs.")->type_name("FILE");
  parser
      .add_option("--holdout", files_.holdout,
                  "Instead of --test: hold this part of the training rows out and evaluate on it; between 0 and 1.")
      ->type_name("SHARE");
  parser
      .add_option("--eval-every", settings_.eval_every,
                  "Epochs from one evaluation to the next; the last is always evaluated. Default 1.")
      ->type_name("N");
  parser
      .add_option("--model", model_,
                  "Model file to write. It is replaced as a whole at the end of each epoch, so it is the checkpoint, too; an "
                  "existing file stays "
                  "until the first epoch is done.")
      ->type_name("FILE");
  parser.add_flag("--resume", resume_,
                  "Go on from the model file's last epoch. Options need not be given again; if they are, they must be the same.");
  parser.add_flag("--slim", settings_.slim,
                  "Leave the training state out of the finished model: a smaller file that cannot be trained on.");
  parser.add_option("--label-names", label_names_, "One name per line and label; kept in the model.")->type_name("FILE");
  parser.add_option("--feature-names", feature_names_, "One name per line and feature; kept in the model.")->type_name("FILE");
  parser
      .add_option("--log-json", log_, "One JSON object per line: start, each epoch, done. Started anew; continued with --resume.")
      ->type_name("FILE");
  parser.add_flag("--quiet", settings_.quiet, "Print nothing but errors.");
  data_.add_options(parser);
  config_.add_options(parser);
}

Result<void> Train::check_arguments() const {
  if (files_.train.empty() || model_.empty()) return usage_error("train needs --train FILE and --model FILE");
  if (!files_.test.empty() && files_.holdout != 0)
    return usage_error("--test and --holdout exclude each other; give one of them");
  if (!(files_.holdout >= 0 && files_.holdout < 1))
    return usage_error(fmt::format("--holdout: '{}' is not between 0 and 1", files_.holdout));
  if (settings_.eval_every == 0) return usage_error("--eval-every: '0' is out of range; allowed: 1 or more");
  if (log_ == model_) return usage_error("--log-json and --model name the same file; give each its own");
  const std::vector<std::string> inputs = {files_.train, files_.test, label_names_, feature_names_};
  if (auto ok = check_not_input(log_, inputs); !ok) return ok;
  return check_replaceable(model_, inputs);
}

Result<Model> Train::make_model(const ConfigSource::Resolved& asked, const TrainingData& data) const {
  const Shape shape{data.train.feature_count, data.train.label_count};
  // Before a model is made or read: a wrong pair of files should cost no time.
  if (!resume_ && data.validation) {
    if (auto fits = check_fits(*data.validation, data.validation_path, shape.features, shape.labels); !fits) return fits.error();
  }
  auto model = resume_ ? resumed_model(asked, data) : new_model(asked.config, shape);
  if (!model) return model;
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

Result<Model> Train::resumed_model(const ConfigSource::Resolved& asked, const TrainingData& data) const {
  auto model = Model::load(model_, LoadFor::training);
  if (!model) return model;
  const Shape shape = model->shape();
  ConfigSource::Resolved wanted = asked;
  tune_tables(wanted.config, shape);
  if (auto same = check_same(wanted, model->config(), model_); !same) return same.error();
  if (auto fits = check_fits(data.train, files_.train, shape.features, shape.labels); !fits) return fits.error();
  if (!data.validation) return model;
  if (auto fits = check_fits(*data.validation, data.validation_path, shape.features, shape.labels); !fits) return fits.error();
  return model;
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

void Train::describe(const Model& model, const MemoryEstimate& need, std::uint32_t threads) const {
  if (settings_.quiet) return;
  const Config& config = model.config();
  const auto text = [&](std::string_view name) {
    for (const Option& option : options()) {
      if (option.name == name) return option.get(config);
    }
    return std::string();
  };
  const double bytes = static_cast<double>(need.weights + need.optimizer_state) / static_cast<double>(model.parameters());
  note(fmt::format(
      "model {} -> {} -> {}: {} parameters of {:.1f} bytes, {}, {}, sampler {}; training needs about {}, {} available",
      grouped(model.shape().features), fmt::join(config.hidden, " -> "), grouped(model.shape().labels),
      grouped(model.parameters()), bytes, text("storage"), text("optimizer"), text("sampler"), bytes_text(need.total()),
      bytes_text(available_memory())));
  std::string level;
  for (const SimdLevel& one : simd_levels()) {
    if (one.active) level = one.name;
  }
  note(fmt::format("simd {}, {} threads", level, threads));
  if (resume_) note(fmt::format("resuming after epoch {} of {}", model.epochs_done(), config.epochs));
}

Result<int> Train::run() {
  settings_.started = std::chrono::steady_clock::now();
  settings_.model_path = model_;
  ignore_broken_pipes();
  if (auto ok = check_arguments(); !ok) return ok.error();
  auto asked = config_.resolve();
  if (!asked) return asked.error();
  const ThreadLimit limit(asked->config.threads);
  auto log = EventLog::open(log_);
  if (!log) return log.error();
  const auto data = read_training_data(files_, data_, asked->config.seed, settings_.quiet);
  if (!data) return data.error();
  if (!resume_ && !config_.names_preset()) {
    const PresetChoice choice = choose_preset(data->train);
    asked = config_.resolve_from(choice.preset);
    if (!asked) return asked.error();
    if (!settings_.quiet) note(fmt::format("preset {}: {}", choice.preset, choice.reason));
  }
  auto model = make_model(*asked, *data);
  if (!model) return model.error();

  const std::uint32_t threads = effective_threads(asked->config.threads);
  const MemoryEstimate need = estimate_training_memory(model->config(), model->shape());
  describe(*model, need, threads);
  if (!resume_) log->restart();
  log->write(start_json(*model, data->events, need.total(), threads));
  return TrainingRun(*model, data->train, data->validation, settings_, *log).run();
}

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace glissade::apps
