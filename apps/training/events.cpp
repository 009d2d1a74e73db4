#include "apps/training/events.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <glissade/options.h>
#include <glissade/runtime.h>

namespace glissade::apps {
namespace {

using Json = nlohmann::ordered_json;

/// Numbers as numbers, everything else as text.
Json value_json(const std::string& text) {
  std::uint64_t whole = 0;
  const char* const end = text.data() + text.size();
  if (auto [at, error] = std::from_chars(text.data(), end, whole); error == std::errc() && at == end) return whole;
  double number = 0;
  if (auto [at, error] = std::from_chars(text.data(), end, number); error == std::errc() && at == end) return number;
  return text;
}

/// Tells rows apart that runs are scored on. Values are left out: a run may have weighted them.
std::string content_of(DatasetView rows) {
  rows.features.values = {};
  return fmt::format("{:016x}", fingerprint(rows));
}

Json data_json(const DataEvent& data) {
  Json json = {{"role", data.role},
               {"path", data.path},
               {"rows", data.tokens > 0 ? data.tokens : data.view.size()},
               {"features", data.view.feature_count},
               {"labels", data.view.label_count},
               {"feature_entries", data.view.features.ids.size()},
               {"from_cache", data.read.from_cache},
               {"text_bytes", data.read.text_bytes},
               {"read_seconds", data.read.total_seconds}};
  // Of a running text the view has no rows.
  if (data.role != "train" && data.tokens == 0) json["content"] = content_of(data.view);
  return json;
}

void add_metrics(Json& json, const std::optional<Evaluation>& evaluation, const std::string& prefix = "") {
  const auto add = [&](const char* name, const std::array<double, 3> Metrics::*values) {
    for (std::size_t i = 0; i < kCutoffs.size(); ++i) {
      json[fmt::format("{}{}@{}", prefix, name, kCutoffs[i])] = evaluation ? Json((evaluation->metrics.*values)[i]) : Json();
    }
  };
  add("p", &Metrics::precision);
  add("ndcg", &Metrics::ndcg);
  add("psp", &Metrics::psp);
}

Json machine_json(std::uint32_t threads) {
  std::string active;
  for (const SimdLevel& level : simd_levels()) {
    if (level.active) active = level.name;
  }
  return {{"simd", active},
          {"threads", threads},
          {"memory_available_mb", static_cast<double>(available_memory()) / (1024.0 * 1024.0)}};
}

}  // namespace

Json start_json(const Model& model, const std::vector<DataEvent>& data, std::uint64_t memory_need, std::uint32_t threads) {
  Json json = {{"event", "start"}, {"version", version()}};
  for (const Option& option : options()) {
    if (option.stored) json["config"][std::string(option.name)] = value_json(option.get(model.config()));
  }
  json["data"] = Json::array();
  for (const DataEvent& one : data) json["data"].push_back(data_json(one));
  json["parameters"] = model.parameters();
  json["memory_estimate_mb"] = static_cast<double>(memory_need) / (1024.0 * 1024.0);
  json["machine"] = machine_json(threads);
  json["epochs_done"] = model.epochs_done();
  return json;
}

Json checkpoint_json(const CheckpointReport& report) {
  return {{"event", "checkpoint"},
          {"path", report.path},
          {"step", report.step},
          {"bytes", report.bytes},
          {"pause_seconds", report.pause_seconds},
          {"save_seconds", report.save_seconds}};
}

Json epoch_json(const EpochEvent& event) {
  const EpochReport& r = event.report;
  Json json = {{"event", "epoch"},
               {"epoch", r.epoch},
               {"samples", r.samples},
               {"steps", r.steps},
               {"train_seconds", r.train_seconds},
               {"samples_per_second", r.samples_per_second},
               {"loss", r.loss}};
  add_metrics(json, event.evaluation);
  json["train_p@1"] = r.precision_at_1;
  json["active_share"] = r.active_share;
  json["rows_touched_share"] = r.rows_touched_share;
  json["features_touched_share"] = r.features_touched_share;
  json["rows_rehashed"] = r.rows_rehashed;
  json["input_wait_seconds"] = r.phases[Phase::gather];
  json["rehash_seconds"] = r.phases[Phase::rehash];
  json["sampling_seconds"] = r.phases[Phase::sampling];
  Json& phases = json["phase_seconds"] = Json::object();
  for (std::size_t i = 0; i < kPhaseNames.size(); ++i) phases[std::string(kPhaseNames[i])] = r.phases.seconds[i];
  if (!r.ranks.empty()) {
    json["ranks_steps"] = r.call_steps;
    Json& ranks = json["ranks"] = Json::array();
    for (const CommunicationCounts& one : r.ranks)
      ranks.push_back({{"messages", one.messages}, {"bytes_sent", one.bytes_sent}, {"seconds_waited", one.seconds_waited}});
  }
  json["eval_rows"] = event.evaluation ? Json(event.evaluation->metrics.samples) : Json();
  json["eval_seconds"] = event.evaluation ? Json(event.evaluation->seconds) : Json();
  json["save_seconds"] = event.save_seconds;
  json["checkpoint_pause_seconds"] = event.checkpoint_pause_seconds;
  json["peak_rss_mb"] = event.peak_rss_mib;
  return json;
}

Json done_json(const DoneEvent& event) {
  double train_seconds = 0;
  const EpochEvent* best = nullptr;
  for (const EpochEvent& epoch : event.epochs) {
    train_seconds += epoch.report.train_seconds;
    if (!epoch.evaluation) continue;
    if (best == nullptr || epoch.evaluation->metrics.precision[0] > best->evaluation->metrics.precision[0]) best = &epoch;
  }
  Json json = {{"event", "done"},
               {"epochs", event.epochs.size()},
               {"train_seconds", train_seconds},
               {"total_seconds", event.total_seconds}};
  add_metrics(json, event.epochs.empty() ? std::nullopt : event.epochs.back().evaluation);
  json["best_epoch"] = best != nullptr ? Json(best->report.epoch) : Json();
  json["best_p@1"] = best != nullptr ? Json(best->evaluation->metrics.precision[0]) : Json();
  json["stopped_early"] = event.stopped_early;
  if (event.test) add_metrics(json, event.test, "test_");
  json["model"] = event.model_path;
  json["model_bytes"] = event.model_bytes;
  json["peak_rss_mb"] = event.peak_rss_mib;
  return json;
}

}  // namespace glissade::apps
