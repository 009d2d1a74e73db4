#include "engine/inference/code_rows.h"

#include <algorithm>
#include <new>
#include <vector>

#include "engine/batches/batch.h"
#include "engine/model/impl.h"

namespace glissade {

std::optional<Error> code_output_rows(Model::Impl& impl, const InputRows& inputs, WorkMonitor& monitor) {
  const SparseRows& features = inputs.features;
  constexpr std::size_t kQueries = 2048, kQueriesApart = 64;
  impl.codes = {};
  if (!CodedRows::pays(impl.shape.labels, impl.network.output.width()) || features.rows() == 0) return std::nullopt;
  std::vector<std::uint32_t> rows(std::min(kQueries, features.rows()));
  // The last of them calibrates what the others teach: it must not lie elsewhere in the data.
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t turn = i % kQueriesApart * ((rows.size() + kQueriesApart - 1) / kQueriesApart) + i / kQueriesApart;
    rows[i] = static_cast<std::uint32_t>(std::min(turn, rows.size() - 1) * features.rows() / rows.size());
  }
  Batch batch;
  std::vector<Activations> hidden;
  batch.gather(view_of(impl.shape, inputs), rows, {}, &impl.transform);
  if (!impl.network.forward(batch.inputs(), {}, hidden))
    return runtime_error("out of memory in a matrix product while the output rows are coded; use fewer threads");
  impl.codes = CodedRows::learn(impl.network.output, hidden.back(), monitor);
  return std::nullopt;
}

Result<void> Model::code_rows(const InputRows& inputs) {
  if (auto valid = check_inputs(inputs, impl_->shape); !valid) return valid.error();
  try {
    if (auto error = code_output_rows(*impl_, inputs, WorkMonitor::silent())) return *error;
    return {};
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while the output rows are coded");
  }
}

}  // namespace glissade
