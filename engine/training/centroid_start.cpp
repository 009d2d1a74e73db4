#include "engine/training/centroid_start.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/batches/batch.h"
#include "engine/batches/label_samples.h"
#include "engine/parameters/array.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

/// The last hidden layer's output for all samples, in bf16, and its mean.
struct HiddenVectors {
  std::size_t stride = 0;
  Array<std::uint16_t> halves;
  std::vector<float> mean;
  bool ok = true;
};

HiddenVectors hidden_vectors(const Network& network, const DatasetView& data, std::span<const std::uint32_t> samples,
                             std::size_t batch, WorkMonitor& monitor, const FeatureTransform* transform, InputShards* shards) {
  const simd::Kernels& kernels = simd::kernels();
  HiddenVectors all;
  std::vector<Activations> hidden;
  Batch copied;
  std::vector<double> sums(network.output.width(), 0.0);
  monitor.begin(Activity::centroids, samples.size());
  for (std::size_t first = 0; first < samples.size() && monitor.advance(batch); first += batch) {
    copied.gather(data, samples.subspan(first, std::min(batch, samples.size() - first)), {}, transform);
    all.ok &= network.forward(copied.inputs(), {}, hidden, nullptr, shards);
    const Activations& last = hidden.back();
    if (first == 0) {
      all.stride = last.stride;
      all.halves.reserve_discard(samples.size() * last.stride);
    }
    kernels.narrow_nearest(last.row(0), all.halves.data() + first * all.stride, last.samples * last.stride);
    for (std::size_t i = 0; i < last.samples; ++i) {
      for (std::size_t d = 0; d < sums.size(); ++d) sums[d] += last.row(i)[d];
    }
  }
  for (const double sum : sums) all.mean.push_back(static_cast<float>(sum / static_cast<double>(samples.size())));
  return all;
}

/// A row of some connections has those of its centroid's largest numbers: drawn ones say little of a centroid. One that shares
/// them has those that its block has.
void keep_largest(ParameterRows& rows, std::size_t row, float* values) {
  if (rows.block() == 1) rows.connect_largest(row, values);
  std::size_t column = 0;
  for (const std::uint16_t connection : rows.connections_of(row)) {
    while (column < connection) values[column++] = 0.f;
    ++column;
  }
  while (column < rows.width()) values[column++] = 0.f;
}

}  // namespace

bool start_from_centroids(Network& network, const DatasetView& data, std::span<const std::uint32_t> rows, std::size_t batch,
                          double length, const std::vector<bool>& kept, WorkMonitor& monitor, const FeatureTransform* transform,
                          InputShards* shards) {
  if (rows.empty()) return true;
  const HiddenVectors hidden = hidden_vectors(network, data, rows, batch, monitor, transform, shards);
  if (!hidden.ok) return false;
  if (monitor.stopped()) return true;
  const LabelSamples by_label = samples_by_label(data, rows, shards == nullptr ? network.output.rows() : data.label_count);
  const RowOwners owners = shards == nullptr ? RowOwners() : shards->owners();
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t width = network.output.width();
  tbb::parallel_for(std::size_t{0}, network.output.rows(), [&](std::size_t place) {
    const std::uint32_t label = owners.row_at(static_cast<std::uint32_t>(place));
    static thread_local std::vector<float> row, weights;
    const auto samples = by_label.of(label);
    const std::size_t count = samples.size();
    if (count == 0 || (!kept.empty() && kept[label])) return;
    row.resize(width);
    weights.assign(count, 1.f / static_cast<float>(count));
    kernels.bag_bf16(hidden.halves.data(), hidden.stride, samples.data(), weights.data(), count, width, row.data());
    kernels.axpy_f32(-1.f, hidden.mean.data(), row.data(), width);
    if (network.output.fan_in() != 0 && !network.output.is_whole(place)) keep_largest(network.output, place, row.data());
    const float square = kernels.sum_squares_f32(row.data(), width);
    if (square == 0.f) return;
    kernels.scale_f32(static_cast<float>(length) / std::sqrt(square), row.data(), width);
    network.output.write(place, row.data());
    double offset = 0;
    for (std::size_t d = 0; d < width; ++d) offset += double{row[d]} * hidden.mean[d];
    network.output.bias[place] = static_cast<float>(-offset);
  });
  return true;
}

}  // namespace glissade
