#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glissade/calibration.h>
#include <glissade/options.h>
#include <glissade/subwords.h>
#include <glissade/trainer.h>
#include <glissade/training_start.h>

#include "engine/c_api/handles.h"

using glissade::c_api::fail;
using glissade::c_api::give_struct;
using glissade::c_api::guarded;
using glissade::c_api::missing;
using glissade::c_api::strings_of;
using glissade::c_api::take_struct;
using glissade::c_api::told;
using glissade::c_api::view_of;

namespace {

using glissade::Error;
using glissade::Result;

constexpr std::uint32_t kMostIds = 0xfffffffeu;  ///< 2^32 - 1 is no id

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<std::vector<glissade::Setting>> settings_of(std::string_view text) {
  std::vector<glissade::Setting> settings;
  while (!text.empty()) {
    const std::string_view line = trimmed(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      return glissade::usage_error("option '" + std::string(line) + "' has no value; give lines such as 'epochs = 5'");
    settings.push_back({std::string(trimmed(line.substr(0, equals))), std::string(trimmed(line.substr(equals + 1))), ""});
  }
  return settings;
}

Result<glissade::Effort> effort_of(const char* text) {
  using glissade::Effort;
  constexpr std::array<std::pair<std::string_view, Effort>, 3> kEfforts = {
      {{"quick", Effort::quick}, {"default", Effort::usual}, {"best", Effort::best}}};
  for (const auto& [name, effort] : kEfforts) {
    if (text == nullptr ? effort == Effort::usual : name == text) return effort;
  }
  return glissade::usage_error("effort '" + std::string(text) + "' does not exist; choose one of quick, default, best");
}

/// As many as are stated, or as the highest id says.
Result<std::uint32_t> count_of(const glissade_rows& rows, std::uint32_t stated) {
  if (stated != 0 || rows.rows == 0) return stated;
  std::uint32_t highest = 0;
  bool any = false;
  for (std::uint64_t i = rows.offsets[0]; i < rows.offsets[rows.rows]; ++i, any = true) highest = std::max(highest, rows.ids[i]);
  if (any && highest >= kMostIds) return glissade::usage_error("an id is 4294967295 or 4294967294; ids end at 4294967293");
  return any ? highest + 1 : 0;
}

/// What a caller is told of a training, and whether it is to go on.
class Watch {
 public:
  Watch(const glissade_training& training, const std::optional<glissade::Model>& model) : training_(training), model_(model) {}

  bool preparing() {
    glissade_progress progress = blank();
    progress.activity = GLISSADE_ACTIVITY_PREPARING;
    return tell(progress);
  }
  bool pass(const glissade::Progress& now) {
    glissade_progress progress = blank();
    progress.activity = static_cast<std::int32_t>(now.activity);
    progress.activity_share = now.activity_share;
    progress.seconds_left = now.seconds_left;
    progress.epoch = now.epoch;
    progress.samples_done = now.samples_done;
    progress.samples_total = now.samples_total;
    progress.seconds = now.seconds;
    progress.loss = now.loss;
    progress.precision_at_1 = now.precision_at_1;
    progress.samples_per_second = now.samples_per_second;
    return tell(progress);
  }
  bool epoch(const glissade::EpochReport& report) {
    glissade_progress progress = blank();
    progress.activity = GLISSADE_ACTIVITY_EPOCH_DONE;
    progress.activity_share = 1;
    progress.epoch = report.epoch;
    progress.samples_done = progress.samples_total = report.samples;
    progress.seconds = report.train_seconds;
    progress.loss = report.loss;
    progress.precision_at_1 = report.precision_at_1;
    progress.samples_per_second = report.samples_per_second;
    return tell(progress);
  }

 private:
  glissade_progress blank() const {
    glissade_progress progress{};
    progress.size = sizeof progress;
    progress.seconds_left = -1;
    progress.epochs = model_ ? model_->config().training.epochs : 0;
    return progress;
  }
  bool tell(const glissade_progress& progress) {
    if (!stopped_ && training_.on_progress != nullptr) stopped_ = training_.on_progress(training_.user, &progress) == 0;
    return !stopped_;
  }

  const glissade_training& training_;
  const std::optional<glissade::Model>& model_;
  bool stopped_ = false;
};

Result<glissade::TrainingRequest> request_of(const glissade_training& training) {
  glissade::TrainingRequest request;
  if (training.preset != nullptr) request.preset = training.preset;
  auto effort = effort_of(training.effort);
  if (!effort) return effort.error();
  request.effort = *effort;
  auto settings = settings_of(training.options == nullptr ? "" : training.options);
  if (!settings) return settings.error();
  request.settings = std::move(*settings);
  if (training.data_notes != nullptr) {
    request.data_notes = training.data_notes;
    request.has_words = training.histories == 0;
  }
  request.histories = (training.histories & GLISSADE_HISTORIES) != 0;
  request.sets = (training.histories & GLISSADE_SETS) != 0;
  request.never_repeats = (training.histories & GLISSADE_NEVER_REPEATS) != 0;
  if (training.on_note != nullptr)
    request.on_note = [&training](const std::string& line) { training.on_note(training.user, line.c_str()); };
  return request;
}

/// Error if names are given for an unknown number of things.
Result<void> take_names(const glissade_training& training, const glissade::DatasetView& data,
                        glissade::TrainingRequest& request) {
  if ((training.label_names != nullptr && training.labels == 0) || (training.feature_names != nullptr && training.features == 0))
    return glissade::usage_error("names are given and not how many; set labels and features");
  request.label_names = strings_of(training.label_names, data.label_count);
  request.feature_names = strings_of(training.feature_names, data.feature_count);
  return {};
}

/// Passes until the model has all of its epochs, or somebody stops it.
Result<void> train_epochs(glissade::TrainingStart& start, Watch& watch) {
  glissade::Model& model = *start.model;
  auto trainer = glissade::Trainer::create(model, start.rows.size());
  if (!trainer) return trainer.error();
  const glissade::PassCallbacks callbacks{[&](const glissade::Progress& now) { return watch.pass(now); }, {}};
  while (model.epochs_done() < model.config().training.epochs) {
    const std::uint32_t before = model.epochs_done();
    const auto report = trainer->train_epoch(start.rows, callbacks);
    if (!report) return report.error();
    if (model.epochs_done() == before || !watch.epoch(*report)) break;
  }
  return {};
}

}  // namespace

extern "C" {

void glissade_training_init_sized(glissade_training* training, std::size_t size) {
  give_struct(glissade_training{}, training, size);
}

glissade_status glissade_train(glissade_context* context, const glissade_rows* features, const glissade_rows* labels,
                               const glissade_training* training, glissade_model** out) {
  if (features == nullptr || labels == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_training asked;
    glissade_training_init(&asked);
    if (!take_struct(training, asked)) return fail(context, GLISSADE_USAGE, "no size is given; use glissade_training_init()");
    auto request = request_of(asked);
    if (!request) return told(context, request.error());
    const auto feature_count = count_of(*features, asked.features), label_count = count_of(*labels, asked.labels);
    if (!feature_count) return told(context, feature_count.error());
    if (!label_count) return told(context, label_count.error());
    glissade::DatasetView data{*feature_count, *label_count, view_of(*features), view_of(*labels)};
    data.labels.values = {};
    data.vectors = view_of(asked.vectors);
    if (asked.weights != nullptr) data.weights = {asked.weights, data.size()};
    if (data.feature_count == 0 && !data.vectors.empty()) data.feature_count = 1;  // which no row has
    if (auto named = take_names(asked, data, *request); !named) return told(context, named.error());
    const std::optional<glissade::Model> none;
    Watch preparing(asked, none);
    request->go_on = [&] { return preparing.preparing(); };
    auto start = glissade::prepare_training(data, std::move(*request));
    if (!start) {
      const bool stopped = start.error().message == glissade::kPreparationStopped;
      return stopped ? fail(context, GLISSADE_STOPPED, start.error().message.c_str()) : told(context, start.error());
    }
    start->note_run();
    Watch watch(asked, start->model);
    if (auto done = train_epochs(*start, watch); !done) return told(context, done.error());
    *out = new glissade_model{std::make_shared<glissade::Model>(std::move(*start->model))};
    return GLISSADE_OK;
  });
}

glissade_status glissade_model_load(glissade_context* context, const char* path, int for_training, glissade_model** out) {
  if (path == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    auto model = glissade::Model::load(path, for_training != 0 ? glissade::LoadFor::training : glissade::LoadFor::inference);
    if (!model) return told(context, model.error());
    *out = new glissade_model{std::make_shared<glissade::Model>(std::move(*model))};
    return GLISSADE_OK;
  });
}
void glissade_model_free(glissade_model* model) { delete model; }

glissade_status glissade_model_save(glissade_context* context, const glissade_model* model, const char* path,
                                    int with_training_state) {
  if (model == nullptr || path == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const bool state = with_training_state != 0 && model->model->trainable();
    const auto done = model->model->save(path, state);
    return done ? GLISSADE_OK : told(context, done.error());
  });
}

glissade_status glissade_model_snapshot(glissade_context* context, const glissade_model* model, glissade_snapshot** out) {
  if (model == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    *out = new glissade_snapshot{glissade::Snapshot::sharing(model->model)};
    return GLISSADE_OK;
  });
}

glissade_status glissade_model_info(glissade_context* context, const glissade_model* model, glissade_model_facts* out) {
  if (model == nullptr || out == nullptr) return missing(context);
  const glissade::Model& of = *model->model;
  const std::uint32_t size = out->size;
  const glissade_model_facts all{size,
                                 of.shape().features,
                                 of.shape().labels,
                                 of.epochs_done(),
                                 of.config().training.epochs,
                                 of.trainable() ? 1u : 0u,
                                 of.training_samples(),
                                 of.parameters(),
                                 glissade::best_threshold(of).value_or(-1.f),
                                 of.shape().vector_width};
  std::memcpy(out, &all, std::min<std::size_t>(size, sizeof all));
  return GLISSADE_OK;
}

glissade_status glissade_word_vectors(glissade_context* context, const glissade_model* model, float* vectors) {
  if (model == nullptr || vectors == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const auto found = glissade::vocabulary_vectors(*model->model);
    if (!found) return told(context, found.error());
    for (std::size_t word = 0; word < found->size(); ++word) {
      const auto vector = found->vector(word);
      vectors = std::copy(vector.begin(), vector.end(), vectors);
    }
    return GLISSADE_OK;
  });
}

const char* glissade_model_data_notes(const glissade_model* model) { return model->model->data_notes().c_str(); }

const char* glissade_model_options(glissade_context* context, const glissade_model* model) {
  try {
    context->text = glissade::to_text(model->model->config());
    return context->text.c_str();
  } catch (...) {
    return nullptr;
  }
}

}  // extern "C"
