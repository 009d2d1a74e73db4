#include <glissade/snapshot.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "engine/explanation/explain_row.h"
#include "engine/inference/predict_rows.h"
#include "engine/model/access.h"
#include "engine/serving/given_labels.h"
#include "engine/serving/state.h"

namespace glissade {
namespace {

constexpr std::size_t kPiece = 256;  ///< rows between two looks at the deadline

SparseRows piece_of(SparseRows rows, std::size_t first, std::size_t count) noexcept {
  if (rows.rows() != 0) rows.offsets = rows.offsets.subspan(first, count + 1);
  return rows;
}

}  // namespace

class Workspace::Impl {
 public:
  PredictBuffers buffers;
  Predictions piece;
  GivenBuffers given;
  std::optional<LabelFilter> permitted;
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  std::uint64_t left_out = 0;

  /// The rows without features that the model does not have.
  SparseRows known_of(const SparseRows& rows, std::uint32_t features) {
    offsets.assign(1, 0);
    ids.clear();
    values.clear();
    left_out = 0;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const auto row_ids = rows.row_ids(row);
      const auto row_values = rows.row_values(row);
      for (std::size_t j = 0; j < row_ids.size(); ++j) {
        if (row_ids[j] >= features) {
          ++left_out;
          continue;
        }
        ids.push_back(row_ids[j]);
        if (!row_values.empty()) values.push_back(row_values[j]);
      }
      offsets.push_back(ids.size());
    }
    return {offsets, ids, values};
  }

  /// What both filters permit; null: all.
  const LabelFilter* both(const LabelFilter* asked, const LabelFilter* shown, std::uint32_t labels) {
    if (asked == nullptr) return shown;
    if (shown == nullptr && asked->labels() == labels) return asked;
    if (shown != nullptr) {
      permitted = *shown;
    } else {
      permitted = LabelFilter::permitting_all(labels);
    }
    permitted->keep(*asked);
    return &*permitted;
  }
};

Workspace::Workspace() : impl_(std::make_unique<Impl>()) {}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;
std::uint64_t Workspace::features_left_out() const noexcept { return impl_->left_out; }

Snapshot Snapshot::of(Model model) {
  auto state = std::make_shared<State>();
  Model::Impl& impl = impl_of(model);
  state->label_names = NameIndex(std::move(impl.label_names));
  state->feature_names = NameIndex(std::move(impl.feature_names));
  auto kept = std::make_shared<Model>(std::move(model));
  state->impl = {kept, &impl_of(*kept)};
  return Snapshot(std::move(state));
}

Snapshot Snapshot::sharing(std::shared_ptr<Model> model) {
  auto state = std::make_shared<State>();
  state->label_names = NameIndex(model->label_names());
  state->feature_names = NameIndex(model->feature_names());
  Model::Impl& impl = impl_of(*model);
  state->impl = {std::move(model), &impl};
  return Snapshot(std::move(state));
}

Result<Snapshot> Snapshot::load(const std::string& path) {
  auto model = Model::load(path);
  if (!model) return model.error();
  try {
    return of(std::move(*model));
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("'{}': out of memory while loading", path));
  }
}

std::uint64_t Snapshot::version() const noexcept { return state_->version; }
Shape Snapshot::shape() const noexcept { return state_->impl->shape; }
std::uint64_t Snapshot::training_samples() const noexcept { return state_->impl->training_samples; }
std::uint32_t Snapshot::encoded_width() const noexcept {
  return static_cast<std::uint32_t>(state_->impl->network.output.width());
}
const std::string& Snapshot::data_notes() const noexcept { return state_->impl->data_notes; }

std::uint64_t Snapshot::memory() const noexcept {
  const Model::Impl& impl = *state_->impl;
  return impl.network.memory_bytes() + impl.paths.memory_bytes() + impl.index_bytes() + state_->label_names.memory_bytes() +
         state_->feature_names.memory_bytes();
}

Result<void> Snapshot::top_k(const InputRows& inputs, const Query& query, Workspace& workspace, Predictions& out) const {
  Workspace::Impl& work = *workspace.impl_;
  Model::Impl& impl = *state_->impl;
  work.left_out = 0;
  const bool leaves_out = query.unknown == Query::Unknown::leave_out;
  const InputRows rows = leaves_out ? InputRows(work.known_of(inputs.features, impl.shape.features), inputs.vectors) : inputs;
  PredictOptions options{query.k, query.search, query.probabilities};
  options.filter = work.both(query.filter, state_->shown.get(), impl.shape.labels);
  options.excluded = query.excluded;
  if (rows.rows() <= kPiece) {
    if (query.deadline && std::chrono::steady_clock::now() >= *query.deadline)
      return runtime_error("the query's deadline has passed; ask again with more time");
    return predict_rows(impl, rows, options, true, work.buffers, out);
  }
  out.k = query.k;
  out.labels.clear();
  out.scores.clear();
  out.candidates = out.fallbacks = 0;
  for (std::size_t first = 0; first < rows.rows(); first += kPiece) {
    if (query.deadline && std::chrono::steady_clock::now() >= *query.deadline)
      return runtime_error(
          fmt::format("the query's deadline has passed after {} of {} rows; ask for fewer at once", first, rows.rows()));
    const std::size_t count = std::min(kPiece, rows.rows() - first);
    options.first_row = first;
    options.excluded = piece_of(query.excluded, first, count);
    if (auto done = predict_rows(impl, rows.piece(first, count), options, true, work.buffers, work.piece); !done) return done;
    out.labels.insert(out.labels.end(), work.piece.labels.begin(), work.piece.labels.end());
    out.scores.insert(out.scores.end(), work.piece.scores.begin(), work.piece.scores.end());
    out.candidates += work.piece.candidates;
    out.fallbacks += work.piece.fallbacks;
  }
  return {};
}

Result<Predictions> Snapshot::top_k(const InputRows& inputs, const Query& query) const {
  Workspace workspace;
  Predictions out;
  if (auto done = top_k(inputs, query, workspace, out); !done) return done.error();
  return out;
}

Result<void> Snapshot::score(const InputRows& inputs, const SparseRows& candidates, Workspace& workspace,
                             std::vector<float>& scores) const {
  return score_given(*state_->impl, inputs, candidates, workspace.impl_->given, scores);
}

Result<std::vector<LabelReasons>> Snapshot::explain(const InputRows& row, const ExplainOptions& options) const {
  Workspace workspace;
  ExplainOptions shown = options;
  shown.filter = workspace.impl_->both(options.filter, state_->shown.get(), state_->impl->shape.labels);
  return explain_row(*state_->impl, row, shown);
}

Result<void> Snapshot::encode(const InputRows& inputs, Workspace& workspace, std::vector<float>& vectors) const {
  const Model::Impl& impl = *state_->impl;
  if (auto whole = impl.check_whole("a hidden vector"); !whole) return whole;
  if (auto valid = check_inputs(inputs, impl.shape); !valid) return valid.error();
  const std::size_t width = impl.network.output.width();
  try {
    vectors.resize(inputs.rows() * width);
    PredictBuffers& buffers = workspace.impl_->buffers;
    for (std::size_t first = 0; first < inputs.rows(); first += kPiece) {
      const std::size_t count = std::min(kPiece, inputs.rows() - first);
      if (!hidden_of(impl, inputs.piece(first, count), buffers))
        return runtime_error("out of memory in a matrix product; encode fewer rows at once");
      for (std::size_t row = 0; row < count; ++row)
        std::copy_n(buffers.hidden.back().row(row), width, vectors.data() + (first + row) * width);
    }
    return {};
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("out of memory while encoding {} rows; encode fewer at once", inputs.rows()));
  }
}

LabelVectors Snapshot::label_vectors() const {
  const ParameterRows& output = state_->impl->network.output;
  LabelVectors all;
  all.labels = static_cast<std::uint32_t>(output.rows());
  all.width = encoded_width();
  all.rows.resize(output.rows() * output.width());
  for (std::size_t row = 0; row < output.rows(); ++row) output.read_forward(row, all.rows.data() + row * output.width());
  all.bias.assign(output.bias.data(), output.bias.data() + output.rows());
  return all;
}

std::optional<std::uint32_t> Snapshot::label_id(std::string_view name) const { return state_->label_names.find(name); }
std::optional<std::uint32_t> Snapshot::feature_id(std::string_view name) const { return state_->feature_names.find(name); }
std::string_view Snapshot::label_name(std::uint32_t label) const { return state_->label_names.name(label); }
std::string_view Snapshot::feature_name(std::uint32_t feature) const { return state_->feature_names.name(feature); }

}  // namespace glissade
