#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>

#include "datasets/shape.h"

namespace glissade::datasets {

struct GenerateReport {
  std::uint64_t samples = 0;  ///< training and test
  std::uint64_t features = 0;
  std::uint64_t labels = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

/// Writes PREFIX.train.txt and PREFIX.test.txt, XMC text, with the planted structure of Planted. The bytes depend on the spec
/// alone, not on the number of threads. Each file appears whole or not at all; memory does not grow with the number of samples.
Result<GenerateReport> generate(const GenerateSpec& spec, const std::string& prefix);

}  // namespace glissade::datasets
