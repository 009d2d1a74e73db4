#include "engine/training/similar_samples.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "engine/batches/batch.h"
#include "engine/batches/sample_order.h"
#include "hashing/family.h"
#include "hashing/group_codes.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kGroupsPerBatch = 8;
constexpr std::uint32_t kMostBits = 20;

enum Stream : std::uint64_t { kCodeStream = 41, kGroupStream = 42 };

/// Mean of the rows of `hidden`, subtracted from later ones: activations are positive, so without it all codes would be alike.
std::vector<float> mean_of(const Activations& hidden) {
  std::vector<float> mean(hidden.stride, 0.f);
  for (std::size_t i = 0; i < hidden.samples; ++i) {
    for (std::size_t d = 0; d < hidden.width; ++d) mean[d] += hidden.row(i)[d];
  }
  for (float& value : mean) value /= static_cast<float>(std::max<std::size_t>(1, hidden.samples));
  return mean;
}

}  // namespace

std::vector<std::uint32_t> hidden_codes(const Network& network, const DatasetView& data, std::size_t batch, std::uint32_t bits,
                                        std::uint64_t seed, WorkMonitor& monitor, const FeatureTransform* transform) {
  const std::size_t width = network.output.width();
  const auto family = hashing::Family::make(
      {.dimension = static_cast<std::uint32_t>(width + 1), .k = bits, .tables = 1, .seed = seed, .nonzeros = 0, .set_size = 0});
  std::vector<std::uint32_t> codes(hashing::padded(data.size()));
  std::vector<std::uint32_t> rows;
  std::vector<float> mean;
  std::vector<Activations> hidden;
  Batch samples;
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t step = hashing::padded(batch);
  monitor.begin(Activity::grouping, data.size());
  for (std::size_t first = 0; first < data.size() && monitor.advance(step); first += step) {
    rows.resize(std::min(step, data.size() - first));
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
    samples.gather(data, rows, {}, transform);
    network.forward(samples.inputs(), {}, hidden);
    Activations& last = hidden.back();
    if (first == 0) mean = mean_of(last);
    constexpr std::size_t kBlock = 4 * hashing::kLanes;
    tbb::parallel_for(std::size_t{0}, (last.samples + kBlock - 1) / kBlock, [&](std::size_t block) {
      const std::size_t begin = block * kBlock, count = std::min(kBlock, last.samples - begin);
      for (std::size_t i = begin; i < begin + count; ++i) kernels.axpy_f32(-1.f, mean.data(), last.row(i), width);
      hashing::group_codes(*family, last.row(begin), last.stride, width, count, codes.data() + first + begin, codes.size(), 0.f);
    });
  }
  codes.resize(data.size());
  return codes;
}

void group_similar(std::vector<std::uint32_t>& order, const Network& network, const DatasetView& data, std::size_t batch,
                   std::uint64_t seed, WorkMonitor& monitor, const FeatureTransform* transform) {
  const std::size_t group = std::max<std::size_t>(1, batch / kGroupsPerBatch);
  const std::uint32_t bits = std::min<std::uint32_t>(kMostBits, static_cast<std::uint32_t>(std::bit_width(data.size() / group)));
  if (bits == 0) return;
  const auto codes = hidden_codes(network, data, batch, bits, hashing::derive(seed, kCodeStream), monitor, transform);
  if (monitor.stopped()) return;
  group_by_code(order, codes, bits, group, hashing::derive(seed, kGroupStream));
}

}  // namespace glissade
