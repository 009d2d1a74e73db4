#include "engine/candidates/soundness.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "engine/parameters/finite.h"

namespace glissade {
namespace {

Error at_place(const char* what, const char* of, std::size_t place) {
  return runtime_error(
      fmt::format("{} of {} {} is no longer a finite number; scale the values of the features down", what, of, place));
}

}  // namespace

std::optional<Error> not_finite_error(const char* what, const char* of, const Array<float>& values) {
  const auto place = first_not_finite(std::span(values.data(), values.size()));
  if (!place) return std::nullopt;
  return at_place(what, of, *place);
}

std::optional<Error> not_finite_error(const char* what, const char* of, const SparseMatrix& rows) {
  const auto entry = first_not_finite(std::span(rows.values.data(), rows.values.size()));
  if (!entry) return std::nullopt;
  const auto* const end = rows.offsets.data() + rows.offsets.size();
  return at_place(what, of,
                  static_cast<std::size_t>(std::upper_bound(rows.offsets.data(), end, *entry) - rows.offsets.data()) - 1);
}

}  // namespace glissade
