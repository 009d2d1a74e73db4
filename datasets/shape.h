#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace glissade::datasets {

/// The shape of a synthetic data set.
struct GenerateSpec {
  std::uint32_t features = 0;  ///< D >= 1
  std::uint32_t labels = 0;    ///< L >= 1
  std::uint64_t train = 0;     ///< samples
  std::uint64_t test = 0;      ///< samples
  double mean_features = 0;    ///< per sample, in (0, D], at most 100,000
  double mean_labels = 0;      ///< per sample, in (0, L], at most 100,000
  std::uint64_t seed = 1;
};

/// `amazon-670k`, `wikilsh-325k` (the published sizes), or SAMPLESxFEATURESxLABELS such as 100000x50000x20000, with a tenth as
/// many test samples and up to 40 features and 3 labels per sample. Anything else is a usage error.
Result<GenerateSpec> named_shape(std::string_view name);

/// What is wrong with a spec, if anything.
Result<void> check_shape(const GenerateSpec& spec);

}  // namespace glissade::datasets
