#include "apps/training/checkpoints.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <glissade/model_shards.h>

#include "datasets/atomic_file.h"
#include "system/temporary_file.h"

namespace glissade::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".checkpoint-";

struct Found {
  fs::file_time_type time;
  std::string path;
};

bool is_checkpoint_of(const std::string& name, const std::string& model_name) {
  const std::string begin = model_name + std::string(kSuffix);
  if (!name.starts_with(begin) || name.size() == begin.size()) return false;
  return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(begin.size()), name.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Checkpoints::Checkpoints(const Model& model, std::string model_path, const CheckpointSettings& settings, Listener listener)
    : model_(model),
      model_path_(std::move(model_path)),
      settings_(settings),
      listener_(std::move(listener)),
      last_step_(model.step()) {}

bool Checkpoints::due() const {
  if (model_.pass_done() == 0) return false;  // nothing to go on from but the begin of the pass
  if (settings_.steps != 0 && model_.step() >= last_step_ + settings_.steps) return true;
  return settings_.minutes > 0 && Clock::now() - last_time_ >= std::chrono::duration<double>(60 * settings_.minutes);
}

void Checkpoints::after_step() {
  if (background_.busy()) collect(background_.poll());
  if (settings_.between_passes || background_.busy() || !due()) return;
  const auto begin = Clock::now();
  start(path_of_step());
  waited(begin);
}

void Checkpoints::save_step() {
  const auto begin = Clock::now();
  start(path_of_step());
  collect(background_.wait());
  waited(begin);
}

void Checkpoints::start(const std::string& path) {
  collect(background_.wait());
  writing_ = path;
  writing_step_ = model_.step();
  writing_epochs_ = model_.epochs_done();
  last_step_ = model_.step();
  last_time_ = Clock::now();
  background_.start(model_, path);
  if (!background_.busy()) collect(background_.poll());
}

void Checkpoints::save_model(bool always) {
  if (!always && model_.epochs_done() % settings_.epochs != 0) return;
  const auto begin = Clock::now();
  start(model_path_);
  waited(begin);
}

void Checkpoints::save_pass_end(bool always) {
  if (!always && model_.epochs_done() % settings_.epochs != 0) return;
  const auto begin = Clock::now();
  start(path_of_step());
  waited(begin);
}

Result<void> Checkpoints::save_last(bool with_training_state) {
  collect(background_.wait());
  auto written = model_.save(model_path_, with_training_state);
  model_saved_ = written.ok();
  writing_step_ = model_.step();
  if (written) begins_with(model_path_);
  if (written && settings_.keep > 0) {
    keep_copy(model_path_);
    prune(settings_.keep);
  }
  return written;
}

std::optional<Checkpoints::Saved> Checkpoints::last_saved() {
  collect(background_.wait());
  return saved_;
}

void Checkpoints::begins_with(const std::string& path) { saved_ = Saved{path, model_.step(), model_.epochs_done()}; }

bool Checkpoints::model_saved() {
  collect(background_.wait());
  return model_saved_;
}

void Checkpoints::collect(std::optional<BackgroundSave::Outcome> outcome) {
  if (!outcome) return;
  const bool is_model = writing_ == model_path_;
  if (is_model) model_saved_ = outcome->written.ok();
  if (!outcome->written) return listener_.on_trouble(outcome->written.error().message + "; training goes on");
  saved_ = Saved{writing_, writing_step_, writing_epochs_};
  if (is_model && settings_.keep > 0) keep_copy(writing_);
  // With the model file written no older state is of use, unless somebody wants to keep some.
  prune(settings_.keep > 0 ? settings_.keep : is_model ? 0 : 1);
  listener_.on_written({writing_, writing_step_, writing_pause_, outcome->seconds, bytes_with_shards(writing_)});
}

/// The model file is the next one's to replace: by a second name this one stays, where there are such names at no cost.
void Checkpoints::keep_copy(const std::string& path) const {
  const std::string kept = fmt::format("{}{}{:08}", model_path_, kSuffix, writing_step_);
  std::error_code code;
  fs::remove(kept, code);
  fs::create_hard_link(path, kept, code);
  if (code) listener_.on_trouble(fmt::format("'{}' cannot be kept: {}; training goes on", kept, code.message()));
}

void Checkpoints::prune(std::size_t keep) const {
  const auto files = files_of(model_path_);
  std::error_code code;
  for (std::size_t i = keep; i < files.size(); ++i) fs::remove(files[i], code);
  if (files.size() > keep) remove_unnamed_shards(model_path_);
}

void Checkpoints::waited(Clock::time_point since) {
  writing_pause_ = std::chrono::duration<double>(Clock::now() - since).count();
  longest_pause_ = std::max(longest_pause_, writing_pause_);
}

double Checkpoints::take_longest_pause() noexcept { return std::exchange(longest_pause_, 0.0); }

Result<std::string> Checkpoints::save_now() {
  collect(background_.wait());
  const std::string path = path_of_step();
  if (auto written = model_.save(path); !written) return written.error();
  begins_with(path);
  prune(std::max<std::size_t>(1, settings_.keep));
  return path;
}

void Checkpoints::finish() {
  collect(background_.wait());
  if (settings_.keep == 0) prune(0);
}

std::string Checkpoints::path_of_step() const { return fmt::format("{}{}{:08}", model_path_, kSuffix, model_.step()); }

std::vector<std::string> Checkpoints::files_of(const std::string& model_path) {
  const fs::path model(model_path);
  std::error_code code;
  std::vector<Found> found;
  for (fs::directory_iterator entry(model.has_parent_path() ? model.parent_path() : fs::path("."), code), end;
       !code && entry != end; entry.increment(code)) {
    if (!is_checkpoint_of(entry->path().filename().string(), model.filename().string())) continue;
    const auto time = entry->last_write_time(code);
    if (!code) found.push_back({time, (model.parent_path() / entry->path().filename()).string()});
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) { return a.time != b.time ? a.time > b.time : a.path > b.path; });
  std::vector<std::string> paths;
  paths.reserve(found.size());
  for (Found& file : found) paths.push_back(std::move(file.path));
  return paths;
}

void Checkpoints::remove_abandoned(const std::string& model_path) {
  const std::string model = fs::path(model_path).filename().string();
  system::remove_abandoned(model_path, [&](const std::string& name) {
    return name == model || name == model + ".autotune" || is_checkpoint_of(name, model) || is_shard_of(name, model);
  });
}

// By time and not by step: what an earlier run of the same name has left may count more steps.
std::vector<std::string> Checkpoints::newest_first(const std::string& model_path) {
  auto files = files_of(model_path);
  std::error_code code;
  const auto model_time = fs::last_write_time(model_path, code);
  const auto is_newer = [&](const std::string& checkpoint) {
    std::error_code gone;
    const auto time = fs::last_write_time(checkpoint, gone);
    return !gone && time > model_time;
  };
  if (!code || files.empty()) files.insert(std::ranges::find_if_not(files, is_newer), model_path);
  return files;
}

}  // namespace glissade::apps
