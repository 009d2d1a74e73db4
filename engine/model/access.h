#pragma once

#include <glissade/model.h>

namespace glissade {

/// The one way from a Model to what it holds, for the library itself, its tests and its benches.
struct ModelAccess {
  static Model::Impl& impl(const Model& model) noexcept { return *model.impl_; }
};

inline Model::Impl& impl_of(const Model& model) noexcept { return ModelAccess::impl(model); }

}  // namespace glissade
