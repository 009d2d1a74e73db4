#pragma once

#include <cstddef>
#include <optional>

#include <glissade/result.h>

#include "engine/candidates/sparse_matrix.h"
#include "engine/parameters/array.h"

namespace glissade {

/// The error that a number which was learned is not finite: the first one of `values`, as `what` of `of` and its place. None if
/// all are.
std::optional<Error> not_finite_error(const char* what, const char* of, const Array<float>& values);
/// Likewise with the place of the row that the number is in.
std::optional<Error> not_finite_error(const char* what, const char* of, const SparseMatrix& rows);

}  // namespace glissade
