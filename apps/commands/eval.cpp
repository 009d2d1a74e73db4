#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/metrics.h>
#include <glissade/model.h>

#include "apps/commands/command.h"
#include "apps/config/search.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/data_options.h"

namespace glissade::apps {
namespace {

double milliseconds_per_sample(const Evaluation& evaluation) {
  return evaluation.metrics.samples == 0 ? 0 : 1e3 * evaluation.seconds / static_cast<double>(evaluation.metrics.samples);
}

std::string table(const Evaluation& evaluation, const std::string& search) {
  const Metrics& m = evaluation.metrics;
  std::string text = fmt::format("{:<6}", "");
  for (const auto cutoff : kCutoffs) text += fmt::format("{:>8}", fmt::format("@{}", cutoff));
  const auto row = [&](const char* name, const std::array<double, 3>& values) {
    text += fmt::format("\n{:<6}", name);
    for (const double value : values) text += fmt::format("{:>8}", percent(value));
  };
  row("P", m.precision);
  row("nDCG", m.ndcg);
  row("PSP", m.psp);
  text += fmt::format("\nsamples {}, without labels {}, search {}, {:.4f} ms/sample, labels scored {} %\n", grouped(m.samples),
                      grouped(m.unlabelled), search, milliseconds_per_sample(evaluation), percent(evaluation.candidates_share));
  return text;
}

std::string json(const Evaluation& evaluation, const std::string& search) {
  const Metrics& m = evaluation.metrics;
  nlohmann::ordered_json out;
  out["samples"] = m.samples;
  out["unlabelled"] = m.unlabelled;
  out["search"] = search;
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("p@{}", kCutoffs[i])] = m.precision[i];
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("ndcg@{}", kCutoffs[i])] = m.ndcg[i];
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) out[fmt::format("psp@{}", kCutoffs[i])] = m.psp[i];
  out["seconds"] = evaluation.seconds;
  out["ms_per_sample"] = milliseconds_per_sample(evaluation);
  out["candidates_share"] = evaluation.candidates_share;
  return out.dump() + "\n";
}

class Eval : public Command {
 public:
  const char* name() const noexcept override { return "eval"; }
  const char* summary() const noexcept override { return "Score a model on labelled data: P@k, nDCG@k and PSP@k, in percent"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file.")->type_name("FILE");
    parser.add_option("--test", test_, "Labelled data; rows without labels are counted but not scored.")->type_name("FILE");
    parser.add_option("--search", search_, kSearchHelp)->type_name("NAME");
    parser.add_flag("--json", json_, "Print one JSON object; its shares are from 0 to 1.");
    threads_.add_options(parser);
    data_.add_options(parser);
  }

  Result<int> run() override {
    if (model_.empty() || test_.empty()) return usage_error("eval needs --model FILE and --test FILE");
    const auto search = choose("--search", search_, kSearches);
    if (!search) return search.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    const auto model = Model::load(model_);
    if (!model) return model.error();
    const auto data = data_.read(test_, "test data");
    if (!data) return data.error();
    const Shape shape = model->shape();
    if (auto fits = check_fits(data->view(), test_, shape.features, shape.labels); !fits) return fits.error();
    const auto evaluation = evaluate(*model, data->view(), {*search});
    if (!evaluation) return evaluation.error();
    if (auto written = put(json_ ? json(*evaluation, search_) : table(*evaluation, search_)); !written) return written.error();
    return 0;
  }

 private:
  std::string model_;
  std::string test_;
  std::string search_ = "exact";
  bool json_ = false;
  ThreadsOption threads_;
  DataOptions data_;
};

}  // namespace

std::unique_ptr<Command> make_eval() { return std::make_unique<Eval>(); }

}  // namespace glissade::apps
