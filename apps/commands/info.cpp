#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <glissade/model.h>
#include <glissade/model_file_parts.h>
#include <glissade/options.h>
#include <glissade/preparation.h>
#include <glissade/run_memory.h>
#include <glissade/runtime.h>
#include <glissade/tuning.h>

#include "apps/commands/command.h"
#include "apps/config/config_source.h"
#include "apps/config/config_text.h"
#include "apps/config/number_option.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/columns_page.h"
#include "apps/input/data_options.h"
#include "apps/input/data_page.h"
#include "apps/input/record_options.h"
#include "apps/training/training_data.h"
#include "apps/training/weighting.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

std::string machine_text() {
  std::string text = fmt::format("glissade {}\n", version());
  const auto list = [&](const char* title, bool SimdLevel::*flag) {
    std::vector<std::string> names;
    for (const SimdLevel& level : simd_levels()) {
      if (level.*flag) names.push_back(level.name);
    }
    text += fmt::format("simd {:<10} {}\n", title, fmt::join(names, " "));
  };
  list("compiled", &SimdLevel::compiled);
  list("usable", &SimdLevel::usable);
  list("active", &SimdLevel::active);
  text += fmt::format("threads         {}\n", effective_threads(0));
  text += fmt::format("memory          {} available\n", system::bytes_text(available_memory()));
  return text;
}

std::string layers_text(const Model& model) {
  return fmt::format("{} -> {} -> {}", grouped(model.shape().features), fmt::join(model.config().network.hidden, " -> "),
                     grouped(model.shape().labels));
}

/// What a file consists of, part by part.
std::string parts_text(const std::vector<ModelFilePart>& parts) {
  std::uint64_t all = 0;
  for (const ModelFilePart& part : parts) all += part.bytes;
  std::string text = fmt::format("file             {}\n", system::bytes_text(all));
  for (const ModelFilePart& part : parts)
    text += fmt::format("  {:<22} {:>10} {:5.1f} %\n", part.name, system::bytes_text(part.bytes),
                        100 * static_cast<double>(part.bytes) / static_cast<double>(all));
  return text;
}

std::string model_text(const Model& model, const std::string& path, const std::vector<ModelFilePart>& parts) {
  const auto count = [](const std::vector<std::string>& names) { return names.empty() ? "none" : grouped(names.size()); };
  std::string text = fmt::format("model            {}\n", path);
  text += fmt::format("layers           {}\n", layers_text(model));
  text += fmt::format("parameters       {}\n", grouped(model.parameters()));
  text += fmt::format("steps            {}\n", grouped(model.step()));
  const std::string within = model.pass_done() > 0 ? fmt::format(", {} samples into the next", grouped(model.pass_done())) : "";
  text += fmt::format("epochs           {} of {}{}\n", model.epochs_done(), model.config().training.epochs, within);
  text += fmt::format("training samples {}\n", grouped(model.training_samples()));
  text += fmt::format("label names      {}\n", count(model.label_names()));
  text += fmt::format("feature names    {}\n", count(model.feature_names()));
  text += fmt::format("memory           {}\n", system::bytes_text(model.memory_bytes()));
  return text + parts_text(parts) + "\n" + config_text(model.config());
}

std::string estimate_text(const RunMemory& memory) {
  std::string text;
  for (const RunMemory::Part& part : memory.parts)
    text += fmt::format("{:<36} {:>10}\n", part.what, system::bytes_text(part.bytes));
  text += fmt::format("{:<36} {:>10}  {}\n", "needed", system::bytes_text(memory.total()), memory.moment);
  return text + fmt::format("{:<36} {:>10}\n", "available", system::bytes_text(available_memory()));
}

class Info : public Command {
 public:
  const char* name() const noexcept override { return "info"; }
  const char* summary() const noexcept override {
    return "Show what this build and machine offer, what a model file holds (its options as lines for --config), what data are, "
           "or what "
           "memory a training run will take";
  }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file to describe.")->type_name("FILE");
    parser
        .add_option("--data", described_, "Data file to describe: values, repeated rows, labels, and what 'train' makes of them.")
        ->type_name("FILE");
    parser.add_flag("--json", json_, "With --data: print one JSON object; its shares are from 0 to 1.");
    parser.add_flag(
        "--estimate", estimate_,
        "Estimate the memory of a training run, by what for. Takes the options of 'train', of which --train is needed.");
    parser.add_option("--train", files_.train, "With --estimate: training data.")->type_name("FILE");
    parser.add_option("--test", files_.test, "With --estimate: labelled data to evaluate on.")->type_name("FILE");
    add_number(parser, "--holdout", files_.holdout, {0, 1}, "With --estimate: part of the rows to hold out.")->type_name("SHARE");
    data_.add_options(parser);
    config_.add_options(parser);
    parser_ = &parser;
  }

  Result<int> run() override {
    if (auto ok = check_file_name("--model", model_); !ok) return ok.error();
    if (auto alone = check_alone(); !alone) return alone.error();
    if (estimate_) return estimate();
    if (!described_.empty()) return describe_data();
    std::string text = model_.empty() ? machine_text() : "";
    if (!model_.empty()) {
      const auto model = Model::load(model_);
      if (!model) return model.error();
      const auto parts = model_file_parts(model_);
      if (!parts) return parts.error();
      text = model_text(*model, model_, *parts);
    }
    if (auto written = put(text); !written) return written.error();
    return 0;
  }

 private:
  /// A model is described as it is, a run estimated as it would be: neither takes the other's options.
  Result<void> check_alone() const {
    const int subjects = (estimate_ ? 1 : 0) + (model_.empty() ? 0 : 1) + (described_.empty() ? 0 : 1);
    if (subjects > 1) return usage_error("info: --model, --data and --estimate exclude each other; give one of them");
    if (json_ && described_.empty()) return usage_error("info: --json goes with --data; give both, or neither");
    if (estimate_) return {};
    for (const CLI::Option* option : parser_->get_options()) {
      const std::string name = option->get_name();
      if (option->count() == 0 || name == "--model" || name == "--help") continue;
      if (!described_.empty() && reads_data(name)) continue;
      return usage_error(fmt::format("info: {} goes with --estimate; give both, or neither", name));
    }
    return {};
  }

  static bool reads_data(std::string_view option) {
    constexpr std::array<std::string_view, 7> kAll = {"--data",     "--json",      "--format", "--id-base",
                                                      "--no-cache", "--cache-dir", "--threads"};
    return std::ranges::find(kAll, option) != kAll.end();
  }

  Result<int> describe_data() {
    const auto asked = config_.resolve();
    if (!asked) return asked.error();
    if (data_.is_text(false)) return usage_error("info --data is for samples with labels; a running text has none");
    const ThreadLimit limit(asked->config.run.threads);
    if (is_record_format(data_.format())) return describe_columns();
    const auto data = data_.read(described_, "", {});
    if (!data) {
      if (data_.names_format()) return data.error();
      const auto page = columns_page(described_, {}, json_);
      return page && page->has_value() ? put_page(**page) : Result<int>(data.error());
    }
    const DataProfile seen = profile(data->view(), data->pager());
    const std::string text = json_ ? data_json(described_, data->view(), seen) : data_page(described_, data->view(), seen);
    if (auto written = put(text); !written) return written.error();
    return 0;
  }

  Result<int> describe_columns() {
    const auto format = choose_record_format(data_.format());
    if (!format) return format.error();
    datasets::RecordOptions reading;
    reading.format = *format;
    const auto page = columns_page(described_, reading, json_);
    if (!page) return page.error();
    return put_page(page->value_or(""));
  }

  static Result<int> put_page(const std::string& text) {
    if (auto written = put(text); !written) return written.error();
    return 0;
  }

  Result<int> estimate() {
    if (files_.train.empty()) return usage_error("info --estimate needs --train FILE");
    if (auto once = check_standard_input({files_.train, files_.test}); !once) return once.error();
    auto asked = config_.resolve();
    if (!asked) return asked.error();
    if (data_.is_text(asked->config.network.loss == LossKind::ns))
      return usage_error("info --estimate is for samples with labels; a running text takes what its vocabulary takes");
    const ThreadLimit limit(asked->config.run.threads);
    const bool chooses = config_.preset_name().empty();
    ReadSettings reading{asked->config.run.seed, true, {}};
    IdRows source(data_, {});
    reading.relations.find = chooses ? may_find_siblings(*asked) : finds_siblings(asked->config);
    const auto data = read_training_data(files_, source, reading);
    if (!data) return data.error();
    const auto& feature_labels = data->relations.feature_labels;
    if (chooses) asked = config_.resolve_from(choose_preset(data->train, feature_labels).preset);
    if (!asked) return asked.error();
    settle_weighting(*asked, false, profile(data->train, data->train_pager), false);
    const Shape shape{data->train.feature_count, data->train.label_count};
    if (auto valid = validate(asked->config, shape, !feature_labels.empty()); !valid) return valid.error();
    const DataFacts facts{
        .text = false, .paged = data->train_pager != nullptr, .named = true, .shape = shape, .samples = data->train.size()};
    for (const std::string& line : config_.warnings(*asked, asked->config, facts)) complain("warning: " + line);
    tune_tables(asked->config, shape);
    const auto held = static_cast<std::uint64_t>(resident_memory_mib() * (1 << 20));
    const DataSize size = data_size(asked->config, data->train, data->train_pager != nullptr);
    if (auto written = put(estimate_text(estimate_run_memory(asked->config, shape, size, held))); !written)
      return written.error();
    return 0;
  }

  const CLI::App* parser_ = nullptr;
  bool estimate_ = false, json_ = false;
  std::string described_;
  TrainingFiles files_;
  ConfigSource config_;
  DataOptions data_;
  std::string model_;
};

}  // namespace

std::unique_ptr<Command> make_info() { return std::make_unique<Info>(); }

}  // namespace glissade::apps
