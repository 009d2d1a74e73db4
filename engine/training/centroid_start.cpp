#include "engine/training/centroid_start.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/batches/batch.h"
#include "engine/parameters/array.h"
#include "engine/sparse_rows/piece_groups.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

/// Sums of the last hidden layer's output over the samples of each label, and the mean of all samples.
struct HiddenSums {
  std::size_t stride = 0;
  Array<float> of_labels;
  std::vector<std::uint32_t> counts;
  std::vector<float> mean;
  bool ok = true;
};

/// A sample of a batch and a label of it.
struct Pair {
  std::uint32_t sample, label;
};

/// Adds what each label's samples have, these in their order.
void add_samples(const Activations& hidden, const std::vector<Pair>& pairs, PieceGroups& groups, HiddenSums& sums) {
  const simd::Kernels& kernels = simd::kernels();
  groups.build(
      1, [&](std::uint32_t) { return pairs.size(); }, [&](std::uint32_t, std::uint32_t i) { return pairs[i].label; });
  groups.for_each([&](std::uint32_t label, std::span<const PieceGroups::Piece> pieces) {
    float* const sum = sums.of_labels.data() + label * sums.stride;
    for (const PieceGroups::Piece& piece : pieces) kernels.axpy_f32(1.f, hidden.row(pairs[piece.row].sample), sum, sums.stride);
    sums.counts[label] += static_cast<std::uint32_t>(pieces.size());
  });
}

HiddenSums hidden_sums(const Network& network, const DatasetView& data, std::span<const std::uint32_t> samples, std::size_t batch,
                       WorkMonitor& monitor, const FeatureTransform* transform, InputShards* shards) {
  const RowOwners owners = shards == nullptr ? RowOwners() : shards->owners();
  HiddenSums all;
  std::vector<Activations> hidden;
  Batch copied;
  std::vector<Pair> pairs;
  PieceGroups groups(network.output.rows());
  std::vector<double> sums(network.output.width(), 0.0);
  all.counts.resize(network.output.rows());
  monitor.begin(Activity::centroids, samples.size());
  for (std::size_t first = 0; first < samples.size() && monitor.advance(batch); first += batch) {
    const auto rows = samples.subspan(first, std::min(batch, samples.size() - first));
    copied.gather(data, rows, {}, transform);
    all.ok &= network.forward(copied.inputs(), {}, hidden, nullptr, shards);
    const Activations& last = hidden.back();
    if (first == 0) {
      all.stride = last.stride;
      all.of_labels = Array<float>(network.output.rows() * last.stride);
    }
    pairs.clear();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      for (const std::uint32_t label : data.labels.row_ids(rows[i])) {
        if (owners.has(label)) pairs.push_back({i, owners.place(label)});
      }
    }
    add_samples(last, pairs, groups, all);
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
  const HiddenSums hidden = hidden_sums(network, data, rows, batch, monitor, transform, shards);
  if (!hidden.ok) return false;
  if (monitor.stopped()) return true;
  const RowOwners owners = shards == nullptr ? RowOwners() : shards->owners();
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t width = network.output.width();
  tbb::parallel_for(std::size_t{0}, network.output.rows(), [&](std::size_t place) {
    const std::uint32_t label = owners.row_at(static_cast<std::uint32_t>(place));
    static thread_local std::vector<float> row;
    const std::uint32_t count = hidden.counts[place];
    if (count == 0 || (!kept.empty() && kept[label])) return;
    row.assign(width, 0.f);
    kernels.axpy_f32(1.f / static_cast<float>(count), hidden.of_labels.data() + place * hidden.stride, row.data(), width);
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
