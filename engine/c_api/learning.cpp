#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

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

/// Hands a result on: its value into *out, or its error into the context.
template <class T>
glissade_status given(glissade_context* context, glissade::Result<T> result, T* out) {
  if (!result) return told(context, result.error());
  if (out != nullptr) *out = std::move(*result);
  return GLISSADE_OK;
}

glissade_status done_or_told(glissade_context* context, const glissade::Result<void>& result) {
  return result ? GLISSADE_OK : told(context, result.error());
}

}  // namespace

extern "C" {

void glissade_learner_options_init_sized(glissade_learner_options* options, std::size_t size) {
  const glissade::LearnerOptions usual;
  give_struct(glissade_learner_options{0, usual.batch, usual.learning_rate, usual.keep_examples, usual.refit_every,
                                       usual.show_after, usual.threads, usual.keep_events},
              options, size);
}

glissade_status glissade_learner_load(glissade_context* context, const char* path, const glissade_learner_options* options,
                                      glissade_learner** out) {
  if (path == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_learner_options asked;
    glissade_learner_options_init(&asked);
    if (!take_struct(options, asked))
      return fail(context, GLISSADE_USAGE, "the options have no size; use glissade_learner_options_init()");
    glissade::LearnerOptions how;
    how.batch = asked.batch;
    how.learning_rate = asked.learning_rate;
    how.keep_examples = asked.keep_examples;
    how.refit_every = asked.refit_every;
    how.show_after = asked.show_after;
    how.threads = asked.threads;
    how.keep_events = asked.keep_events;
    auto learner = glissade::Learner::load(path, how);
    if (!learner) return told(context, learner.error());
    *out = new glissade_learner{std::move(*learner)};
    return GLISSADE_OK;
  });
}
void glissade_learner_free(glissade_learner* learner) { delete learner; }

glissade_status glissade_learn(glissade_context* context, glissade_learner* learner, const glissade_rows* features,
                               const glissade_rows* labels) {
  return glissade_learn_with_vectors(context, learner, features, nullptr, labels);
}

glissade_status glissade_learn_with_vectors(glissade_context* context, glissade_learner* learner, const glissade_rows* features,
                                            const glissade_vectors* vectors, const glissade_rows* labels) {
  if (learner == nullptr || features == nullptr || labels == nullptr) return missing(context);
  return guarded(context, [&] {
    const glissade::Shape shape = learner->learner.shape();
    glissade::DatasetView events{shape.features, shape.labels, view_of(*features), view_of(*labels)};
    events.labels.values = {};
    events.vectors = view_of(vectors);
    return done_or_told(context, learner->learner.learn(events));
  });
}

glissade_status glissade_add_labels(glissade_context* context, glissade_learner* learner, std::uint32_t count,
                                    const char* const* names, std::uint32_t* first) {
  if (learner == nullptr) return missing(context);
  return guarded(context, [&] { return given(context, learner->learner.add_labels(count, strings_of(names, count)), first); });
}

glissade_status glissade_add_features(glissade_context* context, glissade_learner* learner, std::uint32_t count,
                                      const char* const* names, std::uint32_t* first) {
  if (learner == nullptr) return missing(context);
  return guarded(context, [&] { return given(context, learner->learner.add_features(count, strings_of(names, count)), first); });
}

glissade_status glissade_retire(glissade_context* context, glissade_learner* learner, const std::uint32_t* labels,
                                std::size_t count) {
  if (learner == nullptr || (labels == nullptr && count != 0)) return missing(context);
  return guarded(context, [&] { return done_or_told(context, learner->learner.retire({labels, count})); });
}

glissade_status glissade_restore(glissade_context* context, glissade_learner* learner, const std::uint32_t* labels,
                                 std::size_t count) {
  if (learner == nullptr || (labels == nullptr && count != 0)) return missing(context);
  return guarded(context, [&] { return done_or_told(context, learner->learner.restore({labels, count})); });
}

glissade_status glissade_publish(glissade_context* context, glissade_learner* learner, glissade_snapshot** out) {
  if (learner == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    auto snapshot = learner->learner.publish();
    if (!snapshot) return told(context, snapshot.error());
    if (out != nullptr) *out = new glissade_snapshot{std::move(*snapshot)};
    return GLISSADE_OK;
  });
}

glissade_status glissade_learner_current(glissade_context* context, const glissade_learner* learner, glissade_snapshot** out) {
  if (learner == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    *out = new glissade_snapshot{learner->learner.current()};
    return GLISSADE_OK;
  });
}

glissade_status glissade_learner_save(glissade_context* context, glissade_learner* learner, const char* path) {
  if (learner == nullptr || path == nullptr) return missing(context);
  return guarded(context, [&] { return done_or_told(context, learner->learner.save(path)); });
}

glissade_status glissade_pipeline_new(glissade_context* context, const glissade_snapshot* snapshot, glissade_pipeline** out) {
  if (snapshot == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const glissade::Snapshot& of = snapshot->snapshot;
    if (!glissade::Pipeline::is_pipeline(of.data_notes()))
      return fail(context, GLISSADE_USAGE, "the model was not trained on records; ask it by ids of features");
    std::vector<std::string> names;
    names.reserve(of.shape().features);
    for (std::uint32_t feature = 0; feature < of.shape().features; ++feature) names.emplace_back(of.feature_name(feature));
    auto pipeline = glissade::Pipeline::read(of.data_notes(), names);
    if (!pipeline) return told(context, pipeline.error());
    *out = new glissade_pipeline{std::move(names), std::move(*pipeline)};
    return GLISSADE_OK;
  });
}
void glissade_pipeline_free(glissade_pipeline* pipeline) { delete pipeline; }

std::uint32_t glissade_pipeline_columns(const glissade_pipeline* pipeline) {
  return static_cast<std::uint32_t>(pipeline->pipeline.options().columns.size());
}

const char* glissade_pipeline_column(const glissade_pipeline* pipeline, std::uint32_t column) {
  const auto& columns = pipeline->pipeline.options().columns;
  return column < columns.size() ? columns[column].name.c_str() : nullptr;
}

glissade_status glissade_pipeline_row(glissade_context* context, const glissade_pipeline* pipeline, const char* const* texts,
                                      const std::size_t* lengths, glissade_rows* out) {
  if (pipeline == nullptr || texts == nullptr || lengths == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const std::size_t columns = glissade_pipeline_columns(pipeline);
    context->texts.resize(columns);
    context->fields.resize(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      context->texts[i] = texts[i] == nullptr ? std::string_view() : std::string_view(texts[i], lengths[i]);
      context->fields[i] = {&context->texts[i], texts[i] == nullptr ? 0u : 1u};
    }
    const glissade::PipelineRow row = pipeline->pipeline.row(context->fields, context->records);
    if (row.no_number >= 0) return fail(context, GLISSADE_USAGE, "a column of numbers has a text that is none");
    context->offsets = {0, row.ids.size()};
    *out = {1, context->offsets.data(), row.ids.data(), row.values.data()};
    return GLISSADE_OK;
  });
}

}  // extern "C"
