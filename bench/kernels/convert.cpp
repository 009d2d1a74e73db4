// Conversions of a vector that the second-level cache holds.
#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kLength = 16'384;

struct Arrays {
  std::vector<float> wide = random_floats(kLength, -1.0f, 1.0f);
  std::vector<std::uint16_t> hi = std::vector<std::uint16_t>(kLength), lo = hi;
};

/// Registers a bench of call(arrays).
template <class Call>
void add_conversion(const std::string& prefix, Call call) {
  add(prefix, "n=" + std::to_string(kLength), [=](benchmark::State& state) {
    Arrays arrays;
    for (auto _ : state) {
      call(arrays);
      benchmark::ClobberMemory();
    }
    report_rate(state, "elements", static_cast<double>(kLength));
  });
}

}  // namespace

void add_narrow_nearest(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.narrow_nearest](Arrays& a) { kernel(a.wide.data(), a.hi.data(), kLength); });
}

void add_narrow_stochastic(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.narrow_stochastic](Arrays& a) { kernel(a.wide.data(), a.hi.data(), kLength, 9); });
}

void add_scale_narrow(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.scale_narrow](Arrays& a) { kernel(0.5f, a.wide.data(), a.hi.data(), kLength); });
}

void add_scale_f16(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.scale_f16](Arrays& a) { kernel(0.5f, a.wide.data(), a.hi.data(), kLength); });
}

void add_f16_of_bf16(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.f16_of_bf16](Arrays& a) { kernel(a.hi.data(), a.lo.data(), kLength); });
}

void add_scale_f32(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.scale_f32](Arrays& a) { kernel(-1.0f, a.wide.data(), kLength); });
}

void add_widen(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.widen](Arrays& a) { kernel(a.hi.data(), a.wide.data(), kLength); });
}

void add_split_f32(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.split_f32](Arrays& a) { kernel(a.wide.data(), a.hi.data(), a.lo.data(), kLength); });
}

void add_join_f32(const std::string& prefix, const simd::Kernels& level) {
  add_conversion(prefix, [kernel = level.join_f32](Arrays& a) { kernel(a.hi.data(), a.lo.data(), a.wide.data(), kLength); });
}

}  // namespace glissade::bench
