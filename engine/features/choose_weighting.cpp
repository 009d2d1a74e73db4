#include <fmt/format.h>

#include <glissade/data_profile.h>

namespace glissade {

/// By what raised P@k on rows held out of training (bench/peers/RECIPE.md): counts and sets of words gain from tf-idf, items that
/// go with items and values that are weights already lose by it.
WeightingChoice choose_weighting(const DataProfile& profile) {
  using enum FeatureWeighting;
  const bool counts = profile.values == ValueKind::counts, binary = profile.values == ValueKind::binary;
  if (binary && profile.rows != 0 && !profile.same_things)
    return {tf_idf, "values are all 1, so rare features get more weight by idf, rows length 1"};
  if (counts && !profile.same_things) return {tf_idf, "values are counts, which get log and idf, rows length 1"};
  if (!profile.outsized.empty()) {
    const OutsizedFeature& first = profile.outsized.front();
    const std::string more = profile.outsized.size() == 1 ? "" : fmt::format(" ({} such columns)", profile.outsized.size());
    return {scaled,
            fmt::format("values of feature {} reach {:.3g}, those of the median feature {:.3g}{}, so they are scaled down",
                        first.feature, first.largest, first.typical, more)};
  }
  if (profile.label_features != 0)
    return {scaled, fmt::format("{} features are labels of their rows and count for nothing", profile.label_features)};
  if (binary || counts) return {given, "features and labels seem to be the same items"};
  if (profile.values == ValueKind::normalised) return {given, "rows have length 1, so they are weighted already"};
  return {given, "values are real numbers, which may be weights already"};
}

}  // namespace glissade
