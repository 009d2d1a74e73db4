#include "engine/estimates/training_memory.h"

#include <algorithm>
#include <thread>

#include "engine/config/hash_kind.h"
#include "engine/config/text.h"
#include "engine/layers/sparse_layers.h"
#include "engine/output/fused_output.h"
#include "engine/output/output_path.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/sampler.h"
#include "hashing/family.h"
#include "hashing/rehash_job.h"
#include "system/message.h"

namespace glissade {
namespace {

/// Features of a sample that the estimate assumes (Amazon-670K has 76 on average).
constexpr std::uint64_t kFeaturesPerSample = 128;

std::uint64_t padded(std::uint64_t width) noexcept { return ParameterRows::padded(width); }

std::uint64_t thread_count(const Config& config) noexcept {
  return config.run.threads != 0 ? config.run.threads : std::max(1u, std::thread::hardware_concurrency());
}

void add_rows(MemoryEstimate& estimate, const ParameterRows::Options& options, std::uint64_t rows, std::uint64_t width) noexcept {
  const auto bytes = ParameterRows::footprint(rows, width, options);
  estimate.weights += bytes.weights;
  estimate.optimizer_state += bytes.state;
}

std::uint64_t table_bytes(const Config& config, const Shape& shape) noexcept {
  hashing::FamilyParams params;
  params.kind = config::family_kind(config.hash_tables.family);
  params.k = config.hash_tables.k;
  const std::uint32_t bits = std::min(hashing::table_bits(params), hashing::kMaxTableBits);
  const std::uint64_t buckets = std::uint64_t{1} << bits;
  const std::uint64_t tables = config.hash_tables.count;
  const std::uint64_t stored = tables * 4 * (shape.labels + buckets + 1);
  const std::uint64_t while_building = std::min(thread_count(config), tables) * 4 * shape.labels;
  const std::uint64_t drift = 8ull * shape.labels;
  const std::uint64_t rehash = hashing::RehashJob::most_bytes(tables, bits, shape.labels, thread_count(config));
  return stored + while_building + drift + rehash;
}

/// A set that all samples share.
std::uint64_t shared_output_bytes(const Config& config, const Shape& shape, const estimates::BatchSize& batch) noexcept {
  const std::uint64_t wanted = std::max<std::uint64_t>(config.active_set.size.of(shape.labels), batch.different_labels);
  const std::uint64_t active =
      config.active_set.sampler == SamplerKind::full ? shape.labels : std::min<std::uint64_t>(wanted, shape.labels);
  if (config.active_set.fused) return FusedOutput::step_bytes(config, active, shape.labels, thread_count(config));
  // Logits and their gradients, and a piece's rows packed twice.
  const std::uint64_t piece = std::min<std::uint64_t>(output_piece(config.training.piece_samples()), active);
  return piece *
             (4ull * config.training.piece_samples() + 8 * padded(config.network.hidden.back()) + 4 * 64 * thread_count(config)) +
         8ull * shape.labels;
}

/// A set for each sample: per active label its id, its logit's gradient and its place in the row-major order of the update; per
/// thread, 4 bytes per label to tell which are in the set.
std::uint64_t per_sample_output_bytes(const Config& config, const Shape& shape, const estimates::BatchSize& batch) noexcept {
  const std::uint64_t active = std::min(config.active_set.size.of(shape.labels), shape.labels);
  return std::max(config.training.piece_samples() * active, batch.labels) * 40 + thread_count(config) * 4 * shape.labels;
}

std::string remedy(const MemoryEstimate& need) {
  const std::uint64_t largest = std::max({need.weights, need.optimizer_state, need.tables, need.step_buffers});
  if (largest == need.optimizer_state) {
    return "use fewer hidden units, or less state: moments = bf16, second-moment = row, optimizer = adagrad, or average = 0";
  }
  if (largest == need.weights) return "use fewer hidden units, or precision = bf16";
  if (largest == need.tables) return "use fewer tables, a smaller k, or sampler = uniform";
  return "use a smaller batch or fewer active labels";
}

}  // namespace

namespace estimates {

/// Gradients of rows are not counted, they are summed row by row.
std::uint64_t step_bytes(const Config& config, const Shape& shape, const BatchSize& batch) noexcept {
  std::uint64_t activations = 0;  // values, 16-bit halves, gradients
  for (const std::uint32_t width : config.network.hidden) activations += config.training.piece_samples() * padded(width) * 12;
  // Two batches' copies; features also in the row-major order of the update; vectors in floats and halves.
  const std::uint64_t copies =
      batch.features * 40 + batch.labels * 16 + std::uint64_t{config.training.piece_samples()} * padded(shape.vector_width) * 12;
  const bool per_sample = config.active_set.scope == Scope::sample && !(config.active_set.sampler == SamplerKind::full);
  return activations + copies +
         (per_sample ? per_sample_output_bytes(config, shape, batch) : shared_output_bytes(config, shape, batch));
}

std::uint64_t gradient_bytes(const Config& config, const Shape& shape, const BatchSize& batch) noexcept {
  const std::uint64_t parts = config.training.pieces_of_step() * config.training.parts;
  if (parts == 1 && config.optimizer.clip_norm == 0) return 0;
  const auto block = [](std::uint64_t rows, std::uint64_t touched, std::uint64_t width) {
    return rows * 4 + std::min(rows, touched) * (4 * padded(width) + 8);
  };
  const std::uint64_t samples = config.training.step_samples();
  const bool per_sample = config.active_set.scope == Scope::sample;
  const std::uint64_t wanted =
      std::max<std::uint64_t>(config.active_set.size.of(shape.labels), per_sample ? 0 : batch.different_labels);
  const std::uint64_t active = config.active_set.sampler == SamplerKind::full ? shape.labels : wanted;
  std::uint64_t bytes = block(shape.features, batch.features * config.training.pieces_of_step(), config.network.hidden.front()) +
                        block(shape.labels, active * (per_sample ? samples : parts), config.network.hidden.back());
  bytes += block(shape.vector_width == 0 ? 0 : config.network.hidden.front(), config.network.hidden.front(), shape.vector_width);
  for (std::size_t i = 1; i < config.network.hidden.size(); ++i)
    bytes += block(config.network.hidden[i], config.network.hidden[i], config.network.hidden[i - 1]);
  return bytes;
}

std::uint64_t average_bytes(const Config& config, const Shape& shape) noexcept {
  if (config.schedule.average == 0) return 0;
  const SparseLayerFanIns fan_ins = SparseLayerFanIns::of(config, shape);
  const auto kept = [&config](std::uint32_t width, std::uint32_t fan_in, std::uint32_t block) -> std::uint64_t {
    ParameterRows::Options options = ParameterRows::Options::of(config, true);
    options.fan_in = fan_in;
    options.block = block;
    return options.is_compact(width) ? fan_in : width;
  };
  const std::uint32_t first = config.network.hidden.front(), last = config.network.hidden.back();
  std::uint64_t parameters = shape.features * kept(first, fan_ins.input, 1) + first;
  parameters += std::uint64_t{shape.vector_width} * config.network.hidden.front();
  for (std::size_t i = 1; i < config.network.hidden.size(); ++i)
    parameters += config.network.hidden[i] * (config.network.hidden[i - 1] + 1ull);
  return 4 * (parameters + shape.labels * (kept(last, fan_ins.output, config.connections.block) + 1));
}

Result<void> check_memory_against(const MemoryEstimate& need, std::uint64_t available) {
  if (need.total() <= available) return {};
  return runtime_error("not enough memory: training needs about " + system::bytes_text(need.total()) + " (weights " +
                       system::bytes_text(need.weights) + ", optimiser state " + system::bytes_text(need.optimizer_state) +
                       ", hash tables " + system::bytes_text(need.tables) + ", step buffers " +
                       system::bytes_text(need.step_buffers) + "), available are " + system::bytes_text(available) + "; " +
                       remedy(need));
}

}  // namespace estimates

MemoryEstimate estimate_training_memory(const Config& config, const Shape& shape, std::uint32_t ranks) {
  MemoryEstimate estimate;
  if (config.network.hidden.empty()) return estimate;
  // The embedding bag: a row per feature, and its bias as a row of its own. Then the dense layers and the output layer.
  const auto own = [ranks](std::uint32_t rows) { return (rows + ranks - 1) / ranks; };
  Shape part = shape;  // of each rank
  part.features = own(shape.features);
  part.labels = own(shape.labels);
  const auto options = ParameterRows::Options::of(config, true);
  const SparseLayerFanIns fan_ins = SparseLayerFanIns::of(config, shape);
  const auto sparse = [](ParameterRows::Options of, std::uint32_t fan_in) {
    of.fan_in = fan_in;
    return of;
  };
  add_rows(estimate, sparse(options.without_bias(), fan_ins.input), part.features, config.network.hidden.front());
  add_rows(estimate, options.without_bias().in_floats(), 1, config.network.hidden.front());
  if (shape.vector_width != 0)
    add_rows(estimate, sparse(options.without_bias().masked(), fan_ins.vectors), config.network.hidden.front(),
             shape.vector_width);
  for (std::size_t i = 1; i < config.network.hidden.size(); ++i)
    add_rows(estimate, sparse(options.masked(), fan_ins.dense[i - 1]), config.network.hidden[i], config.network.hidden[i - 1]);
  auto output = sparse(options, fan_ins.output);
  output.block = config.connections.block;
  add_rows(estimate, output, part.labels, config.network.hidden.back());
  estimate.optimizer_state += estimates::average_bytes(config, part);
  if (uses_tables(config.active_set.sampler)) estimate.tables = table_bytes(config, part);
  if (uses_clusters(config.active_set.sampler))
    estimate.tables += ClusterIndex::most_bytes(part.labels, config.network.hidden.back());
  // The size of a batch depends on the data. Without them, take rather long rows with few labels.
  const std::uint64_t features = config.training.piece_samples() * std::min<std::uint64_t>(shape.features, kFeaturesPerSample);
  const estimates::BatchSize batch{features, 0, 0};
  estimate.step_buffers = estimates::step_bytes(config, shape, batch) + estimates::gradient_bytes(config, part, batch);
  return estimate;
}

Result<void> check_memory(const MemoryEstimate& need) { return estimates::check_memory_against(need, available_memory()); }

}  // namespace glissade
