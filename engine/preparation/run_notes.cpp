#include <glissade/run_notes.h>

#include <bit>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace glissade {
namespace {

/// Numbers beyond 2^53 are no safe JSON numbers.
std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::uint64_t number(const nlohmann::json& json, const char* key) {
  return std::stoull(json.value(key, std::string("0")), nullptr, 16);
}

nlohmann::ordered_json report_json(const EpochReport& report) {
  return {{"epoch", report.epoch},
          {"samples", report.samples},
          {"steps", report.steps},
          {"train_seconds", report.train_seconds},
          {"samples_per_second", report.samples_per_second},
          {"loss", report.loss},
          {"precision_at_1", report.precision_at_1},
          {"active_share", report.active_share}};
}

EpochReport report_of(const nlohmann::json& json) {
  EpochReport report;
  report.epoch = json.value("epoch", 0u);
  report.samples = json.value("samples", std::uint64_t{0});
  report.steps = json.value("steps", std::uint64_t{0});
  report.train_seconds = json.value("train_seconds", 0.0);
  report.samples_per_second = json.value("samples_per_second", 0.0);
  report.loss = json.value("loss", 0.0);
  report.precision_at_1 = json.value("precision_at_1", 0.0);
  report.active_share = json.value("active_share", 0.0);
  return report;
}

/// The last step of SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of `x`.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Data beyond that may be larger than memory, and would have to be read from disk once more: 8 GiB.
constexpr std::size_t kMostEntries = std::size_t{1} << 30;

std::uint64_t never_0(std::uint64_t x) noexcept { return x == 0 ? 1 : x; }

}  // namespace

RunNotes RunNotes::parse(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    RunNotes notes;
    if (!json.is_object()) return notes;
    if (json.contains("holdout")) notes.holdout = json.at("holdout").get<double>();
    if (json.contains("holdout_last")) notes.holdout_last = json.at("holdout_last").get<std::uint32_t>();
    notes.time_share = json.value("time_share", 0.0);
    notes.watch.metric = json.value("monitor", "");
    notes.watch.best = json.value("best", 0.0);
    notes.watch.best_epoch = json.value("best_epoch", 0u);
    notes.watch.since_best = json.value("since_best", 0u);
    notes.watch.patience = json.value("patience", 0u);
    notes.watch.min_delta = json.value("min_delta", 0.0);
    if (json.contains("unevaluated")) notes.unevaluated = report_of(json.at("unevaluated"));
    notes.validation = number(json, "validation");
    notes.rows = number(json, "rows");
    notes.groups = number(json, "groups");
    notes.label_text = number(json, "label_text");
    notes.name_rows = json.value("name_rows", std::uint64_t{0});
    notes.repeated_rows = json.value("repeated_rows", "");
    notes.text = number(json, "text");
    return notes;
  } catch (const std::exception&) {
    return {};  // somebody else's notes under the same names
  }
}

std::string RunNotes::json() const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (holdout) json["holdout"] = *holdout;
  if (holdout_last) json["holdout_last"] = *holdout_last;
  if (time_share > 0) json["time_share"] = time_share;
  if (!watch.metric.empty()) {
    json["monitor"] = watch.metric;
    json["best"] = watch.best;
    json["best_epoch"] = watch.best_epoch;
    json["since_best"] = watch.since_best;
    json["patience"] = watch.patience;
    json["min_delta"] = watch.min_delta;
  }
  if (unevaluated) json["unevaluated"] = report_json(*unevaluated);
  if (validation != 0) json["validation"] = hex(validation);
  if (rows != 0) json["rows"] = hex(rows);
  if (groups != 0) json["groups"] = hex(groups);
  if (label_text != 0) json["label_text"] = hex(label_text);
  if (name_rows != 0) json["name_rows"] = name_rows;
  if (!repeated_rows.empty()) json["repeated_rows"] = repeated_rows;
  if (text != 0) json["text"] = hex(text);
  return json.dump();
}

std::uint64_t unordered(const DatasetView& data, const RowPager* pager) noexcept {
  std::uint64_t sum = data.size();
  if (data.features.ids.size() > kMostEntries) return 0;
  RowTrail trail(pager, data);
  for (std::size_t row = 0; row < data.size(); ++row) {
    const auto ids = data.features.row_ids(row);
    const auto values = data.features.row_values(row);
    std::uint64_t features = 0, labels = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const float value = values.empty() ? 1.f : values[i];
      features += mix((std::uint64_t{ids[i]} << 32 | std::bit_cast<std::uint32_t>(value)) + 1);
    }
    if (!data.vectors.empty()) {
      for (const float value : data.vectors.row(row)) features = mix(features + std::bit_cast<std::uint32_t>(value) + 1);
    }
    for (const std::uint32_t label : data.labels.row_ids(row)) labels += mix(std::uint64_t{label} + 1);
    if (!data.weights.empty()) labels = mix(labels + std::bit_cast<std::uint32_t>(data.weights[row]));
    sum += mix(features ^ mix(labels));
    trail.passed(row + 1);
  }
  return never_0(sum);
}

std::uint64_t content(std::span<const std::uint32_t> tokens) noexcept {
  std::uint64_t state = tokens.size();
  for (const std::uint32_t token : tokens) state = mix(state + token + 0x9e3779b97f4a7c15u);
  return never_0(state);
}

}  // namespace glissade
