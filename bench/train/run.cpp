#include "bench/train/run.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/runtime.h>
#include <glissade/trainer.h>
#include <glissade/tuning.h>

#include "bench/train/data.h"
#include "bench/train/probe.h"
#include "engine/dense/gemm.h"
#include "engine/runtime/available_memory.h"

namespace glissade::bench {
namespace {

/// The element type that the output layer's products read.
const char* product_name(const Config& config) {
  constexpr const char* kNames[] = {"f32", "bf16", "f16"};
  const bool blocks =
      config.active_set.fused && (config.active_set.scope == Scope::shared || config.active_set.sampler == SamplerKind::full);
  return kNames[static_cast<int>(blocks ? dense::step_element_for(config.network.storage)
                                        : dense::element_for(config.network.storage))];
}

constexpr double kMib = 1024.0 * 1024.0;

/// The widest instruction set that oneDNN may use, after the ceiling that GLISSADE_SIMD sets: "avx512_core_amx".
std::string onednn_isa() {
  const std::string name = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
  const std::string prefix = "cpu_isa_";
  return name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
}

/// Resident memory that is no file's: what the peak is without the mapped data set and the program itself.
double anonymous_mib() {
  std::ifstream file("/proc/self/status");
  const std::string status(std::istreambuf_iterator<char>(file), {});
  return static_cast<double>(runtime::kib_field(status, "RssAnon").value_or(0)) / kMib;
}

/// One line on standard error each ten seconds of an epoch.
class Heartbeat {
 public:
  Heartbeat(const std::string& name, std::uint32_t epochs) : name_(name), epochs_(epochs) {}

  bool operator()(const Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::seconds(10)) return true;
    last_ = now;
    fmt::print(stderr, "{}: epoch {}/{}, {:.0f} %, {:.0f} samples/s, loss {:.4f}\n", name_, progress.epoch, epochs_,
               100.0 * static_cast<double>(progress.samples_done) / static_cast<double>(progress.samples_total),
               progress.samples_per_second, progress.loss);
    return true;
  }

 private:
  const std::string& name_;
  std::uint32_t epochs_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void add_metrics(Json& json, const Metrics& metrics) {
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) {
    json[fmt::format("p@{}", kCutoffs[i])] = metrics.precision[i];
    json[fmt::format("psp@{}", kCutoffs[i])] = metrics.psp[i];
    json[fmt::format("ndcg@{}", kCutoffs[i])] = metrics.ndcg[i];
  }
}

/// Of all threads of this process.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Of the training so far: what passed, and what all threads together computed.
struct Spent {
  double seconds = 0;
  double computed = 0;
};

Json epoch_json(const EpochReport& report, const Spent& spent, double computed, const std::optional<Evaluation>& evaluation) {
  Json json = {{"epoch", report.epoch},
               {"train_seconds", report.train_seconds},
               {"train_seconds_so_far", spent.seconds},
               {"train_cpu_seconds", computed},
               {"train_cpu_seconds_so_far", spent.computed},
               {"samples", report.samples},
               {"steps", report.steps},
               {"samples_per_second", report.samples_per_second},
               {"loss", report.loss},
               {"sampling_seconds", report.phases[Phase::sampling]},
               {"rehash_seconds", report.phases[Phase::rehash]},
               {"active_share", report.active_share},
               {"rows_touched_share", report.rows_touched_share},
               {"rows_rehashed", report.rows_rehashed},
               {"peak_mib", peak_memory_mib()}};
  if (!evaluation) return json;
  json["eval_seconds"] = evaluation->seconds;
  add_metrics(json, evaluation->metrics);
  return json;
}

void say(const std::string& name, std::uint32_t epochs, const Json& epoch) {
  std::string line = fmt::format("{}: epoch {}/{} in {:.2f} s, loss {:.4f}", name, epoch["epoch"].get<int>(), epochs,
                                 epoch["train_seconds"].get<double>(), epoch["loss"].get<double>());
  if (epoch.contains("p@1")) line += fmt::format(", P@1 {:.2f}", 100 * epoch["p@1"].get<double>());
  fmt::print(stderr, "{}\n", line);
}

/// What the report summarises: means per epoch, and the metrics of the last evaluation.
void add_scalars(Json& run, std::size_t test_rows) {
  const Json& epochs = run["epochs"];
  const auto sum = [&epochs](const char* key) {
    double total = 0;
    for (const Json& epoch : epochs) total += epoch[key].get<double>();
    return total;
  };
  const auto mean = [&](const char* key) { return sum(key) / static_cast<double>(epochs.size()); };
  const Json last = epochs.back();
  Json scalars;
  for (const auto& [key, value] : last.items()) {
    if (key.find('@') != std::string::npos || key.ends_with("_cosine") || key.ends_with("_error")) scalars[key] = value;
  }
  scalars["train_seconds"] = sum("train_seconds");
  scalars["train_cpu_seconds"] = sum("train_cpu_seconds");
  scalars["seconds_per_epoch"] = mean("train_seconds");
  scalars["samples_per_second"] = sum("samples") / sum("train_seconds");
  for (const char* key : {"sampling_seconds", "rehash_seconds", "active_share", "rows_touched_share"}) scalars[key] = mean(key);
  scalars["eval_ms_per_sample"] = 1e3 * last["eval_seconds"].get<double>() / static_cast<double>(test_rows);
  scalars["peak_mib"] = peak_memory_mib();
  run.update(scalars);
}

Result<Json> train_epochs(Model& model, Trainer& trainer, const Data& data, const Arguments& arguments, const std::string& name) {
  Json epochs = Json::array();
  Spent spent;
  const std::uint32_t count = arguments.config.training.epochs;
  Heartbeat heartbeat(name, count);
  for (std::uint32_t i = 1; i <= count; ++i) {
    const double before = cpu_seconds();
    const auto report = trainer.train_epoch(data.train->view(), std::ref(heartbeat));
    if (!report) return report.error();
    const double computed = cpu_seconds() - before;
    spent.seconds += report->train_seconds;
    spent.computed += computed;
    std::optional<Evaluation> evaluation;
    if (i == count || i % arguments.eval_every == 0) {
      auto done = evaluate(model, data.test->view(), {.search = Search::exact});
      if (!done) return done.error();
      evaluation = *done;
    }
    epochs.push_back(epoch_json(*report, spent, computed, evaluation));
    if (evaluation && arguments.probe) probe_active_sets(model, data.test->view(), epochs.back());
    say(name, count, epochs.back());
  }
  return epochs;
}

}  // namespace

Result<Json> run_training(const Arguments& arguments, const Variant& variant) {
  Config config = arguments.config;
  for (const auto& [option, value] : variant.settings) {
    if (auto set = set_option(config, option, value); !set) return set.error();
  }
  const auto data = load_data(arguments, false);
  if (!data) return data.error();
  const DatasetView& train = data->train->view();
  if (train.size() == 0 || data->test->view().size() == 0)
    return runtime_error("no rows to train on or to evaluate on; see --holdout");
  const Shape shape{train.feature_count, train.label_count};
  if (auto valid = validate(config, shape); !valid) return valid.error();
  const std::string tuned = tune_tables(config, shape);
  const MemoryEstimate need = estimate_training_memory(config, shape);
  if (auto enough = check_memory(need); !enough) return enough.error();
  auto model = Model::create(config, shape);
  if (!model) return model.error();
  auto trainer = Trainer::create(*model, train.size());
  if (!trainer) return trainer.error();
  const double before = peak_memory_mib();
  auto epochs = train_epochs(*model, *trainer, *data, arguments, variant.name);
  if (!epochs) return epochs;

  const auto parameters = static_cast<double>(model->parameters());
  Json run = {{"variant", variant.name},
              {"sampler", option_text(config, "sampler")},
              {"active", config.active_set.size.of(train.label_count)},
              {"tuned", tuned},
              {"parameters", model->parameters()},
              {"bytes_per_parameter", static_cast<double>(need.weights + need.optimizer_state) / parameters},
              {"weight_bytes_per_parameter", static_cast<double>(need.weights) / parameters},
              {"anonymous_mib", anonymous_mib()},
              {"memory_estimate_mib", static_cast<double>(need.total()) / kMib},
              {"peak_mib_before_training", before},
              {"read_from_cache", data->reading["from_cache"]},
              {"products", product_name(config)},
              {"onednn_isa", onednn_isa()}};
  run["epochs"] = std::move(*epochs);
  add_scalars(run, data->test->view().size());
  return run;
}

}  // namespace glissade::bench
