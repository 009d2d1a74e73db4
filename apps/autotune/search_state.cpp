#include "apps/autotune/search_state.h"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/training/checkpoints.h"
#include "datasets/atomic_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

constexpr int kVersion = 1;
using Json = nlohmann::ordered_json;

/// Numbers beyond 2^53 are no safe JSON numbers.
std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

Json json_of(const Trial& trial) {
  return {{"preset", trial.candidate.preset},
          {"settings", trial.candidate.settings},
          {"rung", trial.rung},
          {"split", trial.split},
          {"share", trial.share},
          {"rows", trial.rows},
          {"epochs", trial.epochs},
          {"seconds", trial.seconds},
          {"fixed_seconds", trial.fixed_seconds},
          {"score", trial.score},
          {"low", trial.low},
          {"high", trial.high},
          {"lost", trial.lost},
          {"gained", trial.gained},
          {"weight", trial.weight}};
}

Trial trial_of(const Json& json) {
  Trial trial;
  json.at("preset").get_to(trial.candidate.preset);
  json.at("settings").get_to(trial.candidate.settings);
  json.at("rung").get_to(trial.rung);
  json.at("split").get_to(trial.split);
  json.at("share").get_to(trial.share);
  json.at("rows").get_to(trial.rows);
  json.at("epochs").get_to(trial.epochs);
  json.at("seconds").get_to(trial.seconds);
  json.at("fixed_seconds").get_to(trial.fixed_seconds);
  json.at("score").get_to(trial.score);
  json.at("low").get_to(trial.low);
  json.at("high").get_to(trial.high);
  json.at("lost").get_to(trial.lost);
  json.at("gained").get_to(trial.gained);
  json.at("weight").get_to(trial.weight);
  return trial;
}

Json json_of(const SearchState& state) {
  Json settings = Json::array(), trials = Json::array();
  for (const Setting& setting : state.settings) settings.push_back({setting.name, setting.text});
  for (const Trial& trial : state.trials) trials.push_back(json_of(trial));
  return {{"glissade_autotune", kVersion},
          {"minutes", state.minutes},
          {"monitor", state.monitor},
          {"patience", state.patience},
          {"min_delta", state.min_delta},
          {"holdout", state.holdout},
          {"holdout_last", state.holdout_last},
          {"preset", state.preset},
          {"settings", settings},
          {"config", state.config},
          {"data", hex(state.data)},
          {"trials", trials}};
}

SearchState state_of(const Json& json) {
  SearchState state;
  json.at("minutes").get_to(state.minutes);
  json.at("monitor").get_to(state.monitor);
  json.at("patience").get_to(state.patience);
  json.at("min_delta").get_to(state.min_delta);
  json.at("holdout").get_to(state.holdout);
  json.at("holdout_last").get_to(state.holdout_last);
  json.at("preset").get_to(state.preset);
  for (const Json& setting : json.at("settings"))
    state.settings.push_back({setting.at(0).get<std::string>(), setting.at(1).get<std::string>(), ""});
  json.at("config").get_to(state.config);
  state.data = std::stoull(json.at("data").get<std::string>(), nullptr, 16);
  for (const Json& trial : json.at("trials")) state.trials.push_back(trial_of(trial));
  return state;
}

}  // namespace

Result<SearchState> SearchState::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return runtime_error(fmt::format("the search {} cannot be read; start it anew without --resume", datasets::quoted(path)));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    const Json json = Json::parse(text);
    if (json.at("glissade_autotune").get<int>() == kVersion) return state_of(json);
    return runtime_error(
        fmt::format("the search {} is of another version; start it anew without --resume", datasets::quoted(path)));
  } catch (const std::exception&) {
    return runtime_error(fmt::format("the search {} is damaged; start it anew without --resume", datasets::quoted(path)));
  }
}

Result<void> SearchState::write(const std::string& path) const {
  auto file = datasets::AtomicFile::create(path);
  if (!file) return file.error();
  if (auto written = file->write(json_of(*this).dump() + "\n"); !written) return written;
  return file->commit();
}

bool search_is_newest(const std::string& model_path) {
  namespace fs = std::filesystem;
  std::error_code code;
  const auto time = fs::last_write_time(SearchState::path_for(model_path), code);
  if (code) return false;
  const auto states = Checkpoints::newest_first(model_path);
  if (states.empty()) return true;
  const auto newest = fs::last_write_time(states.front(), code);
  return code || time > newest;
}

}  // namespace glissade::apps
