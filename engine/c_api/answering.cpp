#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>

#include <glissade/runtime.h>

#include "engine/c_api/handles.h"

using glissade::SparseRows;
using glissade::c_api::fail;
using glissade::c_api::give_struct;
using glissade::c_api::guarded;
using glissade::c_api::missing;
using glissade::c_api::take_struct;
using glissade::c_api::told;
using glissade::c_api::view_of;

namespace {

glissade_status found_name(std::optional<std::uint32_t> found, std::uint32_t* id) noexcept {
  if (!found) return GLISSADE_NOT_FOUND;
  *id = *found;
  return GLISSADE_OK;
}

const char* text_of(std::string_view name, std::size_t* length) noexcept {
  if (length != nullptr) *length = name.size();
  return name.data();
}

}  // namespace

extern "C" {

std::uint32_t glissade_abi(void) { return GLISSADE_ABI; }
const char* glissade_version(void) { return GLISSADE_VERSION; }

glissade_context* glissade_context_new(void) {
  try {
    return new glissade_context;
  } catch (...) {
    return nullptr;
  }
}
void glissade_context_free(glissade_context* context) { delete context; }
const char* glissade_error(const glissade_context* context) { return context->error.c_str(); }

glissade_status glissade_snapshot_load(glissade_context* context, const char* path, glissade_snapshot** out) {
  if (path == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    auto loaded = glissade::Snapshot::load(path);
    if (!loaded) return told(context, loaded.error());
    *out = new glissade_snapshot{std::move(*loaded)};
    return GLISSADE_OK;
  });
}
void glissade_snapshot_free(glissade_snapshot* snapshot) { delete snapshot; }

glissade_status glissade_snapshot_info(glissade_context* context, const glissade_snapshot* snapshot, glissade_info* out) {
  if (snapshot == nullptr || out == nullptr) return missing(context);
  const glissade::Snapshot& of = snapshot->snapshot;
  const std::uint32_t size = out->size;
  const glissade_info all{size,         of.shape().features,   of.shape().labels, of.encoded_width(),
                          of.version(), of.training_samples(), of.memory(),       of.shape().vector_width};
  std::memcpy(out, &all, std::min<std::size_t>(size, sizeof all));
  return GLISSADE_OK;
}

void glissade_query_init_sized(glissade_query* query, std::size_t size) {
  glissade_query usual{};
  usual.k = 5;
  give_struct(usual, query, size);
}

glissade_status glissade_top_k(glissade_context* context, const glissade_snapshot* snapshot, const glissade_rows* features,
                               const glissade_query* query, std::uint32_t* labels, float* scores) {
  if (snapshot == nullptr || features == nullptr || labels == nullptr || scores == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_query asked;
    glissade_query_init(&asked);
    if (!take_struct(query, asked)) return fail(context, GLISSADE_USAGE, "the query has no size; use glissade_query_init()");
    if (asked.search > GLISSADE_SEARCH_LEARNED) return fail(context, GLISSADE_USAGE, "no such search");
    glissade::Query how;
    how.k = asked.k;
    how.search = static_cast<glissade::Search>(asked.search);
    how.probabilities = asked.probabilities != 0;
    if (asked.leave_out_unknown != 0) how.unknown = glissade::Query::Unknown::leave_out;
    if (asked.timeout_ms != 0) how.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(asked.timeout_ms);
    if (asked.filter != nullptr) how.filter = &asked.filter->filter;
    if (asked.excluded != nullptr) how.excluded = view_of(*asked.excluded);
    const auto done =
        snapshot->snapshot.top_k({view_of(*features), view_of(asked.vectors)}, how, context->workspace, context->found);
    if (!done) return told(context, done.error());
    std::ranges::copy(context->found.labels, labels);
    std::ranges::copy(context->found.scores, scores);
    return GLISSADE_OK;
  });
}

glissade_status glissade_score(glissade_context* context, const glissade_snapshot* snapshot, const glissade_rows* features,
                               const glissade_rows* candidates, float* scores) {
  return glissade_score_with_vectors(context, snapshot, features, nullptr, candidates, scores);
}

glissade_status glissade_score_with_vectors(glissade_context* context, const glissade_snapshot* snapshot,
                                            const glissade_rows* features, const glissade_vectors* vectors,
                                            const glissade_rows* candidates, float* scores) {
  if (snapshot == nullptr || features == nullptr || candidates == nullptr || scores == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const auto done = snapshot->snapshot.score({view_of(*features), view_of(vectors)}, view_of(*candidates), context->workspace,
                                               context->floats);
    if (!done) return told(context, done.error());
    std::ranges::copy(context->floats, scores);
    return GLISSADE_OK;
  });
}

glissade_status glissade_encode(glissade_context* context, const glissade_snapshot* snapshot, const glissade_rows* features,
                                float* out) {
  return glissade_encode_with_vectors(context, snapshot, features, nullptr, out);
}

glissade_status glissade_encode_with_vectors(glissade_context* context, const glissade_snapshot* snapshot,
                                             const glissade_rows* features, const glissade_vectors* vectors, float* out) {
  if (snapshot == nullptr || features == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const auto done = snapshot->snapshot.encode({view_of(*features), view_of(vectors)}, context->workspace, context->floats);
    if (!done) return told(context, done.error());
    std::ranges::copy(context->floats, out);
    return GLISSADE_OK;
  });
}

glissade_status glissade_label_vectors(glissade_context* context, const glissade_snapshot* snapshot, float* vectors,
                                       float* bias) {
  if (snapshot == nullptr || vectors == nullptr || bias == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    const glissade::LabelVectors all = snapshot->snapshot.label_vectors();
    std::ranges::copy(all.rows, vectors);
    std::ranges::copy(all.bias, bias);
    return GLISSADE_OK;
  });
}

glissade_status glissade_label_id(glissade_context* context, const glissade_snapshot* snapshot, const char* name,
                                  std::size_t length, std::uint32_t* id) {
  if (snapshot == nullptr || name == nullptr || id == nullptr) return missing(context);
  return guarded(context, [&] { return found_name(snapshot->snapshot.label_id({name, length}), id); });
}

glissade_status glissade_feature_id(glissade_context* context, const glissade_snapshot* snapshot, const char* name,
                                    std::size_t length, std::uint32_t* id) {
  if (snapshot == nullptr || name == nullptr || id == nullptr) return missing(context);
  return guarded(context, [&] { return found_name(snapshot->snapshot.feature_id({name, length}), id); });
}

const char* glissade_label_name(const glissade_snapshot* snapshot, std::uint32_t id, std::size_t* length) {
  return text_of(snapshot->snapshot.label_name(id), length);
}

const char* glissade_feature_name(const glissade_snapshot* snapshot, std::uint32_t id, std::size_t* length) {
  return text_of(snapshot->snapshot.feature_name(id), length);
}

glissade_filter* glissade_filter_new(std::uint32_t labels, int permitted) {
  try {
    return new glissade_filter{permitted != 0 ? glissade::LabelFilter::permitting_all(labels)
                                              : glissade::LabelFilter::permitting_none(labels)};
  } catch (...) {
    return nullptr;
  }
}
void glissade_filter_free(glissade_filter* filter) { delete filter; }

void glissade_filter_set(glissade_filter* filter, const std::uint32_t* labels, std::size_t count, int permitted) {
  for (const std::uint32_t label : std::span(labels, count)) {
    if (label >= filter->filter.labels()) continue;
    permitted != 0 ? filter->filter.permit(label) : filter->filter.forbid(label);
  }
}

}  // extern "C"
