#include "engine/inference/code_rows.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "engine/batches/batch.h"
#include "engine/model/impl.h"

namespace glissade {

namespace {

/// Hidden vectors of up to 2,048 rows from all over the data; without samples where no codes are to be made. `shards`: see
/// Network::forward().
std::optional<Error> query_vectors(const Model::Impl& impl, const InputRows& inputs, InputShards* shards, Activations& out) {
  const SparseRows& features = inputs.features;
  constexpr std::size_t kQueries = 2048, kQueriesApart = 64;
  out.samples = 0;
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
  if (!impl.network.forward(batch.inputs(), {}, hidden, nullptr, shards))
    return runtime_error("out of memory in a matrix product while the output rows are coded; use fewer threads");
  out = std::move(hidden.back());
  return std::nullopt;
}

}  // namespace

std::optional<Error> code_output_rows(Model::Impl& impl, const InputRows& inputs, WorkMonitor& monitor) {
  impl.codes = {};
  Activations queries;
  if (auto error = query_vectors(impl, inputs, nullptr, queries)) return error;
  if (queries.samples != 0) impl.codes = CodedRows::learn(impl.network.output, queries, monitor);
  return std::nullopt;
}

std::optional<Error> keep_queries(Model::Impl& impl, const InputRows& inputs, InputShards& shards) {
  impl.search_queries = {};
  Activations queries;
  if (auto error = query_vectors(impl, inputs, &shards, queries)) return error;
  impl.search_queries = Array<float>(queries.samples * queries.width);
  for (std::size_t i = 0; i < queries.samples; ++i)
    std::copy_n(queries.row(i), queries.width, impl.search_queries.data() + i * queries.width);
  return std::nullopt;
}

Result<void> Model::code_rows(const InputRows& inputs) {
  if (auto whole = impl_->check_whole("a code of the output rows"); !whole) return whole;
  if (auto valid = check_inputs(inputs, impl_->shape); !valid) return valid.error();
  try {
    if (auto error = code_output_rows(*impl_, inputs, WorkMonitor::silent())) return *error;
    return {};
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while the output rows are coded");
  }
}

}  // namespace glissade
