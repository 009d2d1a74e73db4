#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/prune.h>
#include <glissade/refit.h>

#include "apps/commands/command.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/evaluation/scored_rows.h"
#include "apps/input/data_options.h"
#include "apps/pruning/cross_fit.h"
#include "apps/pruning/size_table.h"
#include "apps/pruning/wanted_size.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

/// A file for trials where none is written for good.
std::string scratch_beside(const std::string& out) {
  if (!out.empty()) return out + ".trial";
  std::error_code failed;
  const auto folder = std::filesystem::temp_directory_path(failed);
  return ((failed ? std::filesystem::path(".") : folder) / fmt::format("glissade-prune-{}.trial", ::getpid())).string();
}

class Prune : public Command {
 public:
  const char* name() const noexcept override { return "prune"; }
  const char* summary() const noexcept override { return "Make a trained model smaller, to a wanted size; show what sizes cost"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file to prune.")->type_name("FILE");
    parser.add_option("--out", out_, "Model file to write: it answers like any other, and cannot be trained on.")
        ->type_name("FILE");
    const auto take = [&parser](const char* option, auto read, const char* help) {
      const auto set = [option, read](const std::string& text) {
        if (const std::string wrong = read(text); !wrong.empty()) throw CLI::ValidationError(option, wrong);
      };
      return parser.add_option_function<std::string>(option, set, help);
    };
    take(
        "--size", [this](const std::string& text) { return read_wanted_size(text, size_.emplace()); },
        "Size to reach: a share of the model without its training state, or bytes, such as 80MB. Default 25%.")
        ->type_name("SIZE");
    take(
        "--sparsity", [this](const std::string& text) { return read_percentage(text, sparsity_.emplace()); },
        "Instead of --size: share of the weights that vanish.")
        ->type_name("PERCENT");
    take(
        "--steps", [this](const std::string& text) { return read_steps(text, steps_.emplace()); },
        "Instead of --size: how coarsely each part is told, as the last column of the table says it.")
        ->type_name("S,S,S,S,S");
    take(
        "--sizes", [this](const std::string& text) { return read_wanted_sizes(text, sizes_); },
        "Instead of --out: print a table of these sizes and of what they score on --rows.")
        ->type_name("SIZE,SIZE");
    parser
        .add_option("--rows", rows_,
                    "Labelled rows to score the model on before and after. With --choose neither rows that it was trained on nor "
                    "a test set.")
        ->type_name("FILE");
    parser.add_flag(
        "--choose", choose_,
        "With --rows: measure on these rows what each part of the model loses by being told coarsely, and balance the "
        "parts by it. Scores some 20 models.");
    parser.add_flag("--refit", refit_,
                    "With --rows: weigh the pruned model's paths anew on these rows, which then must be neither rows that it was "
                    "trained on nor a test set.");
    threads_.add_options(parser);
    data_.add_options(parser);
    parser_ = &parser;
  }

  Result<int> run() override {
    if (auto ok = check_arguments(); !ok) return ok.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    auto pruner = Pruner::open(model_);
    if (!pruner) return pruner.error();
    if (!rows_.empty()) {
      if (pruner->model().shape().vector_width != 0)
        return usage_error(
            fmt::format("--rows: {} takes vectors beside its features; leave it out, and score the pruned model with eval",
                        datasets::quoted(model_)));
      auto read = read_scored_rows(pruner->model(), model_, rows_, data_, {}, {});
      if (!read) return read.error();
      scored_ = std::move(*read);
      if (refit_ && !has_ranker(pruner->model()))
        return usage_error(fmt::format("--refit weighs the paths of a model, and {} has none beside the hidden one; leave it out",
                                       datasets::quoted(model_)));
      if (refit_) cross_fit_.emplace(*scored_);
      auto whole = score(pruner->model());
      if (!whole) return whole.error();
      table_.push_back({"100 %", {pruner->whole_bytes(), pruner->weights()}, {}, std::move(*whole)});
    }
    if (auto done = sizes_.empty() ? write(*pruner) : try_sizes(*pruner); !done) return done.error();
    if (rows_.empty()) return 0;
    if (auto written = put(size_table(table_, *pruner)); !written) return written.error();
    return 0;
  }

 private:
  Result<void> check_arguments() const {
    if (model_.empty()) return usage_error("prune needs --model FILE");
    if (auto ok = check_file_name("--model", model_); !ok) return ok;
    if (auto ok = check_file_name("--out", out_); !ok) return ok;
    if (int{size_.has_value()} + int{sparsity_.has_value()} + int{steps_.has_value()} > 1)
      return usage_error("--size, --sparsity and --steps exclude each other; give one of them");
    if (!sizes_.empty() && (size_ || sparsity_ || steps_ || !out_.empty()))
      return usage_error("--sizes prints a table and writes no model; leave --out, --size, --sparsity and --steps out");
    if (!sizes_.empty() && rows_.empty()) return usage_error("--sizes needs --rows FILE to score the models on");
    if (sizes_.empty() && out_.empty()) return usage_error("prune needs --out FILE, or --sizes with --rows FILE");
    if (choose_ && rows_.empty()) return usage_error("--choose needs --rows FILE to choose by");
    if (refit_ && rows_.empty()) return usage_error("--refit needs --rows FILE to fit the ranker on");
    if (choose_ && (sparsity_ || steps_))
      return usage_error("--choose is about sizes, and --sparsity and --steps are none; leave one of them out");
    if (auto ok = check_idle(); !ok) return ok;
    if (!out_.empty()) return check_replaceable(out_, {model_, rows_});
    return {};
  }

  /// Options that say how rows are read, without rows.
  Result<void> check_idle() const {
    if (!rows_.empty()) return data_.check();
    for (const CLI::Option* option : parser_->get_options()) {
      const std::string name = option->get_name();
      const bool is_ours = name == "--model" || name == "--out" || name == "--size" || name == "--sparsity" ||
                           name == "--steps" || name == "--threads";
      if (option->count() > 0 && !is_ours)
        return usage_error(fmt::format("{} is about rows, and there are none; give --rows FILE, or leave it out", name));
    }
    return {};
  }

  Result<Evaluation> score(const Model& model) const {
    EvaluateOptions options;
    options.excluded = scored_->excluded;
    auto evaluation = evaluate(model, scored_->view, options);
    if (!evaluation)
      return Error{fmt::format("{}: {}", datasets::quoted(rows_), evaluation.error().message), evaluation.error().kind};
    return evaluation;
  }

  /// With --refit what it scores once its ranker is fitted anew.
  Result<Evaluation> score_pruned(Model& model, const Pruner& pruner) const {
    if (!cross_fit_) return score(model);
    auto evaluation = cross_fit_->evaluate(model, pruner.model());
    if (!evaluation)
      return Error{fmt::format("{}: {}", datasets::quoted(rows_), evaluation.error().message), evaluation.error().kind};
    return evaluation;
  }

  /// What is good: P@1 alone is noisy on a few thousand rows.
  Result<double> goodness(Model& model, const Pruner& pruner) const {
    const auto evaluation = score_pruned(model, pruner);
    if (!evaluation) return evaluation.error();
    return evaluation->metrics.precision[0] + evaluation->metrics.ndcg.back();
  }

  Result<PruneMix> mix_for(const Pruner& pruner, const WantedSize& size, const std::string& scratch) {
    const std::uint64_t bytes = size.of(pruner.whole_bytes());
    if (!choose_) return pruner.mix_for_bytes(bytes);
    if (!curves_) {
      auto measured = pruner.measure(scratch, [&](Model& model) { return goodness(model, pruner); });
      if (!measured) return measured.error();
      curves_ = *measured;
    }
    return pruner.mix_for_bytes(bytes, *curves_);
  }

  /// Scores the model file at `path` and adds it to the table.
  Result<void> add_line(const Pruner& pruner, const std::string& path, std::string size, const Pruner::Size& taken,
                        const PruneMix& mix) {
    auto model = Model::load(path);
    if (!model) return model.error();
    auto evaluation = score_pruned(*model, pruner);
    if (!evaluation) return evaluation.error();
    table_.push_back({std::move(size), taken, mix, std::move(*evaluation)});
    return {};
  }

  Result<void> write(const Pruner& pruner) {
    const WantedSize wanted = size_.value_or(WantedSize{kUsualShare, 0});
    const auto mix = steps_      ? Result<PruneMix>(*steps_)
                     : sparsity_ ? pruner.mix_for_weights(1 - *sparsity_)
                                 : mix_for(pruner, wanted, scratch_beside(out_));
    if (!mix) return mix.error();
    const auto taken = pruner.write(*mix, out_, refit(pruner));
    if (!taken) return taken.error();
    const double share = static_cast<double>(taken->bytes) / static_cast<double>(pruner.whole_bytes());
    note(fmt::format("wrote {} ({}, {} % of {}), {} of {} weights left, steps {}", datasets::quoted(out_),
                     system::bytes_text(taken->bytes), percent(share, 1), system::bytes_text(pruner.whole_bytes()),
                     grouped(taken->weights), grouped(pruner.weights()), mix_text(*mix)));
    if (rows_.empty()) return {};
    return add_line(pruner, out_, sparsity_ || steps_ ? "pruned" : wanted.text(), *taken, *mix);
  }

  /// None without --refit.
  Pruner::Refit refit(const Pruner& pruner) const {
    if (!refit_) return {};
    return [this, &pruner](Model& model) { return refit_ranker(model, scored_->view, pruner.model()); };
  }

  Result<void> try_sizes(const Pruner& pruner) {
    const std::string path = scratch_beside("");
    for (const WantedSize& size : sizes_) {
      const auto mix = mix_for(pruner, size, path);
      if (!mix) return mix.error();
      const auto taken = pruner.write(*mix, path);
      const auto added = taken ? add_line(pruner, path, size.text(), *taken, *mix) : Result<void>(taken.error());
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
      if (!added) return added;
    }
    return {};
  }

  static constexpr double kUsualShare = 0.25;

  const CLI::App* parser_ = nullptr;
  std::string model_, out_, rows_;
  std::optional<WantedSize> size_;
  std::optional<double> sparsity_;  ///< share of the weights that vanish
  std::optional<PruneMix> steps_;
  std::vector<WantedSize> sizes_;
  bool choose_ = false, refit_ = false;
  ThreadsOption threads_;
  DataOptions data_;
  std::optional<ScoredRows> scored_;
  std::optional<CrossFit> cross_fit_;
  std::optional<PruneCurves> curves_;
  std::vector<SizedModel> table_;
};

}  // namespace

std::unique_ptr<Command> make_prune() { return std::make_unique<Prune>(); }

}  // namespace glissade::apps
