#include <fmt/format.h>

#include <glissade/data_profile.h>

namespace glissade {

WeightingChoice choose_weighting(const DataProfile& profile) {
  using enum FeatureWeighting;
  if (profile.values == ValueKind::counts)
    return {tf_idf, "values are counts: log, inverse document frequency, rows of length 1"};
  if (!profile.outsized.empty()) {
    const OutsizedFeature& first = profile.outsized.front();
    return {scaled,
            fmt::format("values of feature {} reach {:.3g}, those of the median feature {:.3g}; such columns are scaled down",
                        first.feature, first.largest, first.typical)};
  }
  switch (profile.values) {
    case ValueKind::binary: return {given, "values are all 1"};
    case ValueKind::normalised: return {given, "rows have length 1 already"};
    default: return {given, "values are real numbers"};
  }
}

}  // namespace glissade
