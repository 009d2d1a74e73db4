#include "engine/pruning/packed_model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/model/sections.h"
#include "engine/model_file/layout.h"
#include "engine/packing/packed_bytes.h"
#include "engine/packing/packed_matrix.h"
#include "engine/packing/packed_rows.h"
#include "engine/packing/packed_sections.h"
#include "engine/pruning/importance.h"

namespace glissade::pruning {

using model_file::Section;
using model_file::SectionKind;

namespace {

double knob(const char* n, double d) { const char* e = std::getenv(n); return e ? std::atof(e) : d; }

/// A layer smaller than this stays as it is.
constexpr std::size_t kLeastWeights = 4096;

double mean_square_root(const ParameterRows& rows) {
  std::vector<float> x(rows.width());
  double sum = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    rows.read_forward(row, x.data());
    for (const float weight : x) sum += double{weight} * weight;
  }
  return std::sqrt(sum / std::max<double>(1, static_cast<double>(rows.rows() * rows.width())));
}

double mean_square_root(const SparseMatrix& matrix) {
  double sum = 0;
  for (std::size_t e = 0; e < matrix.entries(); ++e) {
    const double value = widened(matrix.values[e]);
    sum += value * value;
  }
  return std::sqrt(sum / std::max<double>(1, static_cast<double>(matrix.entries())));
}

bool is_replaced(SectionKind kind) noexcept {
  switch (kind) {
    case SectionKind::sparse_offsets:
    case SectionKind::sparse_ids:
    case SectionKind::sparse_values:
    case SectionKind::sample_label_begins:
    case SectionKind::sample_labels:
    case SectionKind::state: return true;
    default: return false;
  }
}

/// Bytes of an element of sections that are told without loss; 0: as they are.
std::uint32_t element_bytes(SectionKind kind) noexcept {
  switch (kind) {
    case SectionKind::label_counts:
    case SectionKind::feature_weights:
    case SectionKind::feature_factors:
    case SectionKind::feature_labels:
    case SectionKind::sample_weights: return 4;
    case SectionKind::label_names:
    case SectionKind::feature_names:
    case SectionKind::data_notes: return 1;
    default: return 0;
  }
}

}  // namespace

PackedModel::PackedModel(const Model::Impl& model, const model_file::Reader& file, const PruneMix& mix) {
  add_layers(model, mix);
  add_matrices(model, mix);
  add_others(file);
  // The order of a file is that of its kinds.
  std::ranges::sort(sections_, [](const Section& a, const Section& b) { return std::pair(a.kind, a.index) < std::pair(b.kind, b.index); });
}

void PackedModel::add(SectionKind kind, std::uint32_t index, std::vector<std::byte> bytes) {
  held_.push_back(std::make_unique<std::vector<std::byte>>(std::move(bytes)));
  sections_.push_back({kind, index, *held_.back()});
}

void PackedModel::add_layers(const Model::Impl& model, const PruneMix& mix) {
  const std::vector<double> features = feature_counts(model);
  std::vector<double> labels(model.label_counts.begin(), model.label_counts.end());
  for_each_layer(model.network, [&](std::uint32_t index, const ParameterRows& rows) {
    if (rows.rows() * rows.width() < kLeastWeights) return;
    const bool input = index == 0, output = &rows == &model.network.output;
    const double step = (input ? mix.features : output ? mix.labels : mix.labels / 4) * mean_square_root(rows);
    const std::vector<float> steps = row_steps(input ? features : output ? labels : std::vector<double>(), rows.rows(), step,
                                               input ? knob("PF", 0.25) : knob("PL", 0.0));
    const packing::RowsShape shape{rows.rows(), static_cast<std::uint32_t>(rows.width()), static_cast<std::uint32_t>(rows.stride()),
                                   rows.storage() == Storage::fp32 ? 4u : 2u};
    add(SectionKind::packed_rows, index,
        packing::pack_rows(shape, [&rows](std::size_t row, float* out) { rows.read_forward(row, out); }, steps));
  });
}

void PackedModel::add_matrices(const Model::Impl& model, const PruneMix& mix) {
  const auto pack = [&](std::uint32_t index, const SparseMatrix& matrix, std::uint32_t columns, double step) {
    if (matrix.empty()) return;
    const packing::MatrixView view{{matrix.offsets.data(), matrix.offsets.size()},
                                   {matrix.ids.data(), matrix.ids.size()},
                                   {matrix.values.data(), matrix.values.size()},
                                   columns};
    add(SectionKind::packed_matrix, index,
        packing::pack_matrix(view, static_cast<float>(std::max(1e-30, step * mean_square_root(matrix)))));
  };
  const NeighbourPath& neighbours = model.paths.neighbours;
  pack(0, model.paths.label_rows.rows, model.shape.features, mix.rows);
  pack(1, neighbours.samples, model.shape.features, mix.neighbours);
  pack(2, model.paths.co_labels, model.shape.labels, mix.co_labels);
  if (neighbours.label_begins.empty()) return;
  const packing::MatrixView labels{{neighbours.label_begins.data(), neighbours.label_begins.size()},
                                   {neighbours.labels.data(), neighbours.labels.size()},
                                   {},
                                   model.shape.labels};
  add(SectionKind::packed_matrix, packing::kSampleLabels, packing::pack_matrix(labels, 1));
}

void PackedModel::add_others(const model_file::Reader& file) {
  ModelState state;
  const auto bytes = file.bytes(SectionKind::state);
  std::memcpy(&state, bytes.data(), std::min(bytes.size(), sizeof state));
  state.has_training_state = 0;
  std::vector<std::byte> own(sizeof state);
  std::memcpy(own.data(), &state, sizeof state);
  add(SectionKind::state, 0, std::move(own));
  const auto is_packed = [&](const Section& section) {
    const bool weights = section.kind == SectionKind::weights || section.kind == SectionKind::weights_high;
    return weights && std::ranges::any_of(sections_, [&](const Section& made) {
             return made.kind == SectionKind::packed_rows && made.index == section.index;
           });
  };
  for (const Section& section : file.sections()) {
    if (!is_for_answers(section.kind) || is_replaced(section.kind) || is_packed(section)) continue;
    const std::uint32_t element = element_bytes(section.kind);
    if (element != 0 && section.index == 0 && section.bytes.size() >= 1024) {
      add(SectionKind::packed_bytes, static_cast<std::uint32_t>(section.kind), packing::pack_bytes(section.bytes, element));
    } else {
      sections_.push_back(section);
    }
  }
}

std::uint64_t PackedModel::file_bytes() const noexcept {
  std::uint64_t end = model_file::head_bytes(sections_.size());
  for (const Section& section : sections_) end = model_file::aligned(end) + section.size();
  return end;
}

Result<void> PackedModel::write(const std::string& path) const { return model_file::write(path, sections_); }

}  // namespace glissade::pruning
