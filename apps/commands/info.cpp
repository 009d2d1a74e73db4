#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/runtime.h>

#include "apps/commands/command.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"

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
  text += fmt::format("memory          {} available\n", bytes_text(available_memory()));
  return text;
}

std::string layers_text(const Model& model) {
  return fmt::format("{} -> {} -> {}", grouped(model.shape().features), fmt::join(model.config().hidden, " -> "),
                     grouped(model.shape().labels));
}

std::string model_text(const Model& model, const std::string& path) {
  const auto count = [](const std::vector<std::string>& names) { return names.empty() ? "none" : grouped(names.size()); };
  std::string text = fmt::format("model            {}\n", path);
  text += fmt::format("layers           {}\n", layers_text(model));
  text += fmt::format("parameters       {}\n", grouped(model.parameters()));
  text += fmt::format("steps            {}\n", grouped(model.step()));
  const std::string within = model.pass_done() > 0 ? fmt::format(", {} samples into the next", grouped(model.pass_done())) : "";
  text += fmt::format("epochs           {} of {}{}\n", model.epochs_done(), model.config().epochs, within);
  text += fmt::format("training samples {}\n", grouped(model.training_samples()));
  text += fmt::format("label names      {}\n", count(model.label_names()));
  text += fmt::format("feature names    {}\n", count(model.feature_names()));
  text += fmt::format("memory           {}\n", bytes_text(model.memory_bytes()));
  return text + "\n" + to_text(model.config());
}

class Info : public Command {
 public:
  const char* name() const noexcept override { return "info"; }
  const char* summary() const noexcept override { return "Show what this build and machine offer, or what a model file holds"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file to describe.")->type_name("FILE");
  }

  Result<int> run() override {
    std::string text = model_.empty() ? machine_text() : "";
    if (!model_.empty()) {
      const auto model = Model::load(model_);
      if (!model) return model.error();
      text = model_text(*model, model_);
    }
    if (auto written = put(text); !written) return written.error();
    return 0;
  }

 private:
  std::string model_;
};

}  // namespace

std::unique_ptr<Command> make_info() { return std::make_unique<Info>(); }

}  // namespace glissade::apps
