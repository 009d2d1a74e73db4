#include "engine/parameters/weight_average.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "simd/kernels.h"

namespace glissade {
namespace {

/// Calls body(row) for each row, in parallel.
template <class Body>
void for_each_row(const ParameterRows& rows, const Body& body) {
  constexpr std::size_t kGrain = 256;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows.rows(), kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) body(row);
  });
}

}  // namespace

void WeightAverage::add(Blocks blocks) {
  const simd::Kernels& kernels = simd::kernels();
  if (means.empty()) {
    for (const ParameterRows* rows : blocks) means.emplace_back(size_of(*rows));
  }
  const float part = 1.f / static_cast<float>(++count);
  const auto mix = [&](const float* now, float* mean, std::size_t size) {
    kernels.scale_f32(1.f - part, mean, size);
    kernels.axpy_f32(part, now, mean, size);
  };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ParameterRows& rows = *blocks[i];
    float* const mean = means[i].data();
    for_each_row(rows, [&](std::size_t row) {
      static thread_local std::vector<float> now;
      const std::size_t kept = rows.kept(row);
      now.resize(kept);
      rows.read_kept(row, now.data());
      mix(now.data(), mean + row * kept, kept);
    });
    mix(rows.bias.data(), mean + size_of(rows) - rows.bias.size(), rows.bias.size());
  }
}

void WeightAverage::move_to(Blocks blocks) {
  for (std::size_t i = 0; i < blocks.size() && !empty(); ++i) {
    ParameterRows& rows = *blocks[i];
    const float* const mean = means[i].data();
    for_each_row(rows, [&](std::size_t row) { rows.write_kept(row, mean + row * rows.kept(row)); });
    std::copy_n(mean + size_of(rows) - rows.bias.size(), rows.bias.size(), rows.bias.data());
  }
  count = 0;
  means.clear();
}

}  // namespace glissade
