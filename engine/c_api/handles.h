#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glissade/c.h>
#include <glissade/label_filter.h>
#include <glissade/learner.h>
#include <glissade/model.h>
#include <glissade/pipeline.h>
#include <glissade/snapshot.h>

struct glissade_context {
  std::string error;
  glissade::Workspace workspace;
  glissade::Predictions found;
  std::vector<float> floats;
  glissade::Pipeline::Workspace records;
  std::vector<std::string_view> texts;
  std::vector<std::span<const std::string_view>> fields;
  std::vector<std::uint64_t> offsets;
  std::string text;
};
struct glissade_model {
  std::shared_ptr<glissade::Model> model;
};
struct glissade_snapshot {
  glissade::Snapshot snapshot;
};
struct glissade_filter {
  glissade::LabelFilter filter;
};
struct glissade_learner {
  glissade::Learner learner;
};
struct glissade_pipeline {
  std::vector<std::string> names;
  glissade::Pipeline pipeline;
};

namespace glissade::c_api {

inline glissade_status fail(glissade_context* context, glissade_status status, const char* message) noexcept {
  try {
    context->error = message;
  } catch (...) {
    context->error.clear();
  }
  return status;
}

inline glissade_status missing(glissade_context* context) noexcept {
  return fail(context, GLISSADE_USAGE, "an argument is null that must not be");
}

inline glissade_status told(glissade_context* context, const Error& error) noexcept {
  return fail(context, error.kind == Error::Kind::usage ? GLISSADE_USAGE : GLISSADE_FAILED, error.message.c_str());
}

/// Runs `call`, which returns a status. Nothing that it throws goes further.
template <class Call>
glissade_status guarded(glissade_context* context, const Call& call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return fail(context, GLISSADE_FAILED, "out of memory");
  } catch (const std::exception& error) {
    return fail(context, GLISSADE_FAILED, error.what());
  } catch (...) {
    return fail(context, GLISSADE_FAILED, "an error that nobody knows");
  }
}

inline SparseRows view_of(const glissade_rows& rows) noexcept {
  if (rows.rows == 0) return {};
  const auto end = static_cast<std::size_t>(rows.offsets[rows.rows]);
  return {{rows.offsets, static_cast<std::size_t>(rows.rows) + 1},
          {rows.ids, end},
          rows.values == nullptr ? std::span<const float>() : std::span<const float>(rows.values, end)};
}

inline DenseRows view_of(const glissade_vectors* vectors) noexcept {
  if (vectors == nullptr) return {};
  return {vectors->numbers, vectors->width, static_cast<std::size_t>(vectors->stride), static_cast<std::size_t>(vectors->rows)};
}

/// `count` texts ended by zeros; none where `texts` is null.
inline std::vector<std::string> strings_of(const char* const* texts, std::uint32_t count) {
  return texts == nullptr ? std::vector<std::string>() : std::vector<std::string>(texts, texts + count);
}

/// Fills the `size` bytes that the caller's structure has, of an older or newer one than ours.
template <class T>
void give_struct(T usual, T* to, std::size_t size) noexcept {
  usual.size = static_cast<std::uint32_t>(std::min(size, sizeof usual));
  std::memcpy(to, &usual, usual.size);
}

/// Copies what the caller's structure has of a newer or older one; the rest keeps its defaults.
template <class T>
bool take_struct(const T* from, T& to) noexcept {
  if (from == nullptr) return true;
  if (from->size < sizeof(std::uint32_t)) return false;
  std::memcpy(&to, from, std::min<std::size_t>(from->size, sizeof(T)));
  return true;
}

}  // namespace glissade::c_api
