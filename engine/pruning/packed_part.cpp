#include "engine/pruning/packed_part.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "engine/model/sections.h"
#include "engine/packing/packed_matrix.h"
#include "engine/packing/packed_rows.h"
#include "engine/packing/packed_sections.h"
#include "engine/pruning/importance.h"

namespace glissade::pruning {

using model_file::SectionKind;

namespace {

constexpr double kFeaturePower = 0.25;  ///< see row_steps()
constexpr double kBetween = 0.25;       ///< step of the layers between, in that of the rows of labels: they are small
constexpr double kLeastStep = 1e-4;     ///< finer than any number is told
/// A layer smaller than this stays as it is.
constexpr std::size_t kLeastWeights = 1024;

double mean_square_root(const ParameterRows& rows) {
  std::vector<float> x(rows.width());
  double sum = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    rows.read_forward(row, x.data());
    for (const float weight : x) sum += double{weight} * weight;
  }
  return std::sqrt(sum / std::max(1.0, static_cast<double>(rows.rows() * rows.width())));
}

double mean_square_root(const SparseMatrix& matrix) {
  double sum = 0;
  for (std::size_t e = 0; e < matrix.entries(); ++e) {
    const double value = widened(matrix.values[e]);
    sum += value * value;
  }
  return std::sqrt(sum / std::max(1.0, static_cast<double>(matrix.entries())));
}

/// A part of zeros alone has no size of its own; any step will do.
float step_of(double step, double size) noexcept { return static_cast<float>(size > 0 ? step * size : 1); }

/// Calls visit(index, rows) for each layer of a part.
template <class Visit>
void for_each_layer_of(const Model::Impl& model, PruneMix::Part part, const Visit& visit) {
  for_each_layer(model.network, [&](std::uint32_t index, const ParameterRows& rows) {
    const bool packs = rows.is_compact() || rows.rows() * rows.width() >= kLeastWeights;
    if ((index == 0) == (part == PruneMix::features) && packs) visit(index, rows);
  });
}

void pack_layers(const Model::Impl& model, PruneMix::Part part, double step, PackedPart& out) {
  for_each_layer_of(model, part, [&](std::uint32_t index, const ParameterRows& rows) {
    const bool between = index != 0 && &rows != &model.network.output;
    const float size = step_of(between ? step * kBetween : step, mean_square_root(rows));
    const std::vector<double> counts = index == 0 ? feature_counts(model) : std::vector<double>();
    const std::vector<float> steps = row_steps(counts, rows.rows(), size, kFeaturePower);
    const packing::RowsShape shape{rows.rows(), static_cast<std::uint32_t>(rows.width()),
                                   static_cast<std::uint32_t>(rows.stride()), rows.storage() == Storage::fp32 ? 4u : 2u};
    const auto read = [&rows](std::size_t row, float* to) { rows.read_forward(row, to); };
    packing::Packed packed = packing::pack_rows(shape, read, steps);
    out.sections.push_back({SectionKind::packed_rows, index, std::move(packed.bytes), packed.weights});
  });
}

void pack_sparse(std::uint32_t index, const SparseMatrix& matrix, std::uint32_t columns, double step, PackedPart& out) {
  if (matrix.empty()) return;
  const packing::MatrixView view{{matrix.offsets.data(), matrix.offsets.size()},
                                 {matrix.ids.data(), matrix.ids.size()},
                                 {matrix.values.data(), matrix.values.size()},
                                 columns,
                                 true};
  packing::Packed packed = packing::pack_matrix(view, step_of(step, mean_square_root(matrix)));
  out.sections.push_back({SectionKind::packed_matrix, index, std::move(packed.bytes), packed.weights});
}

void pack_sample_labels(const Model::Impl& model, PackedPart& out) {
  const NeighbourPath& neighbours = model.paths.neighbours;
  if (neighbours.label_begins.empty()) return;
  const packing::MatrixView labels{{neighbours.label_begins.data(), neighbours.label_begins.size()},
                                   {neighbours.labels.data(), neighbours.labels.size()},
                                   {},
                                   model.shape.labels,
                                   false};
  out.sections.push_back({SectionKind::packed_matrix, packing::kSampleLabels, packing::pack_matrix(labels, 1).bytes, 0});
}

}  // namespace

PackedPart pack_part(const Model::Impl& model, PruneMix::Part part, double step) {
  PackedPart out;
  step = std::max(step, kLeastStep);
  switch (part) {
    case PruneMix::features:
    case PruneMix::labels: pack_layers(model, part, step, out); break;
    case PruneMix::rows: pack_sparse(0, model.paths.label_rows.rows, model.shape.features, step, out); break;
    case PruneMix::neighbours:
      pack_sparse(1, model.paths.neighbours.samples, model.shape.features, step, out);
      pack_sample_labels(model, out);
      break;
    case PruneMix::co_labels: pack_sparse(2, model.paths.co_labels, model.shape.labels, step, out); break;
  }
  return out;
}

std::uint64_t weights_of(const Model::Impl& model, PruneMix::Part part) {
  std::uint64_t weights = 0;
  switch (part) {
    case PruneMix::features:
    case PruneMix::labels:
      for_each_layer_of(model, part, [&](std::uint32_t, const ParameterRows& rows) { weights += rows.rows() * rows.kept(0); });
      break;
    case PruneMix::rows: weights = model.paths.label_rows.rows.entries(); break;
    case PruneMix::neighbours: weights = model.paths.neighbours.samples.entries(); break;
    case PruneMix::co_labels: weights = model.paths.co_labels.entries(); break;
  }
  return weights;
}

}  // namespace glissade::pruning
