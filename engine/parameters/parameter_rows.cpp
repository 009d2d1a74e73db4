#include "engine/parameters/parameter_rows.h"

#include <oneapi/tbb/parallel_for.h>

#include <vector>

#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {

ParameterRows::ParameterRows(std::size_t rows, std::size_t width, const Options& options)
    : rows_(rows), width_(width), stride_(padded(width)), options_(options) {
  const std::size_t elements = rows_ * stride_;
  if (options.storage == Storage::fp32) {
    weights = Array<float>(elements);
  } else {
    high = Array<std::uint16_t>(elements);
    if (options.trainable) low = Array<std::uint16_t>(elements);
  }
  if (options.with_bias) bias = Array<float>(rows_);
  if (!options.trainable) return;
  row_steps = Array<std::uint32_t>(rows_);
  if (!options.with_moments) return;
  first_moment = Array<float>(elements);
  second_moment = Array<float>(elements);
  if (options.with_bias) {
    bias_first_moment = Array<float>(rows_);
    bias_second_moment = Array<float>(rows_);
  }
}

std::size_t ParameterRows::memory_bytes() const noexcept {
  return weights.bytes() + high.bytes() + low.bytes() + bias.bytes() + first_moment.bytes() + second_moment.bytes() +
         bias_first_moment.bytes() + bias_second_moment.bytes() + row_steps.bytes();
}

void ParameterRows::read(std::size_t row, float* out) const noexcept {
  if (storage() == Storage::fp32) {
    std::memcpy(out, weights.data() + row * stride_, width_ * sizeof(float));
  } else {
    simd::kernels().join_f32(high.data() + row * stride_, low.data() + row * stride_, out, width_);
  }
}

void ParameterRows::read_forward(std::size_t row, float* out) const noexcept {
  if (storage() == Storage::fp32) {
    std::memcpy(out, weights.data() + row * stride_, width_ * sizeof(float));
  } else {
    simd::kernels().widen(high.data() + row * stride_, out, width_);
  }
}

void ParameterRows::write(std::size_t row, const float* values) noexcept {
  if (storage() == Storage::fp32) {
    std::memcpy(weights.data() + row * stride_, values, width_ * sizeof(float));
  } else {
    simd::kernels().split_f32(values, high.data() + row * stride_, low.data() + row * stride_, width_);
  }
}

void ParameterRows::randomize(double limit, std::uint64_t seed) {
  constexpr std::size_t kGrain = 256;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows_, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    std::vector<float> values(width_);
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      hashing::Random random(hashing::derive(seed, row));
      for (float& value : values) value = static_cast<float>((2.0 * random.unit() - 1.0) * limit);
      write(row, values.data());
    }
  });
}

}  // namespace glissade
